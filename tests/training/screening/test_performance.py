"""Figures of patients, with intervals that do not claim more than there is."""

import numpy as np
import pytest

metrics = pytest.importorskip("sklearn.metrics", reason="needs the extra `evaluate`")

from app.training.screening.performance import areas, called_by_group, performance  # noqa: E402

POSITIVE = np.arange(30) < 12


def figures(log_odds, positive=POSITIVE):
    return performance(np.asarray(log_odds), np.asarray(log_odds) >= 0, positive, 0)


def noisy(seed=0):
    return np.random.default_rng(seed).normal(size=30) + POSITIVE


def test_areas_agree_with_scikit_learn():
    rows = np.round(np.array([noisy(seed) for seed in range(5)]), 1)
    expected = [metrics.roc_auc_score(POSITIVE, row) for row in rows]
    assert areas(rows, POSITIVE) == pytest.approx(expected)


def test_areas_count_ties_as_half():
    log_odds = np.array([[3, 2, 1, 0.0], [1, 1, 1, 1.0], [0, 3, 1, 1.0]])
    assert areas(log_odds, np.arange(4) < 2).tolist() == [1.0, 0.5, 0.5]


def test_shares_have_the_exact_interval():
    called = np.concatenate([np.repeat([True, False], [9, 2]), np.zeros(20, bool)])
    found = performance(np.where(called, 1.0, -1.0), called, np.arange(31) < 11, 0)
    # 9 of 11: 48-98 % (Clopper-Pearson).
    assert found["sensitivity_interval_95"] == pytest.approx([0.482, 0.977], abs=1e-3)
    assert found["specificity"] == 1
    assert found["specificity_interval_95"][0] == pytest.approx(0.832, abs=1e-3)


def test_the_interval_of_an_area_holds_it_and_is_wide_with_few_patients():
    found = figures(noisy())
    low, high = found["auc_interval_95"]
    assert low < found["auc"] < high
    assert high - low > 0.15


def test_patients_in_perfect_order_are_not_called_certain():
    found = figures(np.where(POSITIVE, 2.0, -2.0) + np.arange(30) / 100)
    assert found["auc"] == 1
    # 12 of 12: from 73.5 %.
    assert found["auc_interval_95"] == pytest.approx([0.735, 1.0], abs=1e-3)


def test_a_missing_kind_has_no_figure():
    found = figures(noisy(), np.zeros(30, bool))
    assert found["auc"] is None
    assert found["sensitivity"] is None
    assert found["specificity_interval_95"] is not None


def test_groups_are_counted_apart():
    counted = called_by_group(np.array([True, False, True]), ("MDS", "MDS", "VEXAS"))
    assert counted["MDS"]["called"] == 1
    assert counted["MDS"]["patients"] == 2
    assert counted["VEXAS"]["interval_95"] == [0.025, 1.0]
