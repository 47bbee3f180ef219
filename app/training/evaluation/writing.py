"""`evaluation.json`, `predictions.csv` and `patients.csv`; `docs/evaluation.md` describes them."""

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.domain.abnormality import Abnormality
from app.domain.report import RESEARCH_USE_NOTICE
from app.training.evaluation.checklist import Item
from app.training.evaluation.patients import Patient
from app.training.evaluation.reading import LABELS, EvaluatedCell, origin_of
from app.training.evaluation.run import Evaluation

FORMAT = 1
JSON_NAME, PREDICTIONS_NAME, PATIENTS_NAME = "evaluation.json", "predictions.csv", "patients.csv"


def write_json(
    folder: Path, evaluation: Evaluation, checklist: Sequence[Item], limits: Sequence[str]
) -> None:
    """Write every figure of the page; no patient's identifier is in it."""
    content = {
        "format": FORMAT,
        "notice": RESEARCH_USE_NOTICE,
        "facts": asdict(evaluation.facts),
        "origins": [asdict(origin) for origin in evaluation.origins],
        "does_not_show": list(limits),
        "tripod_ai": [asdict(item) for item in checklist],
    }
    text = json.dumps(_without_nan(content), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / JSON_NAME).write_text(text + "\n", encoding="utf-8")


def write_predictions(folder: Path, cells: Iterable[EvaluatedCell], root: Path) -> None:
    """Write one line a cell: what the data set says of it beside what the classifier says."""
    heading = [
        *("number", "path", "patient", "group", "centre", "split", "origin"),
        *(f"label_{name}" for name in LABELS),
        *(f"probability_{name}" for name in LABELS),
        *("called", "quality_flags", "sharpness", "framing", "excluded", "refused"),
    ]
    _write(folder / PREDICTIONS_NAME, heading, (_cell_row(cell, root) for cell in cells))


def write_patients(folder: Path, patients: Mapping[str, Sequence[Patient]]) -> None:
    """Write one line a patient: what the product would count and score.

    A cohort for `vexascope score fit`: there, a label's column holds its count of called PMN.
    """
    heading = [
        *("patient", "group", "centre", "split", "origin", "cells", "pmn"),
        *(label.value for label in Abnormality),
        *(f"{label.value}_{part}" for label in Abnormality for part in ("share", "low", "high")),
        *("score", "score_low", "score_high", "recommendation"),
    ]
    rows = (_patient_row(name, patient) for name, own in patients.items() for patient in own)
    _write(folder / PATIENTS_NAME, heading, rows)


def _cell_row(cell: EvaluatedCell, root: Path) -> list[str]:
    sample, read = cell.sample, cell.read
    known = [*sample.labels.array().tolist()]
    return [
        *(str(cell.number), _relative(sample.path, root)),
        *(sample.patient, sample.group, sample.centre, sample.split or "", origin_of(sample)),
        *("" if math.isnan(value) else str(int(value)) for value in known),
        *(_text(value) for value in cell.probabilities),
        " ".join(label.value for label in Abnormality if read and label in read.abnormalities),
        " ".join(flag.value for flag in read.cell.quality.flags) if read else "",
        _text(read.cell.quality.measures["sharpness"]) if read else "",
        read.cell.location.framing.value if read else "",
        read.exclusion.value if read and read.exclusion else "",
        cell.refusal,
    ]


def _patient_row(origin: str, patient: Patient) -> list[str]:
    shares = [patient.tally.proportion(label) for label in Abnormality]
    score = patient.score
    numbers = (score.value, score.interval_low, score.interval_high) if score else (None,) * 3
    return [
        *(patient.name, patient.group, patient.centre, patient.split, origin),
        *(str(patient.cells), str(patient.tally.pmn_count)),
        *(str(share.count) for share in shares),
        *(_text(value) for share in shares for value in (share.value, share.low, share.high)),
        *(_text(value) for value in numbers),
        patient.recommendation.value,
    ]


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _text(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.6f}"


def _write(path: Path, heading: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerows(rows)


def _without_nan(value: Any) -> Any:
    """Replace what JSON cannot hold by null, and round to seven digits."""
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.7g}")
    if isinstance(value, Mapping):
        return {str(key): _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value
