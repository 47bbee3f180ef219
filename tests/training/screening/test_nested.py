"""Nothing of a left-out patient leaks into the rule that judges it."""

import numpy as np
import pytest

metrics = pytest.importorskip("sklearn.metrics", reason="needs the extra `evaluate`")

from app.training.screening.nested import highest_cut_off, leave_one_out  # noqa: E402
from app.training.screening.recipes import Search, recipes  # noqa: E402
from tests.training.screening.cohorts import make_cohort  # noqa: E402

QUICK = Search(folds=3, weights=(10.0, 1.0))
RIDGE, *_, INTERCEPT = recipes(corrected=False)


def positive_of(cohort):
    return np.array(cohort.groups) == "VEXAS"


def test_noise_is_ranked_at_random():
    """Plain leave-one-out would rank it in the wrong order, with an area far below 0.5."""
    areas = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        features, positive = rng.beta(2, 8, (24, 4)), rng.permutation(np.arange(24) < 9)
        found = leave_one_out(RIDGE, features, positive, QUICK, 0.85)
        areas.append(metrics.roc_auc_score(positive, found.log_odds))
    error = np.std(areas, ddof=1) / np.sqrt(len(areas))
    assert np.mean(areas) == pytest.approx(0.5, abs=max(3 * error, 0.05))
    assert np.mean(areas) > 0.4


def test_a_rule_without_features_ranks_nobody():
    cohort = make_cohort(6)
    found = leave_one_out(INTERCEPT, cohort.apparent, positive_of(cohort), QUICK, 0.85)
    assert metrics.roc_auc_score(positive_of(cohort), found.log_odds) == 0.5


def test_a_real_difference_is_found():
    cohort = make_cohort(12)
    found = leave_one_out(RIDGE, cohort.apparent, positive_of(cohort), QUICK, 0.85)
    assert metrics.roc_auc_score(positive_of(cohort), found.log_odds) > 0.8


def test_a_patients_own_proportions_change_nothing_but_its_own_place_on_the_line():
    cohort = make_cohort(7)
    results = []
    for own in (0.0, 0.5, 1.0):
        features = cohort.apparent.copy()
        features[3] = own
        found = leave_one_out(RIDGE, features, positive_of(cohort), QUICK, 0.85)
        results.append(found.log_odds[3])
    # On one and the same line the middle lies half-way; a leak would bend it.
    assert results[1] == pytest.approx((results[0] + results[2]) / 2, abs=1e-9)
    assert results[0] < results[2]


@pytest.mark.parametrize(
    ("wanted", "cut_off"), [(0.85, 2), (0.8, 2), (0.9, 1), (1.0, 1), (0.1, 9), (0.01, 9)]
)
def test_the_cut_off_is_the_highest_that_finds_enough(wanted, cut_off):
    scores = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9.0])
    found = highest_cut_off(scores, wanted)
    assert found == cut_off
    assert (scores >= found).mean() >= wanted
