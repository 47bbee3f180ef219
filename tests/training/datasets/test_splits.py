"""Splits never tear a patient apart, and treat groups alike."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import DatasetRefused, InvalidInput
from app.training.datasets.leaks import leaking_patients
from app.training.datasets.sample import Split
from app.training.datasets.splits import (
    Shares,
    centre_folds,
    divide,
    folder_name,
    keep_test,
    leave_out_centre,
)
from tests.training.datasets.cells import sample

CENTRES = ("Paris", "Nice", "Lille")


@st.composite
def cohorts(draw):
    """Patients with a group, a centre and some cells each, in any order."""
    cells = []
    for number in range(draw(st.integers(1, 40))):
        group = draw(st.sampled_from(("VEXAS", "MDS", "")))
        centre = draw(st.sampled_from(CENTRES))
        cells += [
            sample(f"/i/{number}-{index}.jpg", f"P{number}", group, centre)
            for index in range(draw(st.integers(1, 4)))
        ]
    return draw(st.permutations(cells))


@st.composite
def shares(draw):
    train = draw(st.integers(1, 10))
    val, test = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    whole = train + val + test
    return Shares(train / whole, val / whole, test / whole)


@settings(max_examples=60, deadline=None)
@given(cohorts(), shares(), st.integers(0, 5))
def test_no_patient_is_in_two_splits_and_groups_are_stratified(cells, wanted, seed):
    divided = divide(cells, wanted, seed)
    assert leaking_patients(divided) == []
    assert all(s.split for s in divided)
    patients = {s.patient: (s.group, s.split) for s in divided}
    sizes = Counter(group for group, _ in patients.values())
    found = Counter(patients.values())
    for group, size in sizes.items():
        for split in Split:
            assert abs(found[group, split] - size * getattr(wanted, split)) < 1


@settings(max_examples=30, deadline=None)
@given(cohorts(), st.integers(0, 5))
def test_the_seed_decides_and_the_order_of_the_cells_does_not(cells, seed):
    one = {s.path: s.split for s in divide(cells, Shares(), seed)}
    two = {s.path: s.split for s in divide(cells[::-1], Shares(), seed)}
    assert one == two


@settings(max_examples=40, deadline=None)
@given(cohorts())
def test_each_fold_tests_one_centre_alone(cells):
    named = {s.centre for s in cells}
    if len(named) < 2:
        with pytest.raises(DatasetRefused, match="needs two"):
            list(centre_folds(cells, Shares(), 0))
        return
    folds = dict(centre_folds(cells, Shares(), 0))
    assert set(folds) == named
    for centre, divided in folds.items():
        assert leaking_patients(divided) == []
        assert {s.centre for s in divided if s.split is Split.TEST} == {centre}
        assert all(s.split is Split.TEST for s in divided if s.centre == centre)


def test_other_seeds_give_other_splits():
    cells = [sample(f"/i/{n}.jpg", f"P{n}") for n in range(30)]
    splits = {tuple(s.split for s in divide(cells, Shares(), seed)) for seed in range(4)}
    assert len(splits) == 4


def test_cells_of_one_image_without_a_patient_stay_together():
    cells = [sample(f"/i/{n // 3}.jpg", cell_type=f"type {n % 3}") for n in range(90)]
    sides = {}
    for each in divide(cells, Shares(), 1):
        sides.setdefault(each.path, set()).add(each.split)
    assert all(len(found) == 1 for found in sides.values())
    assert len({next(iter(found)) for found in sides.values()}) == 3


def test_the_published_test_is_kept():
    cells = [sample(f"/i/{n}.jpg", f"P{n}", split=Split.TEST if n < 5 else None) for n in range(25)]
    divided = keep_test(cells, Shares(0.6, 0.15, 0.25), 3)
    assert [n for n, s in enumerate(divided) if s.split is Split.TEST] == [0, 1, 2, 3, 4]
    assert Counter(s.split for s in divided) == {Split.TRAIN: 16, Split.VAL: 4, Split.TEST: 5}


def test_a_test_that_already_leaks_is_refused():
    cells = [sample(f"/i/{n}.jpg", "P1", split=s) for n, s in enumerate((Split.TEST, Split.TRAIN))]
    with pytest.raises(DatasetRefused, match=r"outside of it \(1\): patient P1\. That is a leak"):
        keep_test(cells, Shares(), 0)
    with pytest.raises(DatasetRefused, match="none to keep"):
        keep_test([sample("/i/1.jpg", "P1")], Shares(), 0)


def test_a_patient_at_two_centres_cannot_be_left_out():
    cells = [sample(f"/i/{n}.jpg", "P1", centre=c) for n, c in enumerate(("Nice", "Paris"))]
    with pytest.raises(DatasetRefused, match="both in the centre Nice and outside"):
        leave_out_centre(cells, "Nice", Shares(), 0)
    with pytest.raises(DatasetRefused, match=r"no centre 'Rome'; there are Nice, Paris"):
        leave_out_centre(cells, "Rome", Shares(), 0)


def test_the_only_centre_cannot_be_left_out():
    with pytest.raises(DatasetRefused, match="the only centre"):
        leave_out_centre([sample("/i/1.jpg", "P1", centre="Nice")], "Nice", Shares(), 0)


@pytest.mark.parametrize("values", [(0.5, 0.2, 0.2), (0.0, 0.5, 0.5), (1.2, -0.1, -0.1)])
def test_impossible_shares_are_refused(values):
    with pytest.raises(InvalidInput, match="together they must be 1"):
        Shares(*values)


def test_a_folder_is_named_after_its_centre():
    assert folder_name("CHU Nîmes, ../hall 2") == "without-chu-nîmes-hall-2"
