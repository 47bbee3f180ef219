"""Each label on cells of one origin: areas, shares at the threshold, calibration, curves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest
from app.training.evaluation.intervals import (
    RESAMPLES,
    Estimate,
    Units,
    bootstrap,
    exact_share,
    units_of,
    widened,
)
from app.training.evaluation.metrics import (
    ECE_BINS,
    Array,
    Measure,
    bin_of,
    brier,
    counts_at,
    ece,
    pr_auc,
    roc_auc,
)
from app.training.evaluation.reading import LABELS, EvaluatedCell, patients_of

FEW_CELLS, FEW_PATIENTS = 50, 20
_CURVE_POINTS = 200
_BOTH = 2


@dataclass(frozen=True)
class LabelCells:
    """The read cells on which one label is known.

    Parameters
    ----------
    cells
        n cells; of an abnormality, those that are not labelled as anything but a PMN.
    labels, probabilities
        (n,), 1 or 0, and 0-1.
    unknown
        Read cells on which the label is not known; they are left out.
    not_pmn
        Of an abnormality: cells labelled as no PMN, which are left out as well.
    """

    name: str
    threshold: float
    cells: tuple[EvaluatedCell, ...]
    labels: Array
    probabilities: Array
    units: Units
    unknown: int
    not_pmn: int

    @property
    def measurable(self) -> bool:
        """Whether both classes are there."""
        return len(np.unique(self.labels)) == _BOTH

    def only(self, chosen: NDArray[np.bool_]) -> "LabelCells":
        """The same label on some of its cells."""
        return LabelCells(
            self.name,
            self.threshold,
            tuple(cell for cell, keep in zip(self.cells, chosen, strict=True) if keep),
            self.labels[chosen],
            self.probabilities[chosen],
            self.units.only(chosen),
            self.unknown,
            self.not_pmn,
        )


@dataclass(frozen=True)
class Bin:
    """One bin of the reliability plot; `mean_probability` is None where it is empty.

    `observed` is the share of positives. Its interval is exact and over cells: it is too narrow
    where patients bring several cells.
    """

    low: float
    high: float
    n: int
    mean_probability: float | None
    observed: Estimate


@dataclass(frozen=True)
class Curve:
    """A curve's points, thinned for drawing."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class LabelResult:
    """One label's figures; without `measures` it is not measurable, and `reason` says why.

    Parameters
    ----------
    n, positives, called
        Cells with a known label; those labelled positive; those at or above the threshold.
    units
        Patients or cells that the bootstrap draws.
    measures
        By name: prevalence, roc_auc, pr_auc, f1, sensitivity, specificity, ppv, npv, brier, ece.
    """

    label: str
    title: str
    threshold: float
    n: int
    positives: int
    called: int
    unknown: int
    not_pmn: int
    units: int
    unit_name: str
    reason: str
    measures: dict[str, Estimate]
    bins: tuple[Bin, ...]
    roc: Curve | None
    precision_recall: Curve | None
    warnings: tuple[str, ...]


def title_of(label: str) -> str:
    """A label as a haematologist writes it."""
    return Abnormality(label).wording if label in set(Abnormality) else "PMN or not"


def known_cells(label: str, cells: Sequence[EvaluatedCell], manifest: BundleManifest) -> LabelCells:
    """The read cells on which a label is known.

    Abnormalities have no meaning on other cells: those that the data set says are no PMN are
    left out. Cells with a quality flag stay in here; the table by quality tells them apart.
    """
    position = LABELS.index(label)
    read = [cell for cell in cells if cell.read is not None]
    eligible = [c for c in read if position == 0 or c.sample.labels.pmn != 0]
    values = np.array([c.sample.labels.array()[position] for c in eligible], np.float64)
    known = ~np.isnan(values)
    chosen = tuple(cell for cell, keep in zip(eligible, known, strict=True) if keep)
    return LabelCells(
        name=label,
        threshold=threshold_of(label, manifest),
        cells=chosen,
        labels=values[known],
        probabilities=np.array([cell.probabilities[position] for cell in chosen], np.float64),
        units=units_of(patients_of(chosen)),
        unknown=int((~known).sum()),
        not_pmn=len(read) - len(eligible),
    )


def threshold_of(label: str, manifest: BundleManifest) -> float:
    """The bundle's threshold of a label by name."""
    if label in set(Abnormality):
        return manifest.thresholds[Abnormality(label)]
    return manifest.pmn_threshold


def evaluate_label(data: LabelCells, seed: int = 0, resamples: int = RESAMPLES) -> LabelResult:
    """All figures of one label."""
    measurable = data.measurable
    measures = measure(data, seed, resamples) if measurable else {}
    return LabelResult(
        label=data.name,
        title=title_of(data.name),
        threshold=data.threshold,
        n=len(data.labels),
        positives=int(data.labels.sum()),
        called=int((data.probabilities >= data.threshold).sum()),
        unknown=data.unknown,
        not_pmn=data.not_pmn,
        units=data.units.count,
        unit_name=data.units.name,
        reason="" if measurable else why_not(data),
        measures=measures,
        bins=reliability(data) if measurable else (),
        roc=_roc_curve(data) if measurable else None,
        precision_recall=_precision_recall_curve(data) if measurable else None,
        warnings=tuple(_warnings(data)) if measurable else (),
    )


def measure(
    data: LabelCells,
    seed: int = 0,
    resamples: int = RESAMPLES,
    names: Collection[str] | None = None,
) -> dict[str, Estimate]:
    """Some measures (by default all) with their intervals; both classes must be there."""
    cut = data.threshold
    measures: dict[str, Measure] = {
        "prevalence": lambda y, _, w: float((y * w).sum() / w.sum()),
        "roc_auc": roc_auc,
        "pr_auc": pr_auc,
        "f1": lambda y, p, w: counts_at(y, p, cut, w).f1,
        "sensitivity": lambda y, p, w: counts_at(y, p, cut, w).sensitivity,
        "specificity": lambda y, p, w: counts_at(y, p, cut, w).specificity,
        "ppv": lambda y, p, w: counts_at(y, p, cut, w).ppv,
        "npv": lambda y, p, w: counts_at(y, p, cut, w).npv,
        "brier": brier,
        "ece": ece,
    }
    chosen = {name: each for name, each in measures.items() if names is None or name in names}
    found = bootstrap(chosen, data.labels, data.probabilities, data.units, seed, resamples)
    return {name: _honest(name, estimate, data) for name, estimate in found.items()}


def why_not(data: LabelCells) -> str:
    """Why a label cannot be measured."""
    if len(data.labels) == 0:
        return "no cell has a known label"
    only = "positive" if data.labels[0] == 1 else "negative"
    if len(data.labels) == 1:
        return f"the only known label is {only}"
    return f"all {len(data.labels)} known labels are {only}"


def reliability(data: LabelCells) -> tuple[Bin, ...]:
    """Mean probability and share of positives in each bin of equal width."""
    which = bin_of(data.probabilities)
    found = []
    for index in range(ECE_BINS):
        inside = which == index
        n, positives = int(inside.sum()), int(data.labels[inside].sum())
        mean = float(data.probabilities[inside].mean()) if n else None
        edges = index / ECE_BINS, (index + 1) / ECE_BINS
        found.append(Bin(*edges, n, mean, exact_share(positives, n)))
    return tuple(found)


def _honest(name: str, estimate: Estimate, data: LabelCells) -> Estimate:
    """Widen an interval that has no width, by the units that the measure is of."""
    positive, called = data.labels == 1, data.probabilities >= data.threshold
    of = {
        "sensitivity": positive,
        "specificity": ~positive,
        "ppv": called,
        "npv": ~called,
    }
    if name in of:
        return widened(estimate, data.units.having(of[name]))
    if name == "roc_auc":
        rarer = min(data.units.having(positive), data.units.having(~positive))
        return widened(estimate, rarer)
    if estimate.low is not None and estimate.low == estimate.high:
        return Estimate(estimate.value)
    return estimate


def _roc_curve(data: LabelCells) -> Curve:
    from sklearn.metrics import roc_curve  # noqa: PLC0415 - an extra

    x, y, _ = roc_curve(data.labels, data.probabilities)
    return thinned(x, y)


def _precision_recall_curve(data: LabelCells) -> Curve:
    from sklearn.metrics import precision_recall_curve  # noqa: PLC0415 - an extra

    precision, recall, _ = precision_recall_curve(data.labels, data.probabilities)
    return thinned(recall[::-1], precision[::-1])


def thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> Curve:
    """At most 200 points of a curve, its ends among them, evenly along its length."""
    steps = np.hypot(np.diff(x), np.diff(y))
    along = np.r_[0, np.cumsum(steps)]
    wanted = np.linspace(0, along[-1], _CURVE_POINTS)
    kept = np.unique(np.r_[0, np.searchsorted(along, wanted).clip(max=len(x) - 1), len(x) - 1])
    return Curve(
        tuple(round(float(v), 5) for v in x[kept]), tuple(round(float(v), 5) for v in y[kept])
    )


def _warnings(data: LabelCells) -> list[str]:
    positives = int(data.labels.sum())
    negatives = len(data.labels) - positives
    warnings = [
        f"Only {number} {kind} cells: the figures are rough."
        for number, kind in ((positives, "positive"), (negatives, "negative"))
        if number < FEW_CELLS
    ]
    with_positives = data.units.having(data.labels == 1)
    if data.units.name == "patients" and with_positives < FEW_PATIENTS:
        warnings.append(
            f"The positive cells come from {with_positives} patient"
            f"{'' if with_positives == 1 else 's'}: intervals over so few are too narrow."
        )
    return warnings
