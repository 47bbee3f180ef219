"""95 % intervals: exact for proportions, resampled for areas under the ROC curve."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Interval = tuple[float, float]

_RESAMPLES = 400
_TAIL = 0.025


def exact_interval(successes: int, n: int) -> Interval:
    """The Clopper-Pearson interval of a proportion; (0, 1) where n is 0."""
    if n == 0:
        return 0.0, 1.0
    low = 0.0 if successes == 0 else float(beta.ppf(_TAIL, successes, n - successes + 1))
    high = 1.0 if successes == n else float(beta.ppf(1 - _TAIL, successes + 1, n - successes))
    return low, high


def area_under_curve(
    positives: NDArray[np.float64], negatives: NDArray[np.float64], seed: int = 0
) -> tuple[float, Interval]:
    """ROC-AUC of two groups of scores, with an interval by resampling cells.

    Cells, not patients, are resampled (the data name no patients): the interval is too narrow.
    """
    rng = np.random.default_rng(seed)
    resampled = [
        _auc(rng.choice(positives, len(positives)), rng.choice(negatives, len(negatives)))
        for _ in range(_RESAMPLES)
    ]
    low, high = np.percentile(resampled, [100 * _TAIL, 100 * (1 - _TAIL)])
    return _auc(positives, negatives), (float(low), float(high))


def _auc(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> float:
    """The share of pairs that are in the right order; a tie counts as half."""
    ranked = np.sort(negatives)
    below = np.searchsorted(ranked, positives, side="left")
    not_above = np.searchsorted(ranked, positives, side="right")
    return float((below + not_above).sum() / (2 * len(positives) * len(negatives)))
