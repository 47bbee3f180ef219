"""Groups: which are to be found, the tests between them, and their correction."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from app.domain.abnormality import Abnormality
from app.domain.errors import DatasetRefused
from app.domain.screening import Recommendation, screen
from app.training.evaluation.patients import (
    Correction,
    Patient,
    adjust,
    compare,
    positive_groups,
    spread,
    summarise,
)
from tests.factories import make_rule, make_tally


def patient(name, group, pmn=60, **counts):
    tally = make_tally(pmn, **counts)
    return Patient(name, group, "", "", pmn, tally, screen(tally, make_rule()))


def cohort(vacuoles):
    """Patients by group, one for each count of cells with vacuoles."""
    return [
        patient(f"{group}{i}", group, vacuole=count)
        for group, counts in vacuoles.items()
        for i, count in enumerate(counts)
    ]


@pytest.mark.parametrize(
    ("groups", "wanted", "expected"),
    [
        (["VEXAS", "MDS"], [], {"VEXAS"}),
        (["UBA1 vexas", "MDS"], [], {"UBA1 vexas"}),
        (["healthy"], [], set()),
        (["A", "B"], ["B"], {"B"}),
    ],
)
def test_groups_to_find(groups, wanted, expected):
    assert positive_groups(groups, wanted) == expected


def test_a_name_that_leaves_it_open_is_not_guessed():
    with pytest.raises(DatasetRefused, match="--positive-group"):
        positive_groups(["VEXAS", "non-VEXAS"], [])
    assert positive_groups(["VEXAS", "non-VEXAS"], ["VEXAS"]) == {"VEXAS"}


def test_a_group_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(DatasetRefused, match="'MDS', 'VEXAS'"):
        positive_groups(["VEXAS", "MDS"], ["vexas"])


def test_corrections_by_hand():
    p_values = np.array([0.01, 0.04, 0.03])
    assert adjust(p_values, Correction.HOLM) == pytest.approx([0.03, 0.06, 0.06])
    bh = adjust(p_values, Correction.BENJAMINI_HOCHBERG)
    assert bh == pytest.approx([0.03, 0.04, 0.04])


def test_tests_are_rank_sums_of_the_proportions_corrected_together():
    patients = cohort({"VEXAS": [30, 24, 36], "MDS": [1, 3, 2], "other": [5, 25, 9]})
    tests = compare(patients, frozenset({"VEXAS"}), Correction.HOLM)
    assert len(tests) == 2 * len(Abnormality)
    by_key = {(test.label, test.other): test for test in tests}
    found = by_key["vacuole", "MDS"]
    expected = mannwhitneyu([0.5, 0.4, 0.6], [1 / 60, 3 / 60, 2 / 60])
    assert found.exact
    assert found.p == pytest.approx(expected.pvalue) == pytest.approx(0.1)
    assert found.superiority == 1
    assert found.adjusted_p == pytest.approx(min(1, 0.1 * len(tests)))
    # Nobody shows a spike: nothing differs.
    assert by_key["nuclear_spike", "MDS"].p == 1


def test_one_patient_is_no_group():
    [test, *_] = compare(
        cohort({"VEXAS": [3], "MDS": [1, 2]}), frozenset({"VEXAS"}), Correction.HOLM
    )
    assert test.p is None
    assert test.adjusted_p is None


def test_a_summary_holds_the_products_own_shares_and_outcomes():
    few = patient("c", "VEXAS", pmn=10)
    patients = [*cohort({"VEXAS": [6, 30], "MDS": [0]}), few]
    vexas, mds = summarise(patients, frozenset({"VEXAS"}))
    assert (vexas.group, vexas.positive, vexas.patients) == ("VEXAS", True, 3)
    assert vexas.proportions["vacuole"].values == (0, 0.1, 0.5)
    assert vexas.scores.n == 2
    assert vexas.recommendations[Recommendation.INSUFFICIENT_CELLS] == 1
    assert sum(vexas.recommendations.values()) == 3
    assert mds.scores.values == (patients[2].score.value,)


def test_a_spread_of_nothing():
    assert spread([]).median is None
    assert spread([1, 2, 3, 4, 5]).quarter == 2
