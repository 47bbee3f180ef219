"""The regression, held against scikit-learn's and against known coefficients."""

import numpy as np
import pytest

linear_model = pytest.importorskip("sklearn.linear_model", reason="needs the extra `evaluate`")

from app.training.screening.logistic import Penalty, fit_line  # noqa: E402

TRUE = np.array([8.0, 3.0, 0.0, 5.0])


def sample(number, coefficients=TRUE, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.beta(2, 8, (number, 4))
    chance = 1 / (1 + np.exp(-(features @ coefficients - 3)))
    return features, rng.random(number) < chance


def test_known_coefficients_are_recovered():
    line = fit_line(*sample(40_000), Penalty(1e-3), non_negative=False)
    assert line.coefficients == pytest.approx(TRUE, abs=0.4)
    assert line.intercept == pytest.approx(-3, abs=0.15)


@pytest.mark.parametrize("weight", [0.1, 1.0, 30.0])
def test_without_bounds_it_is_scikit_learns_ridge(weight):
    features, positive = sample(80, -TRUE)
    scale = features.std(axis=0)
    ridge = linear_model.LogisticRegression(C=1 / weight, tol=1e-10, max_iter=1000)
    ridge.fit(features / scale, positive)
    line = fit_line(features, positive, Penalty(weight), non_negative=False)
    assert line.coefficients == pytest.approx(ridge.coef_[0] / scale, abs=1e-3)
    assert line.intercept == pytest.approx(ridge.intercept_[0], abs=1e-3)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_without_bounds_it_is_scikit_learns_lasso_and_elastic_net(share):
    features, positive = sample(80, -TRUE)
    mean, scale = features.mean(axis=0), features.std(axis=0)
    other = linear_model.LogisticRegression(
        C=1 / 3, l1_ratio=share, solver="saga", tol=1e-8, max_iter=50_000
    ).fit((features - mean) / scale, positive)
    line = fit_line(features, positive, Penalty(3.0, share), non_negative=False)
    assert line.coefficients * scale == pytest.approx(other.coef_[0], abs=2e-3)


def test_a_feature_that_speaks_the_other_way_is_held_at_zero():
    features, positive = sample(300, np.array([8.0, -8.0, 2.0, 5.0]))
    free = fit_line(features, positive, Penalty(1.0), non_negative=False)
    held = fit_line(features, positive, Penalty(1.0), non_negative=True)
    assert free.coefficients[1] < -1
    assert held.coefficients[1] == 0
    # The bounded optimum is the optimum without that feature.
    without = fit_line(features[:, [0, 2, 3]], positive, Penalty(1.0), non_negative=False)
    assert held.coefficients[[0, 2, 3]] == pytest.approx(without.coefficients, rel=1e-3)


def test_neither_the_unit_nor_the_order_of_patients_matters():
    features, positive = sample(60)
    line = fit_line(features, positive, Penalty(1.0), non_negative=True)
    percent = fit_line(features * 100, positive, Penalty(1.0), non_negative=True)
    turned = fit_line(features[::-1], positive[::-1], Penalty(1.0), non_negative=True)
    assert percent.coefficients * 100 == pytest.approx(line.coefficients, rel=1e-3, abs=1e-6)
    assert turned.coefficients == pytest.approx(line.coefficients, rel=1e-3, abs=1e-6)


def test_a_feature_without_spread_gets_no_weight():
    features, positive = sample(60)
    features[:, 2] = 0.25
    assert fit_line(features, positive, Penalty(1.0), non_negative=True).coefficients[2] == 0


def test_without_features_it_is_the_share_of_positives():
    line = fit_line(np.zeros((8, 0)), np.arange(8) < 2, Penalty(1.0), non_negative=True)
    assert line.log_odds(np.zeros((3, 0))) == pytest.approx([np.log(2 / 6)] * 3)
