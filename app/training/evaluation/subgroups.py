"""The labels by centre and by picture quality."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.cell import QualityFlag
from app.training.evaluation.intervals import RESAMPLES, Estimate
from app.training.evaluation.labels import LabelCells, measure, title_of, why_not
from app.training.evaluation.reading import EvaluatedCell

SHOWN = ("prevalence", "roc_auc", "sensitivity", "specificity", "ece")
FEW = 10
_NOTE = f"Labels that cannot be measured are left out. Few: below {FEW} positive or negative cells."
_TERTILES = (100 / 3, 200 / 3)


@dataclass(frozen=True)
class SubgroupRow:
    """One label in one subgroup; without `measures`, `reason` says why.

    `few`: fewer than ten positive or ten negative cells.
    """

    subgroup: str
    label: str
    title: str
    n: int
    positives: int
    units: int
    unit_name: str
    reason: str
    few: bool
    measures: dict[str, Estimate]


@dataclass(frozen=True)
class SubgroupTable:
    """All labels in the subgroups of one division."""

    title: str
    note: str
    rows: tuple[SubgroupRow, ...]


Division = tuple[str, Callable[[EvaluatedCell], bool]]
"""A subgroup's name, and whether a cell belongs to it."""


def by_centre(labels: Sequence[LabelCells], resamples: int = RESAMPLES) -> SubgroupTable | None:
    """Each label in each centre; None where the data set names no two of them."""
    centres = sorted({cell.sample.centre for data in labels for cell in data.cells})
    if len(centres) < 2:  # noqa: PLR2004 - nothing to compare
        return None
    divisions = [(centre or "(not named)", _in_centre(centre)) for centre in centres]
    note = f"A difference may come from stain, camera, patients or annotators. {_NOTE}"
    return SubgroupTable("By centre", note, _rows(labels, divisions, resamples))


def by_quality(
    labels: Sequence[LabelCells], cells: Sequence[EvaluatedCell], resamples: int = RESAMPLES
) -> SubgroupTable:
    """Each label by the quality gate's verdict, by flag, and by thirds of sharpness."""
    present = [f for f in QualityFlag if any(f in _flags(cell) for cell in cells)]
    divisions: list[Division] = [("no flag: counted", lambda cell: not _flags(cell))]
    if present:
        divisions.append(("any flag: left out", lambda cell: bool(_flags(cell))))
    divisions += [(f"flag: {flag.wording.lower()}", _with_flag(flag)) for flag in present]
    divisions += _sharpness_thirds(cells)
    note = (
        "The product leaves cells with a flag out of the count. Thirds of sharpness are of these "
        "cells themselves (standard deviation of the Laplacian at 96 px over the contrast). "
        + _NOTE
    )
    return SubgroupTable("By picture quality", note, _rows(labels, divisions, resamples))


def _sharpness_thirds(cells: Sequence[EvaluatedCell]) -> list[Division]:
    values = [_sharpness(cell) for cell in cells if cell.read]
    if not values:
        return []
    low, high = (float(edge) for edge in np.percentile(values, _TERTILES))
    return [
        (f"least sharp third (to {low:.3f})", lambda cell: _sharpness(cell) <= low),
        (f"middle third (to {high:.3f})", lambda cell: low < _sharpness(cell) <= high),
        (f"sharpest third (above {high:.3f})", lambda cell: _sharpness(cell) > high),
    ]


def _rows(
    labels: Sequence[LabelCells], divisions: Sequence[Division], resamples: int
) -> tuple[SubgroupRow, ...]:
    rows = []
    for data in (each for each in labels if each.measurable):
        for name, belongs in divisions:
            chosen = np.array([belongs(cell) for cell in data.cells], np.bool_)
            if chosen.any():
                rows.append(_row(name, data.only(chosen), resamples))
    return tuple(rows)


def _row(name: str, data: LabelCells, resamples: int) -> SubgroupRow:
    measures = measure(data, 0, resamples, SHOWN) if data.measurable else {}
    return SubgroupRow(
        subgroup=name,
        label=data.name,
        title=title_of(data.name),
        n=len(data.labels),
        positives=int(data.labels.sum()),
        units=data.units.count,
        unit_name=data.units.name,
        reason="" if data.measurable else why_not(data),
        few=data.measurable and bool(min(data.labels.sum(), (1 - data.labels).sum()) < FEW),
        measures=measures,
    )


def _in_centre(centre: str) -> Callable[[EvaluatedCell], bool]:
    return lambda cell: cell.sample.centre == centre


def _with_flag(flag: QualityFlag) -> Callable[[EvaluatedCell], bool]:
    return lambda cell: flag in _flags(cell)


def _flags(cell: EvaluatedCell) -> tuple[QualityFlag, ...]:
    return cell.read.cell.quality.flags if cell.read else ()


def _sharpness(cell: EvaluatedCell) -> float:
    return cell.read.cell.quality.measures["sharpness"] if cell.read else float("nan")
