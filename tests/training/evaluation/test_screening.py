"""The score on patients, and how it grows with the PMN read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.abnormality import Abnormality
from app.domain.screening import screen
from app.training.evaluation.screening import by_depth, evaluate_score, score_of
from tests.factories import make_rule, make_tally
from tests.training.evaluation.test_patients import cohort, patient

POSITIVE = frozenset({"VEXAS"})


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=4, max_size=4))
def test_the_score_is_that_of_the_report(counts):
    tally = make_tally(60, **dict(zip((each.value for each in Abnormality), counts, strict=True)))
    shares = [tally.proportion(each).value for each in Abnormality]
    rule = make_rule()
    assert score_of(shares, rule) == pytest.approx(screen(tally, rule).value, abs=1e-12)


def test_shares_at_the_cut_off_are_counts_of_patients():
    # Score 0.5 from 30 % on: three of four VEXAS patients are found, one of three others is too.
    patients = cohort({"VEXAS": [30, 25, 40, 2], "MDS": [0, 3, 33]})
    found = evaluate_score(patients, POSITIVE, make_rule())
    assert (found.found, found.positives) == (3, 4)
    assert (found.spared, found.negatives) == (2, 3)
    assert found.sensitivity.value == 0.75
    assert (found.sensitivity.low, found.sensitivity.high) == pytest.approx(
        (0.1941, 0.9937), abs=1e-4
    )
    assert found.auc.value == pytest.approx(8 / 12)
    assert any("Only 4 patients to find" in sentence for sentence in found.warnings)


def test_patients_with_too_few_cells_have_no_score_and_are_counted():
    patients = [*cohort({"VEXAS": [30, 25], "MDS": [0, 3]}), patient("x", "MDS", pmn=10)]
    found = evaluate_score(patients, POSITIVE, make_rule())
    assert found.without_score == 1
    assert found.negatives == 2


def test_perfect_separation_of_few_patients_is_not_certainty():
    found = evaluate_score(cohort({"VEXAS": [30, 25], "MDS": [0, 3]}), POSITIVE, make_rule())
    assert found.auc.value == 1
    assert found.auc.low == pytest.approx(0.025**0.5)
    assert found.auc.method == "exact"


@pytest.mark.parametrize(
    ("groups", "positive", "reason"),
    [
        ({"VEXAS": [3], "MDS": [1]}, frozenset(), "no group is named"),
        ({"MDS": [1]}, POSITIVE, "no patient of the group to find"),
        ({"VEXAS": [3]}, POSITIVE, "no patient of another group"),
    ],
)
def test_without_two_sides_there_is_no_figure(groups, positive, reason):
    found = evaluate_score(cohort(groups), positive, make_rule())
    assert reason in found.reason
    assert found.auc.value is None
    assert found.depths == ()


def test_more_cells_tell_groups_apart_better():
    # A share of 25 % against 12 %: with 25 cells they often overlap, with 400 hardly.
    patients = [
        patient(f"{group}{i}", group, pmn=400, vacuole=count + i)
        for group, count in (("VEXAS", 100), ("MDS", 48))
        for i in range(4)
    ]
    depths = by_depth(patients, POSITIVE, make_rule(), draws=30)
    assert [each.pmn for each in depths] == [25, 50, 75, 100, 150, 200, 300, 400]
    assert depths[0].auc.value < 0.97 < depths[-1].auc.value
    # At the end all cells are read: what the report says.
    assert depths[-1].auc.value == 1


def test_a_depth_says_how_many_patients_reach_it():
    patients = [*cohort({"VEXAS": [30, 25], "MDS": [0]}), patient("y", "MDS", pmn=20, vacuole=1)]
    depths = by_depth(patients, POSITIVE, make_rule(), draws=5)
    assert [(each.pmn, each.reaching, each.patients) for each in depths] == [
        (25, 3, 4),
        (50, 3, 4),
        (60, 3, 4),
    ]
