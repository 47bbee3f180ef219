"""What novelty is worth: how well it ranks outsiders, and how often it flags neutrophils."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from app.training.calibrate import Array
from app.training.evaluate import Figure
from app.training.evaluation.intervals import area_under_curve, exact_interval
from app.training.novelty.reference import (
    NOVELTY_THRESHOLD,
    Embedded,
    NoveltyReference,
    novelty,
)

TABLE = "Novelty"
_REAL = "real, untouched"
_RESAMPLES = 200


def measure_novelty(
    reference: NoveltyReference,
    pmn_cut: float,
    neutrophils: Mapping[str, Embedded],
    changed: Mapping[str, Embedded],
    leukocytes: Mapping[str, Embedded],
    outsiders: Mapping[str, Embedded],
    unseen: Mapping[str, tuple[Embedded, Embedded]],
) -> list[Figure]:
    """Measure the novelty of validation cells and of what is no cell.

    Parameters
    ----------
    pmn_cut
        Uncalibrated logit from which the bundle takes a cell for a PMN.
    neutrophils
        Untouched, by centre. The limits were fitted on these and on `changed`.
    changed
        Recoloured and edited neutrophils, by kind.
    leukocytes, outsiders
        Other leukocytes by type, and what is no leukocyte by kind.
    unseen
        Neutrophils and other leukocytes of each other centre's test split: nothing was fitted on
        them.
    """
    figures: list[Figure] = []
    own = np.concatenate([novelty(cells, reference) for cells in neutrophils.values()])
    for kind, groups in (("other leukocytes", leukocytes), ("no leukocytes", outsiders)):
        scored = {name: novelty(cells, reference) for name, cells in groups.items()}
        if len(scored) > 1:
            everything = np.concatenate(list(scored.values()))
            figures.append(_area(f"{kind}, all", own, everything))
        figures += [_area(name, own, values) for name, values in scored.items() if len(values)]
    for name, cells in {**neutrophils, **changed}.items():
        figures += _wrongly_left_out(name, cells, reference)
    for name, cells in {**leukocytes, **outsiders}.items():
        figures += _caught(name, cells, reference, pmn_cut)
    for centre, (pmn, others) in unseen.items():
        figures += _wrongly_left_out(f"{centre}, nothing fitted on it", pmn, reference)
        if len(pmn.pmn_logit) and len(others.pmn_logit):
            own, rest = novelty(pmn, reference), novelty(others, reference)
            figures.append(_area(f"other leukocytes, {centre}", own, rest))
    return figures


def _area(kind: str, own: Array, values: Array) -> Figure:
    measure = f"{kind} against neutrophils, ROC-AUC"
    value, interval = area_under_curve(values, own, resamples=_RESAMPLES)
    return Figure(TABLE, measure, _REAL, f"{len(values)} / {len(own)}", value, interval)


def _wrongly_left_out(kind: str, cells: Embedded, reference: NoveltyReference) -> Iterator[Figure]:
    if len(cells.pmn_logit):
        flagged = novelty(cells, reference) >= NOVELTY_THRESHOLD
        yield _share("neutrophils flagged", kind, flagged)


def _caught(
    kind: str, cells: Embedded, reference: NoveltyReference, pmn_cut: float
) -> Iterator[Figure]:
    if not len(cells.pmn_logit):
        return
    flagged = novelty(cells, reference) >= NOVELTY_THRESHOLD
    taken = cells.pmn_logit >= pmn_cut
    yield _share("flagged", kind, flagged)
    yield _share("taken for a PMN by the PMN output alone", kind, taken)
    yield _share("taken for a PMN and not flagged: would be counted", kind, taken & ~flagged)


def _share(measure: str, kind: str, hits: NDArray[np.bool_]) -> Figure:
    count, n = int(hits.sum()), len(hits)
    return Figure(TABLE, measure, kind, f"{count} of {n}", count / n, exact_interval(count, n))
