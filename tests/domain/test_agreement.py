"""Cohen's kappa against worked examples."""

from dataclasses import replace

import pytest

from app.domain.abnormality import Abnormality
from app.domain.agreement import Kappa, agreement
from app.domain.finding import Exclusion
from tests.factories import make_read

VACUOLE = Abnormality.VACUOLE


def test_kappa_of_a_worked_example():
    # Observed (20 + 15) / 50 = 0.7; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
    kappa = Kappa(both=20, first_only=5, second_only=10, neither=15)
    assert kappa.observed == pytest.approx(0.7)
    assert kappa.value == pytest.approx(0.4)


def test_the_interval_is_that_of_the_large_sample_formula():
    # By hand: yes 0.4 * (1 - 1.1 * 0.6)^2 = 0.04624, no 0.3 * (1 - 0.9 * 0.6)^2 = 0.06348;
    # off it 0.1 * (0.6 + 0.5)^2 + 0.2 * (0.4 + 0.5)^2 = 0.283, times 0.36 = 0.10188;
    # less (0.4 - 0.5 * 0.6)^2 = 0.01: 0.2016. Its root over (0.5 * sqrt(50)) is 0.126997.
    low, high = Kappa(20, 5, 10, 15).interval
    assert low == pytest.approx(0.4 - 1.959964 * 0.126997, abs=1e-5)
    assert high == pytest.approx(0.4 + 1.959964 * 0.126997, abs=1e-5)


@pytest.mark.parametrize(("counts", "value"), [((5, 0, 0, 45), 1), ((0, 5, 0, 45), 0)])
def test_no_interval_is_claimed_where_the_formula_finds_no_error(counts, value):
    kappa = Kappa(*counts)
    assert kappa.value == value
    assert kappa.interval is None


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (9, 0, 0, 0), (0, 0, 0, 9)])
def test_kappa_is_undefined_without_cells_or_with_one_answer(counts):
    kappa = Kappa(*counts)
    assert kappa.value is None
    assert kappa.interval is None


def test_opposite_answers_are_below_zero():
    assert Kappa(0, 5, 5, 0).value == -1


def test_two_readings_are_compared_label_by_label_on_what_both_count():
    both, added, left_out = (
        replace(make_read(shown), is_reviewed=True) for shown in ({VACUOLE}, set(), {VACUOLE})
    )
    unseen = make_read({VACUOLE})
    first = [both, added, left_out, unseen]
    second = [
        both,
        replace(added, abnormalities=frozenset({VACUOLE})),
        replace(left_out, exclusion=Exclusion.BY_READER),
        unseen,
    ]
    found = agreement(first, second)
    assert found.labels[VACUOLE] == Kappa(both=1, first_only=0, second_only=1, neither=0)
    assert found.labels[Abnormality.NUCLEAR_SPIKE] == Kappa(0, 0, 0, 2)
    assert found.counted == Kappa(both=2, first_only=1, second_only=0, neither=0)
    assert found.disagreements == (added.cell.id, left_out.cell.id)


def test_why_a_cell_is_left_out_is_no_disagreement():
    one = make_read(pmn=0.1)
    other = replace(one, exclusion=Exclusion.BY_READER, abnormalities=frozenset({VACUOLE}))
    assert agreement([one], [other]).disagreements == ()


def test_readings_of_different_cells_cannot_be_compared():
    with pytest.raises(ValueError, match="different cells"):
        agreement([make_read()], [make_read()])
