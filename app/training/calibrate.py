"""Temperatures and thresholds, from validation cells only."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality

Array = NDArray[np.float64]

CALLED_LIMIT = {
    Abnormality.PSEUDO_PELGER: 0.03,
    Abnormality.NUCLEAR_SPIKE: 0.15,
    Abnormality.VACUOLE: 0.04,
    Abnormality.HYPOGRANULARITY: 0.03,
}
"""Largest share of untouched healthy neutrophils that a threshold may call.

Healthy neutrophils do have small appendages (about one in nine), so spikes get more room.
"""

_TEMPERATURES = np.exp(np.linspace(np.log(0.2), np.log(5.0), 161))
_NARROWEST, _WIDEST = 0.02, 0.98


def probability(logits: Array, temperature: float = 1.0) -> Array:
    """The logistic function of a logit after its temperature."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits / temperature, -60, 60))))


def fit_temperature(logits: Array, labels: Array) -> float:
    """Find the temperature with the least cross-entropy; 1 where only one class is known.

    Parameters
    ----------
    logits, labels
        (N,); NaN in `labels` means unknown.
    """
    known = ~np.isnan(labels)
    if len(set(labels[known])) < 2:  # noqa: PLR2004 - two classes
        return 1.0
    losses = [_cross_entropy(logits[known], labels[known], t) for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _cross_entropy(logits: Array, labels: Array, temperature: float) -> float:
    scaled = logits / temperature
    return float(np.mean(np.logaddexp(0, scaled) - labels * scaled))


def balanced_threshold(positives: Array, negatives: Array) -> float:
    """The middle of the thresholds with the best balanced accuracy."""
    return _middle_of_best([positives], negatives, 1.0)


def limited_threshold(positives: Sequence[Array], healthy: Array, limit: float) -> float:
    """The threshold with the best sensitivity and specificity that calls few healthy cells.

    Parameters
    ----------
    positives
        One array of probabilities for each kind of positive images (real, edited): each kind
        weighs the same, however many images it has.
    healthy
        Probabilities of untouched healthy neutrophils.
    limit
        Largest share of `healthy` that may be called.
    """
    return _middle_of_best(positives, healthy, limit)


def _middle_of_best(positives: Sequence[Array], negatives: Array, limit: float) -> float:
    candidates = np.linspace(_NARROWEST, _WIDEST, 193)
    called = np.array([(negatives >= c).mean() for c in candidates])
    found = np.array([np.mean([(p >= c).mean() for p in positives]) for c in candidates])
    # Above the limit nothing counts; if all are above, the strictest threshold remains.
    youden = np.where(called <= limit, found - called, -called - 1)
    return float(round(np.median(candidates[youden >= youden.max() - 1e-9]), 4))
