"""The whole evaluation of one bundle on one data set."""

import hashlib
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

from app import __version__
from app.domain.abnormality import Abnormality
from app.domain.bundle import PMN, BundleManifest
from app.domain.errors import DatasetRefused
from app.domain.finding import Exclusion
from app.imaging.decode import ImageLimits
from app.ports import Classifier
from app.training.datasets.folder import DATASET_CSV, READERS_CSV, Dataset, read_dataset
from app.training.evaluation.agreement import Agreement, agree
from app.training.evaluation.intervals import RESAMPLES
from app.training.evaluation.labels import LabelResult, evaluate_label, known_cells
from app.training.evaluation.patients import (
    Correction,
    GroupSummary,
    GroupTest,
    Patient,
    compare,
    patients_from,
    positive_groups,
    summarise,
)
from app.training.evaluation.pictures import Confusions, worst_errors
from app.training.evaluation.reading import LABELS, EvaluatedCell, origin_of, read_samples
from app.training.evaluation.screening import ScreeningResult, evaluate_score
from app.training.evaluation.selection import (
    Choice,
    Independence,
    Selection,
    judge_independence,
    select,
)
from app.training.evaluation.subgroups import SubgroupTable, by_centre, by_quality

ORIGINS = ("real", "edited", "synthetic")

Progress: TypeAlias = Callable[[Iterable[EvaluatedCell], int], Iterable[EvaluatedCell]]
"""Hands the cells on as they are read, and shows how many of so many there are."""


@dataclass(frozen=True)
class Options:
    """What the command line decides.

    Parameters
    ----------
    positive_groups
        Groups that the screening is to find; empty: those whose name holds "vexas".
    resamples
        Of every bootstrap.
    """

    split: Choice | None = None
    positive_groups: tuple[str, ...] = ()
    correction: Correction = Correction.HOLM
    resamples: int = RESAMPLES


@dataclass(frozen=True)
class Facts:
    """What was run on what, so that it can be run again."""

    created_at: str
    command: str
    versions: dict[str, str]
    bundle: str
    bundle_digest: str
    network: str
    training_data: tuple[str, ...]
    label_basis: dict[str, str]
    thresholds: dict[str, float]
    rule: str
    rule_basis: str
    rule_cohort: str
    rule_cut_off: float
    rule_minimum_cells: int
    rule_advised_cells: int
    dataset: str
    dataset_licence: str
    dataset_source: str
    dataset_description: str
    dataset_sha256: str
    split: str
    split_reason: str
    independence: Independence
    positive_groups: tuple[str, ...]
    correction: str
    resamples: int


@dataclass(frozen=True)
class OriginResult:
    """Everything measured on the real, the edited or the synthetic cells.

    Parameters
    ----------
    cells
        Lines of the data set.
    refused
        Lines that could not be read, by reason.
    excluded
        Read cells that the product would leave out of its count, by reason.
    patients
        Patients that the data set names, without their names.
    """

    origin: str
    cells: int
    read: int
    refused: dict[str, int]
    excluded: dict[str, int]
    patients: int
    cells_without_patient: int
    centres: tuple[str, ...]
    labels: tuple[LabelResult, ...]
    subgroups: tuple[SubgroupTable, ...]
    agreement: Agreement | None
    groups: tuple[GroupSummary, ...]
    tests: tuple[GroupTest, ...]
    screening: ScreeningResult | None


@dataclass(frozen=True)
class Evaluation:
    """The result, and what only the page and the CSV files need beside it."""

    facts: Facts
    origins: tuple[OriginResult, ...]
    confusions: Mapping[tuple[str, str], Confusions]
    cells: tuple[EvaluatedCell, ...]
    patients: Mapping[str, tuple[Patient, ...]]


def run_evaluation(
    folder: Path,
    classifier: Classifier,
    manifest: Mapping[str, Any],
    options: Options,
    *,
    limits: ImageLimits,
    threads: Executor,
    progress: Progress,
    command: str,
    now: datetime,
) -> Evaluation:
    """Read the data set's cells with the classifier and measure all that can be measured.

    Raises
    ------
    DatasetRefused
        If the data set cannot be read, the split is empty, groups contradict each other, or
        not one image could be read.
    """
    dataset = read_dataset(folder)
    selection = select(dataset, options.split)
    positive = _positive(selection, options)
    reading = read_samples(selection.samples, classifier, limits, threads)
    cells = tuple(progress(reading, len(selection.samples)))
    if not any(cell.read for cell in cells):
        raise DatasetRefused(
            f"Not one of {len(cells)} images could be read; the first: {cells[0].refusal}"
        )
    by_origin = {name: _of_origin(cells, name) for name in ORIGINS}
    present = {name: own for name, own in by_origin.items() if own}
    rule = classifier.bundle.rule
    patients = {name: patients_from(own, rule) for name, own in present.items()}
    origins = tuple(
        _origin(name, own, patients[name], dataset, classifier, positive, options)
        for name, own in present.items()
    )
    return Evaluation(
        facts=_facts(
            folder, dataset, selection, classifier, manifest, positive, options, command, now
        ),
        origins=origins,
        confusions=_confusions(present, classifier, limits),
        cells=cells,
        patients=patients,
    )


def _positive(selection: Selection, options: Options) -> frozenset[str]:
    """Before the cells are read: a wrong name should not cost half an hour."""
    groups = sorted({s.group for s in selection.samples if s.group})
    return positive_groups(groups, options.positive_groups)


def _of_origin(cells: Sequence[EvaluatedCell], name: str) -> tuple[EvaluatedCell, ...]:
    return tuple(cell for cell in cells if origin_of(cell.sample) == name)


def _origin(
    name: str,
    cells: Sequence[EvaluatedCell],
    patients: Sequence[Patient],
    dataset: Dataset,
    classifier: Classifier,
    positive: frozenset[str],
    options: Options,
) -> OriginResult:
    manifest, rule = classifier.bundle.manifest, classifier.bundle.rule
    data = [known_cells(label, cells, manifest) for label in LABELS]
    tables = [by_centre(data, options.resamples), by_quality(data, cells, options.resamples)]
    return OriginResult(
        origin=name,
        cells=len(cells),
        read=sum(cell.read is not None for cell in cells),
        refused=dict(Counter(c.refusal.split(":")[0] for c in cells if c.read is None)),
        excluded=_excluded(cells),
        patients=len(patients),
        cells_without_patient=sum(not cell.sample.patient for cell in cells),
        centres=tuple(sorted({c.sample.centre for c in cells if c.sample.centre})),
        labels=tuple(evaluate_label(each, resamples=options.resamples) for each in data),
        subgroups=tuple(table for table in tables if table),
        agreement=agree(
            cells, dataset.readings, lambda cell: _called(cell, manifest), options.resamples
        ),
        groups=summarise(patients, positive),
        tests=compare(patients, positive, options.correction) if positive else (),
        screening=evaluate_score(patients, positive, rule) if patients else None,
    )


def _called(cell: EvaluatedCell, manifest: BundleManifest) -> list[bool]:
    """What the product calls on a read cell, in the order of `LABELS`."""
    if cell.read is None:
        raise ValueError("a refused cell has no calls")
    is_pmn = cell.probabilities[0] >= manifest.pmn_threshold
    return [is_pmn, *(each in cell.read.abnormalities for each in Abnormality)]


def _excluded(cells: Sequence[EvaluatedCell]) -> dict[str, int]:
    reasons = Counter(c.read.exclusion for c in cells if c.read and c.read.exclusion)
    return {reason.value: reasons.get(reason, 0) for reason in Exclusion}


def _confusions(
    present: Mapping[str, Sequence[EvaluatedCell]], classifier: Classifier, limits: ImageLimits
) -> dict[tuple[str, str], Confusions]:
    manifest = classifier.bundle.manifest
    return {
        (name, label): worst_errors(known_cells(label, cells, manifest), limits)
        for name, cells in present.items()
        for label in LABELS
    }


def _facts(
    folder: Path,
    dataset: Dataset,
    selection: Selection,
    classifier: Classifier,
    content: Mapping[str, Any],
    positive: frozenset[str],
    options: Options,
    command: str,
    now: datetime,
) -> Facts:
    manifest, rule = classifier.bundle.manifest, classifier.bundle.rule
    return Facts(
        created_at=now.isoformat(timespec="seconds"),
        command=command,
        versions=_versions(),
        bundle=manifest.title,
        bundle_digest=manifest.digest,
        network=manifest.network,
        training_data=manifest.training_data,
        label_basis={label.value: manifest.label_basis[label] for label in Abnormality},
        thresholds={
            PMN: manifest.pmn_threshold,
            **{label.value: manifest.thresholds[label] for label in Abnormality},
        },
        rule=rule.name,
        rule_basis=rule.basis.value,
        rule_cohort=rule.cohort_description,
        rule_cut_off=rule.cut_off,
        rule_minimum_cells=rule.minimum_cells,
        rule_advised_cells=rule.advised_cells,
        dataset=dataset.name,
        dataset_licence=dataset.licence,
        dataset_source=dataset.source,
        dataset_description=dataset.description,
        dataset_sha256=_digest(folder),
        split=selection.split.value,
        split_reason=selection.why,
        independence=judge_independence(dataset, selection.split, content),
        positive_groups=tuple(sorted(positive)),
        correction=options.correction.wording,
        resamples=options.resamples,
    )


def _versions() -> dict[str, str]:
    packages = ("numpy", "scipy", "scikit-learn", "onnxruntime", "opencv-python-headless")
    return {
        "vexascope": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def _digest(folder: Path) -> str:
    """SHA-256 over the labels: `dataset.csv`, and `readers.csv` where there is one."""
    digest = hashlib.sha256((folder / DATASET_CSV).read_bytes())
    readers = folder / READERS_CSV
    if readers.is_file():
        digest.update(readers.read_bytes())
    return digest.hexdigest()
