"""Temperatures, thresholds and figures, from the validation cells.

Temperatures and thresholds are chosen on the cells that are then measured, and one donor's
cells may lie in both splits: the figures are a first look, not an independent test. Each figure
carries its kind of images and its number of cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.bundle import PMN
from app.training.calibrate import (
    CALLED_LIMIT,
    Array,
    balanced_threshold,
    fit_temperature,
    limited_threshold,
    probability,
)
from app.training.intervals import Interval, area_under_curve, exact_interval
from app.training.scoring import Scored, Validation

_REAL = "real, untouched"


@dataclass(frozen=True)
class Figure:
    """One measured number; `interval` is at 95 %."""

    table: str
    measure: str
    images: str
    n: str
    value: float
    interval: Interval


@dataclass(frozen=True)
class Evaluation:
    """What calibration chose and validation measured.

    Parameters
    ----------
    temperatures
        (5,), PMN first.
    thresholds
        Probability from which a cell is called, by "pmn" and the abnormalities' values.
    sensitivity, specificity
        Of each abnormality at its threshold: on edited cells, and on untouched healthy ones.
    """

    temperatures: tuple[float, ...]
    thresholds: dict[str, float]
    sensitivity: dict[Abnormality, float]
    specificity: dict[Abnormality, float]
    figures: tuple[Figure, ...]


def evaluate(validation: Validation) -> Evaluation:
    """Calibrate, choose thresholds and measure."""
    temperatures = _temperatures(validation)
    thresholds = _thresholds(validation, temperatures)
    figures = tuple(_figures(validation, temperatures, thresholds))
    found, spared = {}, {}
    for output, each in enumerate(Abnormality, start=1):
        cut = _cut(thresholds[each.value], temperatures[output])
        found[each] = float((validation.lesions[each].of(output, 1) >= cut).mean())
        spared[each] = float((healthy(validation.real, output) < cut).mean())
    return Evaluation(temperatures, thresholds, found, spared, figures)


def healthy(scored: Scored, output: int) -> Array:
    """Logits of one output on untouched neutrophils of healthy donors.

    Those with an annotated vacuole are left out for the vacuole. For spikes, cells whose outline
    is not clearly smooth stay in: they are healthy too.
    """
    keep = scored.labels[:, 0] == 1
    if list(Abnormality)[output - 1] is Abnormality.VACUOLE:
        keep = keep & (scored.labels[:, output] == 0)
    return np.asarray(scored.logits[keep, output])


def _temperatures(validation: Validation) -> tuple[float, ...]:
    """PMN on real cells; each abnormality on real cells, its lesions and its decoys."""
    real = validation.real
    fitted = [fit_temperature(real.logits[:, 0], real.labels[:, 0])]
    for output, each in enumerate(Abnormality, start=1):
        groups = (real, validation.lesions[each], validation.decoys[each])
        logits = np.concatenate([g.logits[:, output] for g in groups])
        labels = np.concatenate([g.labels[:, output] for g in groups])
        fitted.append(fit_temperature(logits, labels))
    return tuple(fitted)


def _thresholds(validation: Validation, temperatures: tuple[float, ...]) -> dict[str, float]:
    real = validation.real
    chosen = {
        PMN: balanced_threshold(
            probability(real.of(0, 1), temperatures[0]), probability(real.of(0, 0), temperatures[0])
        )
    }
    for output, each in enumerate(Abnormality, start=1):
        # Annotated real lesions, where there are any, weigh as much as all edited ones.
        kinds = [validation.lesions[each].of(output, 1), real.of(output, 1)]
        chosen[each.value] = limited_threshold(
            [probability(kind, temperatures[output]) for kind in kinds if len(kind)],
            probability(healthy(real, output), temperatures[output]),
            CALLED_LIMIT[each],
        )
    return chosen


def _cut(threshold: float, temperature: float) -> float:
    """The logit, before its temperature, that a threshold stands for."""
    return float(np.log(threshold / (1 - threshold)) * temperature)


def _figures(
    validation: Validation, temperatures: tuple[float, ...], thresholds: dict[str, float]
) -> Iterator[Figure]:
    names = [PMN, *(each.value for each in Abnormality)]
    cuts = [_cut(thresholds[n], t) for n, t in zip(names, temperatures, strict=True)]
    yield from _leukocytes("Real cells", _REAL, validation.real, cuts[0])
    yield from _real_vacuoles("Real cells", _REAL, validation.real, cuts[_output(_VACUOLE)])
    yield from _healthy_called("Real cells", _REAL, validation.real, cuts)
    for output, each in enumerate(Abnormality, start=1):
        yield from _edited(validation, each, output, cuts[output])
    for name, scored in validation.casts.items():
        images = f"real, recoloured ({name})"
        yield from _leukocytes("Recoloured cells", images, scored, cuts[0])
        yield from _real_vacuoles("Recoloured cells", images, scored, cuts[_output(_VACUOLE)])
        yield from _healthy_called("Recoloured cells", images, scored, cuts)


_VACUOLE = Abnormality.VACUOLE


def _output(each: Abnormality) -> int:
    return 1 + list(Abnormality).index(each)


def _leukocytes(table: str, images: str, scored: Scored, cut: float) -> Iterator[Figure]:
    pmn, others = scored.of(0, 1), scored.of(0, 0)
    yield _auc(table, "PMN or not, ROC-AUC", images, pmn, others)
    yield _share(table, "PMN called PMN", images, pmn >= cut)
    yield _share(table, "other leukocytes called PMN", images, others >= cut)


def _real_vacuoles(table: str, images: str, scored: Scored, cut: float) -> Iterator[Figure]:
    output = _output(_VACUOLE)
    present, absent = scored.of(output, 1), scored.of(output, 0)
    if len(present) and len(absent):
        yield _auc(table, "vacuoles on neutrophils, ROC-AUC", images, present, absent)
        yield _share(table, "annotated vacuoles called", images, present >= cut)


def _healthy_called(table: str, images: str, scored: Scored, cuts: list[float]) -> Iterator[Figure]:
    for output, each in enumerate(Abnormality, start=1):
        called = healthy(scored, output) >= cuts[output]
        yield _share(table, f"healthy neutrophils called {each.value}", images, called)


def _edited(validation: Validation, each: Abnormality, output: int, cut: float) -> Iterator[Figure]:
    drawn = validation.lesions[each].of(output, 1)
    decoys = validation.decoys[each].of(output, 0)
    untouched = healthy(validation.real, output)
    table, name = "Edited cells", each.value
    yield _auc(table, f"{name}: drawn against decoy, ROC-AUC", "edited", drawn, decoys)
    yield _auc(table, f"{name}: drawn against untouched, ROC-AUC", "edited, real", drawn, untouched)
    yield _share(table, f"{name}: drawn and called", "edited", drawn >= cut)
    yield _share(table, f"{name}: decoys called", "edited", decoys >= cut)


def _auc(table: str, measure: str, images: str, present: Array, absent: Array) -> Figure:
    value, interval = area_under_curve(present, absent)
    return Figure(table, measure, images, f"{len(present)} / {len(absent)}", value, interval)


def _share(table: str, measure: str, images: str, called: NDArray[np.bool_]) -> Figure:
    count, n = int(called.sum()), len(called)
    value = count / n if n else float("nan")
    return Figure(table, measure, images, f"{count} of {n}", value, exact_interval(count, n))
