"""How well probabilities fit labels: areas, shares at a threshold, calibration.

Every function takes weights, because a bootstrap resample is the same cells with other weights:
a thousand resamples of ten thousand cells then take seconds. scikit-learn checks its input anew in
each call, which would take minutes; the tests hold these functions to its results.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Measure: TypeAlias = Callable[[Array, Array, Array], float]
"""(labels, probabilities, weights), each (n,), to one number; NaN where it is not defined."""

ECE_BINS = 10
"""Bins of equal width between 0 and 1, as the expected calibration error is mostly given."""


def roc_auc(labels: Array, probabilities: Array, weights: Array | None = None) -> float:
    """Area under the ROC curve: the share of pairs in the right order, a tie counting as half.

    Parameters
    ----------
    labels
        (n,), 1 or 0, none unknown.
    probabilities
        (n,), or any score that rises with the probability.
    weights
        (n,), not negative; all 1 if None.

    Returns
    -------
    NaN where one of the two classes is absent.
    """
    positive, negative = _by_distinct_score(labels, probabilities, weights)
    pairs = positive.sum() * negative.sum()
    if pairs == 0:
        return float("nan")
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / pairs)


def pr_auc(labels: Array, probabilities: Array, weights: Array | None = None) -> float:
    """Area under the precision-recall curve, as average precision (no interpolation).

    A classifier that knows nothing reaches the prevalence. Parameters as in `roc_auc`; NaN where
    one of the two classes is absent.
    """
    positive, negative = _by_distinct_score(labels, probabilities, weights)
    if positive.sum() == 0 or negative.sum() == 0:
        return float("nan")
    found = np.cumsum(positive[::-1])
    called = found + np.cumsum(negative[::-1])
    precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
    return float((positive[::-1] * precision).sum() / positive.sum())


def brier(labels: Array, probabilities: Array, weights: Array | None = None) -> float:
    """Brier score: the mean squared distance between probability and label; 0 is perfect.

    Parameters as in `roc_auc`; NaN of nothing.
    """
    return _mean((probabilities - labels) ** 2, _ones(labels, weights))


def ece(
    labels: Array, probabilities: Array, weights: Array | None = None, bins: int = ECE_BINS
) -> float:
    """Expected calibration error over bins of equal width.

    The distance between mean probability and share of positives in each bin, weighted by the
    bin's cells (Naeini, Cooper, Hauskrecht 2015). It is never negative, so noise in small bins
    raises it: with few cells it is too large, and so is its bootstrap interval.
    """
    weights = _ones(labels, weights)
    total = weights.sum()
    if total == 0:
        return float("nan")
    which = bin_of(probabilities, bins)
    gap = np.bincount(which, weights * (probabilities - labels), minlength=bins)
    return float(np.abs(gap).sum() / total)


def bin_of(probabilities: Array, bins: int = ECE_BINS) -> NDArray[np.intp]:
    """Which of the bins of equal width each probability lies in; 1.0 lies in the last."""
    return np.minimum((np.asarray(probabilities) * bins).astype(np.intp), bins - 1)


@dataclass(frozen=True)
class Counts:
    """The four cells of a confusion table; sums of weights."""

    true_positive: float
    false_positive: float
    true_negative: float
    false_negative: float

    @property
    def sensitivity(self) -> float:
        """Share of the positives that are called."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> float:
        """Share of the negatives that are not called."""
        return _ratio(self.true_negative, self.true_negative + self.false_positive)

    @property
    def ppv(self) -> float:
        """Share of the called that are positive; holds at this prevalence only."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def npv(self) -> float:
        """Share of the not called that are negative; holds at this prevalence only."""
        return _ratio(self.true_negative, self.true_negative + self.false_negative)

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and PPV; holds at this prevalence only."""
        called_or_positive = 2 * self.true_positive + self.false_positive + self.false_negative
        return _ratio(2 * self.true_positive, called_or_positive)


def counts_at(
    labels: Array, probabilities: Array, threshold: float, weights: Array | None = None
) -> Counts:
    """Count at a threshold; a probability that equals it is called, as in the product."""
    weights = _ones(labels, weights)
    called, positive = probabilities >= threshold, labels == 1
    return Counts(
        true_positive=float(weights[called & positive].sum()),
        false_positive=float(weights[called & ~positive].sum()),
        true_negative=float(weights[~called & ~positive].sum()),
        false_negative=float(weights[~called & positive].sum()),
    )


def _by_distinct_score(labels: Array, scores: Array, weights: Array | None) -> tuple[Array, Array]:
    """Weight of the positives and of the negatives at each distinct score, ascending."""
    weights = _ones(labels, weights)
    if len(scores) == 0:
        return np.zeros(0), np.zeros(0)
    order = np.argsort(scores, kind="stable")
    ranked, positive = scores[order], (weights * (labels == 1))[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    total = np.add.reduceat(weights[order], starts)
    found = np.add.reduceat(positive, starts)
    return found, total - found


def _ones(labels: Array, weights: Array | None) -> Array:
    return np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)


def _mean(values: Array, weights: Array) -> float:
    total = weights.sum()
    return float((values * weights).sum() / total) if total else float("nan")


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
