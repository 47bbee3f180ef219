"""Intervals: exact ones, resampled ones, and what they may not claim."""

import numpy as np
import pytest
from scipy.stats import binomtest

from app.training.evaluation.intervals import (
    Estimate,
    area_under_curve,
    bootstrap,
    exact_interval,
    exact_share,
    percentile,
    units_of,
    widened,
)
from app.training.evaluation.metrics import roc_auc


@pytest.mark.parametrize(("successes", "n"), [(0, 5), (5, 5), (9, 11), (1, 100)])
def test_the_exact_interval_is_that_of_scipy(successes, n):
    expected = binomtest(successes, n).proportion_ci(method="exact")
    assert exact_interval(successes, n) == pytest.approx((expected.low, expected.high))


def test_nine_of_eleven_patients_say_little():
    share = exact_share(9, 11)
    assert (share.low, share.high) == pytest.approx((0.482, 0.977), abs=1e-3)


def test_of_nothing_nothing_is_known():
    assert exact_interval(0, 0) == (0, 1)
    assert exact_share(0, 0) == Estimate()


def test_units_are_patients_where_they_are_named_and_cells_elsewhere():
    assert units_of(["a", "b", "a"]).name == "patients"
    assert units_of(["a", "b", "a"]).count == 2
    assert units_of(["", ""]).name == "cells"
    assert units_of(["", ""]).count == 2
    assert units_of(["a", "a", "", ""]).name == "patients and cells"
    assert units_of(["a", "a", "", ""]).count == 3


def test_an_interval_over_patients_is_wider_where_their_cells_resemble_each_other():
    rng = np.random.default_rng(1)
    patients = np.repeat(np.arange(20), 30)
    labels = (patients % 2).astype(np.float64)
    # What is the same in all cells of a patient outweighs what differs between them.
    scores = labels + rng.normal(0, 1.5, 20)[patients] + rng.normal(0, 0.3, len(patients))
    measures = {"auc": roc_auc}
    names = [f"p{number}" for number in patients]
    over_patients = bootstrap(measures, labels, scores, units_of(names), resamples=200)["auc"]
    over_cells = bootstrap(measures, labels, scores, units_of([""] * 600), resamples=200)["auc"]
    assert over_patients.value == over_cells.value == roc_auc(labels, scores)
    assert over_patients.high - over_patients.low > 2 * (over_cells.high - over_cells.low)


def test_a_bootstrap_is_the_same_each_time():
    labels = np.array([0.0, 1, 0, 1, 1, 0, 0, 1] * 3)
    scores = np.linspace(0, 1, 24)
    first, second = (
        bootstrap({"auc": roc_auc}, labels, scores, units_of([""] * 24), resamples=50)
        for _ in range(2)
    )
    assert first == second


def test_resamples_that_lack_a_class_give_no_interval():
    labels, scores = np.array([1.0, 0, 0, 0]), np.array([0.9, 0.1, 0.2, 0.95])
    found = bootstrap({"auc": roc_auc}, labels, scores, units_of([""] * 4), resamples=100)["auc"]
    assert found == Estimate(pytest.approx(2 / 3))


def test_no_error_among_few_is_not_certainty():
    assert widened(Estimate(1.0, 1.0, 1.0, "bootstrap"), 5) == Estimate(
        1.0, pytest.approx(0.478, abs=1e-3), 1.0, "exact"
    )
    assert widened(Estimate(0.0, 0.0, 0.0, "bootstrap"), 3).high == pytest.approx(0.708, abs=1e-3)


def test_one_patient_gives_no_interval():
    assert widened(Estimate(0.7, 0.7, 0.7, "bootstrap"), 1) == Estimate(0.7)


def test_an_interval_with_a_width_stays():
    estimate = Estimate(0.7, 0.6, 0.8, "bootstrap")
    assert widened(estimate, 10) is estimate


def test_percentiles_leave_out_what_is_not_defined():
    drawn = [*np.linspace(0, 1, 101), float("nan")]
    found = percentile(0.5, drawn)
    assert (found.low, found.high) == pytest.approx((0.025, 0.975))
    assert percentile(float("nan"), drawn) == Estimate()


def test_the_area_of_two_groups_counts_ordered_pairs_and_half_the_ties():
    value, (low, high) = area_under_curve(np.array([3.0, 2.0]), np.array([1.0, 2.0]))
    assert value == pytest.approx(3.5 / 4)
    assert low <= value <= high
