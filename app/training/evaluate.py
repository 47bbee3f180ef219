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
    Calibration,
    balanced_threshold,
    fit_calibration,
    limited_threshold,
)
from app.training.evaluation.intervals import Interval, area_under_curve, exact_interval
from app.training.evaluation.metrics import ece
from app.training.scoring import Scored, Validation

_REAL = "real, untouched"
_RESAMPLES = 200


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
    calibrations
        One for each output, PMN first.
    thresholds
        Probability from which a cell is called, by "pmn" and the abnormalities' values.
    sensitivity, specificity
        Of each abnormality at its threshold: on edited cells, and on untouched healthy ones.
    """

    calibrations: tuple[Calibration, ...]
    thresholds: dict[str, float]
    sensitivity: dict[Abnormality, float]
    specificity: dict[Abnormality, float]
    figures: tuple[Figure, ...]


def evaluate(validation: Validation) -> Evaluation:
    """Calibrate, choose thresholds and measure."""
    calibrations = _calibrations(validation)
    thresholds = _thresholds(validation, calibrations)
    names = [PMN, *(each.value for each in Abnormality)]
    cuts = [c.logit(thresholds[n]) for n, c in zip(names, calibrations, strict=True)]
    found, spared = {}, {}
    for output, each in enumerate(Abnormality, start=1):
        found[each] = float((validation.lesions[each].of(output, 1) >= cuts[output]).mean())
        spared[each] = float((healthy(validation.real, output) < cuts[output]).mean())
    figures = tuple(_figures(validation, calibrations, cuts))
    return Evaluation(calibrations, thresholds, found, spared, figures)


def healthy(scored: Scored, output: int) -> Array:
    """Logits of one output on untouched neutrophils of healthy donors.

    Those with an annotated vacuole are left out for the vacuole. For spikes, cells whose outline
    is not clearly smooth stay in: they are healthy too.
    """
    keep = scored.labels[:, 0] == 1
    if list(Abnormality)[output - 1] is Abnormality.VACUOLE:
        keep = keep & (scored.labels[:, output] == 0)
    return np.asarray(scored.logits[keep, output])


def _calibrations(validation: Validation) -> tuple[Calibration, ...]:
    """PMN on real cells; each abnormality on real cells, its lesions and its decoys."""
    real = validation.real
    fitted = [fit_calibration(real.logits[:, 0], real.labels[:, 0])]
    for output, each in enumerate(Abnormality, start=1):
        logits, labels = _mixed(validation, each, output)
        fitted.append(fit_calibration(logits, labels, _weights(labels, real, output)))
    return tuple(fitted)


def _weights(labels: Array, real: Scored, output: int) -> Array:
    """Where real cells show an abnormality, they weigh as much as all edited ones together.

    Half of the edited cells are abnormal, of the real ones few: without it the probabilities
    would promise, on real cells, what only edited ones keep.
    """
    weights = np.ones(len(labels))
    if len(real.of(output, 1)):
        known = ~np.isnan(labels)
        own = int(known[: len(real.labels)].sum())
        weights[: len(real.labels)] = (known.sum() - own) / own
    return weights


def _mixed(validation: Validation, each: Abnormality, output: int) -> tuple[Array, Array]:
    """Logits and labels of one abnormality on real cells, its lesions and its decoys."""
    groups = (validation.real, validation.lesions[each], validation.decoys[each])
    logits = np.concatenate([g.logits[:, output] for g in groups])
    return logits, np.concatenate([g.labels[:, output] for g in groups])


def _thresholds(validation: Validation, calibrations: tuple[Calibration, ...]) -> dict[str, float]:
    real = validation.real
    centres = [real, *validation.away.values()]
    chosen = {
        PMN: balanced_threshold(
            [calibrations[0].probability(c.of(0, 1)) for c in centres],
            [calibrations[0].probability(c.of(0, 0)) for c in centres],
        )
    }
    for output, each in enumerate(Abnormality, start=1):
        # Annotated real lesions, where there are any, weigh as much as all edited ones.
        kinds = [validation.lesions[each].of(output, 1), real.of(output, 1)]
        chosen[each.value] = limited_threshold(
            [calibrations[output].probability(kind) for kind in kinds if len(kind)],
            calibrations[output].probability(healthy(real, output)),
            CALLED_LIMIT[each],
            calibrations[output].probability(validation.decoys[each].of(output, 0)),
        )
    return chosen


def _figures(
    validation: Validation, calibrations: tuple[Calibration, ...], cuts: list[float]
) -> Iterator[Figure]:
    yield from _leukocytes("Real cells", _REAL, validation.real, cuts[0])
    yield from _real_vacuoles("Real cells", _REAL, validation.real, cuts[_output(_VACUOLE)])
    yield from _healthy_called("Real cells", _REAL, validation.real, cuts)
    yield from _real_calibration(validation.real, calibrations)
    for centre, scored in (*validation.away.items(), *validation.unseen.items()):
        images = f"real, {centre}"
        yield from _leukocytes("Other laboratories", images, scored, cuts[0])
        yield from _healthy_called("Other laboratories", images, scored, cuts)
    for output, each in enumerate(Abnormality, start=1):
        yield from _edited(validation, each, output, cuts[output])
        yield _calibration_error(
            "Edited cells",
            f"{each.value}: calibration error",
            "edited, real",
            calibrations[output],
            *_mixed(validation, each, output),
        )
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


def _real_calibration(real: Scored, calibrations: tuple[Calibration, ...]) -> Iterator[Figure]:
    outputs = {0: "PMN or not", _output(_VACUOLE): "vacuoles on neutrophils"}
    for output, name in outputs.items():
        yield _calibration_error(
            "Real cells",
            f"{name}, calibration error",
            _REAL,
            calibrations[output],
            real.logits[:, output],
            real.labels[:, output],
        )


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


def _calibration_error(
    table: str, measure: str, images: str, calibration: Calibration, logits: Array, labels: Array
) -> Figure:
    known = ~np.isnan(labels)
    probabilities, labels = calibration.probability(logits[known]), labels[known]
    rng = np.random.default_rng(0)
    drawn = (rng.integers(len(labels), size=len(labels)) for _ in range(_RESAMPLES))
    resampled = [ece(labels[chosen], probabilities[chosen]) for chosen in drawn]
    low, high = np.percentile(resampled, (2.5, 97.5))
    value = ece(labels, probabilities)
    return Figure(table, measure, images, str(len(labels)), value, (float(low), float(high)))
