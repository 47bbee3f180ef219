"""Penalised logistic regression with few features, held at zero or above where that is asked."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, minimize
from scipy.special import expit, log_expit

from app.training.screening.cohort import Array, Flags


@dataclass(frozen=True)
class Penalty:
    """What keeps coefficients small: weight x (l1_share |w| + (1 - l1_share) w^2 / 2).

    `weight` is against the sum of the patients' log losses (scikit-learn's 1 / C), on features
    of unit deviation; `l1_share` is 0 for ridge, 1 for lasso.
    """

    weight: float
    l1_share: float = 0.0


@dataclass(frozen=True)
class Line:
    """intercept + features @ coefficients: the log-odds; coefficients (k,) per unit."""

    intercept: float
    coefficients: Array

    def log_odds(self, features: Array) -> Array:
        """(n,) from (n, k)."""
        return np.asarray(self.intercept + features @ self.coefficients)


def fit_line(features: Array, positive: Flags, penalty: Penalty, *, non_negative: bool) -> Line:
    """Fit the log-odds of being positive; the penalty does not act on the intercept.

    Parameters
    ----------
    features
        (n, k); scaled to unit deviation here, and the coefficients scaled back. k may be 0.
    positive
        (n,), with both kinds among them.
    """
    share = positive.mean()
    if features.shape[1] == 0:
        return Line(float(np.log(share / (1 - share))), np.zeros(0))
    mean, scale = features.mean(axis=0), features.std(axis=0)
    # A feature without any spread says nothing; its coefficient ends at 0.
    scale = np.where(scale > 1e-12, scale, 1.0)  # noqa: PLR2004
    scaled = (features - mean) / scale
    intercept, weights = _fit_scaled(scaled, positive, penalty, non_negative=non_negative)
    coefficients = weights / scale
    return Line(float(intercept - coefficients @ mean), coefficients)


def _fit_scaled(
    scaled: Array, positive: Flags, penalty: Penalty, *, non_negative: bool
) -> tuple[float, Array]:
    """Weights as a difference of two parts at or above 0: their sum is the L1 norm, and smooth.

    scikit-learn's `LogisticRegression` knows no bounds. The loss is the same: without bounds the
    results agree, which the tests hold.
    """
    number = scaled.shape[1]
    signs = np.concatenate([np.ones(number), -np.ones(0 if non_negative else number)])
    columns = np.hstack([scaled] if non_negative else [scaled, -scaled])
    sign = np.where(positive, 1.0, -1.0)
    ridge, lasso = penalty.weight * (1 - penalty.l1_share), penalty.weight * penalty.l1_share

    def loss(parameters: Array) -> tuple[float, Array]:
        parts = parameters[1:]
        margin = sign * (parameters[0] + columns @ parts)
        pull = -sign * expit(-margin)
        value = -log_expit(margin).sum() + lasso * parts.sum() + ridge / 2 * (parts**2).sum()
        slopes = columns.T @ pull + lasso + ridge * parts
        return float(value), np.concatenate([[pull.sum()], slopes])

    lowest = np.concatenate([[-np.inf], np.zeros(len(signs))])
    start = np.zeros(len(signs) + 1)
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(lowest, np.inf),
        options={"ftol": 1e-11, "gtol": 1e-6},
    )
    parts = found.x[1:] * signs
    return float(found.x[0]), np.asarray(parts.reshape(-1, number).sum(axis=0))
