"""Calibration and thresholds, from validation cells only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

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

_NARROWEST, _WIDEST = 0.02, 0.98
_LEAST_TEMPERATURE, _MOST_TEMPERATURE = 0.1, 10.0


@dataclass(frozen=True)
class Calibration:
    """How one output's logit becomes a probability: `logistic(logit / temperature + offset)`.

    A temperature alone (Guo et al. 2017) cannot mend a shift, which weighting rare positives
    brings; the offset can (Platt 1999).
    """

    temperature: float = 1.0
    offset: float = 0.0

    def probability(self, logits: Array) -> Array:
        """From uncalibrated logits, of any shape, to probabilities."""
        scaled = np.clip(logits / self.temperature + self.offset, -60, 60)
        return np.asarray(1 / (1 + np.exp(-scaled)))

    def logit(self, probability: float) -> float:
        """The uncalibrated logit that a probability stands for."""
        return float((np.log(probability / (1 - probability)) - self.offset) * self.temperature)


def fit_calibration(logits: Array, labels: Array, weights: Array | None = None) -> Calibration:
    """Find temperature and offset with the least cross-entropy; neither where one class is known.

    Parameters
    ----------
    logits, labels
        (N,); NaN in `labels` means unknown.
    weights
        (N,) how much each cell counts; all alike if None.
    """
    known = ~np.isnan(labels)
    weights = np.ones(len(labels)) if weights is None else weights
    logits, labels, weights = logits[known], labels[known], weights[known]
    if len(set(labels)) < 2:  # noqa: PLR2004 - two classes
        return Calibration()

    def loss(parameters: Array) -> float:
        scaled = logits * parameters[0] + parameters[1]
        return float(np.average(np.logaddexp(0, scaled) - labels * scaled, weights=weights))

    bounds = [(1 / _MOST_TEMPERATURE, 1 / _LEAST_TEMPERATURE), (-5.0, 5.0)]
    found = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=bounds)
    return Calibration(float(1 / found.x[0]), float(found.x[1]))


def balanced_threshold(positives: Sequence[Array], negatives: Sequence[Array]) -> float:
    """The middle of the thresholds with the best balanced accuracy.

    Parameters
    ----------
    positives, negatives
        One array of probabilities for each centre: each centre weighs the same, however many
        cells it has.
    """
    return _middle_of_best(positives, negatives)


def limited_threshold(
    positives: Sequence[Array], healthy: Array, limit: float, decoys: Array | None = None
) -> float:
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
    decoys
        Probabilities of cells painted without the abnormality: they count in the specificity as
        much as the healthy ones, but not in the limit.
    """
    negatives = [healthy] if decoys is None or not len(decoys) else [healthy, decoys]
    return _middle_of_best(positives, negatives, limit, healthy)


def _middle_of_best(
    positives: Sequence[Array],
    negatives: Sequence[Array],
    limit: float = 1.0,
    limited: Array | None = None,
) -> float:
    candidates = np.linspace(_NARROWEST, _WIDEST, 193)
    called = _shares(negatives, candidates)
    found = _shares(positives, candidates)
    spent = called if limited is None else _shares([limited], candidates)
    # Above the limit nothing counts; if all are above, the strictest threshold remains.
    youden = np.where(spent <= limit, found - called, -spent - 1)
    return float(round(np.median(candidates[youden >= youden.max() - 1e-9]), 4))


def _shares(groups: Sequence[Array], candidates: Array) -> Array:
    """The share at or above each candidate, averaged over the groups."""
    return np.array([np.mean([(g >= c).mean() for g in groups]) for c in candidates])
