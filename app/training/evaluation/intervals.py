"""95 % intervals: exact for shares, by resampling for everything else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.training.evaluation.metrics import Array, Measure, roc_auc

Interval: TypeAlias = tuple[float, float]

RESAMPLES = 1000
BOOTSTRAP, EXACT = "bootstrap", "exact"

_TAIL = 0.025
_LEAST_USABLE_SHARE = 0.8
_NO_WIDTH = 1e-9


@dataclass(frozen=True)
class Estimate:
    """One number with its 95 % interval.

    Parameters
    ----------
    value
        None where it cannot be measured.
    low, high
        None where no interval can be given.
    method
        ``bootstrap``, ``exact``, or empty where there is no interval.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""


@dataclass(frozen=True)
class Units:
    """What is drawn again: patients, whose cells go together, or single cells.

    Parameters
    ----------
    name
        ``patients``, ``cells``, or ``patients and cells`` where only some cells name a patient.
    code
        (n,) the unit of each cell, from 0 without gaps.
    """

    name: str
    code: NDArray[np.intp]

    @property
    def count(self) -> int:
        """How many units there are."""
        return int(self.code.max()) + 1 if len(self.code) else 0

    def having(self, chosen: NDArray[np.bool_]) -> int:
        """How many units hold at least one of the chosen cells."""
        return len(np.unique(self.code[chosen]))

    def only(self, chosen: NDArray[np.bool_]) -> "Units":
        """The units of some cells alone."""
        return Units(self.name, np.unique(self.code[chosen], return_inverse=True)[1])


def units_of(patients: Sequence[str]) -> Units:
    """Units from the patient of each cell; a cell without one stands for itself."""
    named = [bool(patient) for patient in patients]
    keys = [f"patient {name}" if name else f"cell {i}" for i, name in enumerate(patients)]
    code = np.unique(np.array(keys, dtype=np.str_), return_inverse=True)[1]
    name = "patients" if all(named) else "patients and cells" if any(named) else "cells"
    return Units(name, np.asarray(code, np.intp))


def exact_interval(successes: int, n: int) -> Interval:
    """The Clopper-Pearson interval of a share; (0, 1) where n is 0."""
    from scipy.stats import beta  # noqa: PLC0415 - an extra

    if n == 0:
        return 0.0, 1.0
    low = 0.0 if successes == 0 else float(beta.ppf(_TAIL, successes, n - successes + 1))
    high = 1.0 if successes == n else float(beta.ppf(1 - _TAIL, successes + 1, n - successes))
    return low, high


def exact_share(successes: int, n: int) -> Estimate:
    """A share of independent units with its Clopper-Pearson interval."""
    if n == 0:
        return Estimate()
    low, high = exact_interval(successes, n)
    return Estimate(successes / n, low, high, EXACT)


def bootstrap(
    measures: Mapping[str, Measure],
    labels: Array,
    probabilities: Array,
    units: Units,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Estimate]:
    """Measure, and give percentile intervals by drawing units with replacement.

    All measures see the same resamples. A resample in which a measure is not defined (one class
    only) does not count for it; where a fifth of them is lost so, there is no interval.
    """
    order = np.argsort(probabilities, kind="stable")  # sorted once: each resample sorts again
    labels, probabilities, code = labels[order], probabilities[order], units.code[order]
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(resamples):
        picked = rng.integers(units.count, size=units.count)
        weights = np.bincount(picked, minlength=units.count)[code].astype(np.float64)
        for name, measure in measures.items():
            drawn[name].append(measure(labels, probabilities, weights))
    ones = np.ones(len(labels))
    return {
        name: percentile(measure(labels, probabilities, ones), drawn[name])
        for name, measure in measures.items()
    }


def percentile(value: float, drawn: Sequence[float]) -> Estimate:
    """An estimate with the middle 95 % of what resamples gave."""
    if np.isnan(value):
        return Estimate()
    numbers = np.asarray(drawn, np.float64)
    usable = numbers[~np.isnan(numbers)]
    if len(usable) < _LEAST_USABLE_SHARE * len(numbers) or len(usable) == 0:
        return Estimate(float(value))
    low, high = np.percentile(usable, [100 * _TAIL, 100 * (1 - _TAIL)])
    return Estimate(float(value), float(low), float(high), BOOTSTRAP)


def widened(estimate: Estimate, n: int) -> Estimate:
    """Replace an interval that is not there or has no width, which would claim certainty.

    Where no error was seen, each resample has none either. Then the exact interval of `n` of
    `n` units (or none of them) stands in: the units that the share is of, and for an area the
    units of the rarer class, since its variance is at most A (1 - A) / n (Birnbaum, Klose 1957).
    Cells of one patient are not independent, so units are counted, not cells.
    """
    value, low, high = estimate.value, estimate.low, estimate.high
    if value is None or (low is not None and high is not None and high - low > _NO_WIDTH):
        return estimate
    if value not in {0.0, 1.0}:
        return Estimate(value)
    return Estimate(value, *exact_interval(n if value else 0, n), EXACT)


def area_under_curve(
    positives: NDArray[Any], negatives: NDArray[Any], seed: int = 0, resamples: int = 400
) -> tuple[float, Interval]:
    """ROC-AUC of two groups of scores, with an interval by resampling within each group.

    What is resampled is what was handed in. Cells of one patient resemble each other: an
    interval over cells is too narrow. Use `bootstrap` with `units_of` where patients are known.
    """
    rng = np.random.default_rng(seed)
    drawn = [
        _area(rng.choice(positives, len(positives)), rng.choice(negatives, len(negatives)))
        for _ in range(resamples)
    ]
    low, high = np.percentile(drawn, [100 * _TAIL, 100 * (1 - _TAIL)])
    return _area(positives, negatives), (float(low), float(high))


def _area(positives: NDArray[Any], negatives: NDArray[Any]) -> float:
    labels = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
    return roc_auc(labels, np.r_[positives, negatives].astype(np.float64))
