"""How far readers agree with each other, and the classifier with each reader.

Kappa is 1 for full agreement and 0 for what chance alone would give; it falls with the
prevalence, so the raw share of agreement stands beside it.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.training.datasets.folder import Reading
from app.training.evaluation.intervals import RESAMPLES, Estimate, Units, percentile, units_of
from app.training.evaluation.labels import title_of
from app.training.evaluation.metrics import Array
from app.training.evaluation.reading import LABELS, EvaluatedCell

CLASSIFIER = "classifier"
_PAIR = 2


@dataclass(frozen=True)
class AgreementRow:
    """Agreement on one label of two readers, of all readers, or of the classifier and one.

    Parameters
    ----------
    kind
        ``cohen``, ``fleiss`` or ``classifier``.
    n
        Cells that all of them read.
    share
        Of `n`: on which they say the same (of Fleiss: the mean over pairs).
    reason
        Why kappa cannot be measured; else empty.
    """

    label: str
    title: str
    kind: str
    readers: tuple[str, ...]
    n: int
    unit_name: str
    share: float | None
    kappa: Estimate
    reason: str = ""


@dataclass(frozen=True)
class Agreement:
    """All agreement on cells of one origin.

    Parameters
    ----------
    ambiguous
        Readings of images that hold several cells: they cannot be told apart, and are left out.
    """

    readers: tuple[str, ...]
    rows: tuple[AgreementRow, ...]
    ambiguous: int


def agree(
    cells: Sequence[EvaluatedCell],
    readings: Sequence[Reading],
    called: Callable[[EvaluatedCell], Sequence[bool]],
    resamples: int = RESAMPLES,
) -> Agreement | None:
    """Compare readers with each other and with the classifier; None without readings.

    Parameters
    ----------
    called
        What the classifier calls on a read cell, in the order of `LABELS`.
    """
    lines = Counter(cell.sample.path for cell in cells)
    of_cells = [reading for reading in readings if reading.path in lines]
    usable = [reading for reading in of_cells if lines[reading.path] == 1]
    if not usable:
        return None
    readers = tuple(sorted({reading.reader for reading in usable}))
    rows: list[AgreementRow] = []
    for position, label in enumerate(LABELS):
        opinions = _opinions(cells, usable, position)
        opinions[CLASSIFIER] = np.array(
            [called(cell)[position] if cell.read else np.nan for cell in cells], np.float64
        )
        units = units_of([cell.sample.patient for cell in cells])
        rows += _rows(label, readers, opinions, units, resamples)
    return Agreement(readers, tuple(rows), len(of_cells) - len(usable))


def cohen_kappa(first: Array, second: Array, weights: Array | None = None) -> float:
    """Cohen's kappa of two readers' 1 and 0; NaN where both always say the same one thing."""
    weights = np.ones(len(first)) if weights is None else weights
    total = weights.sum()
    if total == 0:
        return float("nan")
    seen = float(weights[first == second].sum() / total)
    one, other = (float((weights * side).sum() / total) for side in (first, second))
    by_chance = one * other + (1 - one) * (1 - other)
    return float("nan") if by_chance >= 1 else (seen - by_chance) / (1 - by_chance)


def fleiss_kappa(opinions: Array, weights: Array | None = None) -> float:
    """Fleiss' kappa (1971) of the 1 and 0 of several readers.

    Parameters
    ----------
    opinions
        (n, readers), none unknown.

    Returns
    -------
    NaN where all readers always say the same one thing.
    """
    n, readers = opinions.shape
    weights = np.ones(n) if weights is None else weights
    if weights.sum() == 0:
        return float("nan")
    positive = opinions.sum(axis=1)
    seen = float((weights * pair_agreement(opinions)).sum() / weights.sum())
    share = float((weights * positive).sum() / (weights.sum() * readers))
    by_chance = share**2 + (1 - share) ** 2
    return float("nan") if by_chance >= 1 else (seen - by_chance) / (1 - by_chance)


def pair_agreement(opinions: Array) -> Array:
    """(n,) share of the pairs of readers that say the same, from (n, readers)."""
    readers = opinions.shape[1]
    positive = opinions.sum(axis=1)
    same = positive * (positive - 1) + (readers - positive) * (readers - positive - 1)
    return np.asarray(same / (readers * (readers - 1)), np.float64)


def _opinions(
    cells: Sequence[EvaluatedCell], readings: Sequence[Reading], position: int
) -> dict[str, Array]:
    """Each reader's value of one label on each cell; NaN where there is none."""
    index: Mapping[Path, int] = {cell.sample.path: i for i, cell in enumerate(cells)}
    found: dict[str, Array] = {}
    for reading in readings:
        values = found.setdefault(reading.reader, np.full(len(cells), np.nan))
        values[index[reading.path]] = reading.labels.array()[position]
    return found


def _rows(
    label: str, readers: tuple[str, ...], opinions: dict[str, Array], units: Units, resamples: int
) -> list[AgreementRow]:
    rows = [
        _row(label, "cohen", pair, opinions, units, resamples) for pair in combinations(readers, 2)
    ]
    if len(readers) > _PAIR:
        rows.append(_row(label, "fleiss", readers, opinions, units, resamples))
    rows += [
        _row(label, "classifier", (CLASSIFIER, reader), opinions, units, resamples)
        for reader in readers
    ]
    return rows


def _row(
    label: str,
    kind: str,
    who: tuple[str, ...],
    opinions: dict[str, Array],
    units: Units,
    resamples: int,
) -> AgreementRow:
    table = np.stack([opinions[name] for name in who], axis=1)
    known = np.asarray(~np.isnan(table).any(axis=1), np.bool_)
    table = table[known]
    kappa, reason = _kappa(table, units.only(known), resamples)
    return AgreementRow(
        label=label,
        title=title_of(label),
        kind=kind,
        readers=who,
        n=len(table),
        unit_name=units.name,
        share=float(pair_agreement(table).mean()) if len(table) else None,
        kappa=kappa,
        reason=reason,
    )


def _kappa(table: Array, units: Units, resamples: int) -> tuple[Estimate, str]:
    if len(table) == 0:
        return Estimate(), "no cell that all of them read"
    value = _statistic(table, None)
    if math.isnan(value):
        return Estimate(), "all say the same of every cell"
    estimate = percentile(value, _resampled(table, units, resamples))
    # A width of none would claim certainty.
    if estimate.low is not None and estimate.low == estimate.high:
        return Estimate(value), ""
    return estimate, ""


def _resampled(table: Array, units: Units, resamples: int) -> list[float]:
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(resamples):
        picked: NDArray[np.intp] = rng.integers(units.count, size=units.count)
        weights = np.bincount(picked, minlength=units.count)[units.code].astype(np.float64)
        drawn.append(_statistic(table, weights))
    return drawn


def _statistic(table: Array, weights: Array | None) -> float:
    if table.shape[1] == _PAIR:
        return cohen_kappa(table[:, 0], table[:, 1], weights)
    return fleiss_kappa(table, weights)
