"""What a new bundle says of itself: the content of `manifest.json`."""

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.domain.abnormality import Abnormality
from app.domain.bundle import MANIFEST_FORMAT, NOVELTY, PMN, manifest_digest
from app.imaging.preprocess import PREPROCESSING_VERSION
from app.training.config import TrainConfig
from app.training.datasets.folder import read_dataset
from app.training.datasets.sample import Split
from app.training.evaluate import Evaluation
from app.training.networks import NETWORKS
from app.training.train import library_versions

MODEL_FILE, SCREENING_FILE = "model.onnx", "screening.json"
INPUT = "images"
OUTPUTS = ("pmn_probability", "abnormality_probabilities", "activation_maps", "embedding")

_EDITS = {
    Abnormality.PSEUDO_PELGER: (
        "nuclei of real neutrophils redrawn as two round lobes or one round nucleus",
        "No real pseudo-Pelger cell was seen.",
    ),
    Abnormality.NUCLEAR_SPIKE: (
        "thin protrusions drawn onto the nuclei of real neutrophils",
        "No annotated real spike was seen.",
    ),
    Abnormality.VACUOLE: (
        "vacuoles drawn into the cytoplasm of real neutrophils",
        "No annotated real vacuole was seen.",
    ),
    Abnormality.HYPOGRANULARITY: (
        "granules removed from, and cytoplasm paled in, real neutrophils",
        "No real hypogranular cell was seen.",
    ),
}
_CALIBRATION = (
    "temperature and offset for each output: probability = logistic(logit / temperature + offset)"
)
_CALIBRATED_ON = "validation cells: real ones, and for the abnormalities edited ones"
_ERRORS_BASIS = (
    "At the bundle's threshold. Sensitivity: edited validation cells. Specificity: untouched "
    "healthy neutrophils of the validation split."
)


@dataclass(frozen=True)
class Extras:
    """What only some bundles have, but for their variants, which come last (`int8.py`).

    Parameters
    ----------
    novelty_threshold
        From which novelty a cell is not counted; None where the graph has no such output.
    """

    novelty_threshold: float | None = None


def manifest_content(
    folder: Path,
    config: TrainConfig,
    evaluation: Evaluation,
    counts: dict[str, int],
    extras: Extras,
) -> dict[str, Any]:
    """Describe a bundle whose other files lie in the folder already; `counts` as `write_bundle`."""
    content: dict[str, Any] = {
        "format": MANIFEST_FORMAT,
        "name": config.name,
        "version": config.version,
        "network": NETWORKS[config.network].description,
        "input": {
            "name": INPUT,
            "size_px": config.size_px,
            "layout": "NHWC",
            "dtype": "uint8",
            "colour": "RGB",
            "preprocessing": PREPROCESSING_VERSION,
        },
        "outputs": {name: name for name in _outputs(extras)},
        "labels": [each.value for each in Abnormality],
        "thresholds": _thresholds(evaluation, extras),
        "calibration": _calibration(evaluation),
        "label_basis": {each.value: label_basis(each, config, counts) for each in Abnormality},
        "training_data": _training_data(config),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": library_versions(),
        "files": {name: sha256(folder / name) for name in (MODEL_FILE, SCREENING_FILE)},
    }
    content |= _classifier_errors(evaluation)
    return content | {"digest": manifest_digest(content)}


def label_basis(each: Abnormality, config: TrainConfig, counts: dict[str, int]) -> str:
    """Say in words what kind of images an abnormality was learnt from."""
    real = counts.get(each.value, 0)
    edits, none_seen = _EDITS[each]
    edited = config.edited_copies > 0 and config.edited_per_epoch > 0
    if real:
        cells = f"{real} real cells annotated with it"
        return f"{cells}, and edited images: {edits}." if edited else f"{cells}."
    return f"Edited images only: {edits}. {none_seen}" if edited else f"Nothing. {none_seen}"


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _outputs(extras: Extras) -> tuple[str, ...]:
    return OUTPUTS if extras.novelty_threshold is None else (*OUTPUTS, NOVELTY)


def _thresholds(evaluation: Evaluation, extras: Extras) -> dict[str, float]:
    novelty = extras.novelty_threshold
    return evaluation.thresholds | ({} if novelty is None else {NOVELTY: novelty})


def _calibration(evaluation: Evaluation) -> dict[str, Any]:
    names = (PMN, *(each.value for each in Abnormality))
    return {
        "method": _CALIBRATION,
        "fitted_on": _CALIBRATED_ON,
        "parameters": {
            name: {"temperature": found.temperature, "offset": found.offset}
            for name, found in zip(names, evaluation.calibrations, strict=True)
        },
    }


def _classifier_errors(evaluation: Evaluation) -> dict[str, Any]:
    """Only whole: a label that could not be measured leaves nothing that a score could use."""
    rates = {each: (evaluation.sensitivity[each], evaluation.specificity[each]) for each in _EDITS}
    if any(math.isnan(rate) for pair in rates.values() for rate in pair):
        return {}
    errors = {
        each.value: {"sensitivity": found, "specificity": spared, "basis": _ERRORS_BASIS}
        for each, (found, spared) in rates.items()
    }
    return {"classifier_errors": errors}


def _training_data(config: TrainConfig) -> list[dict[str, Any]]:
    """Name the data sets with their training cells, and the weights that training began with."""
    sources: list[dict[str, Any]] = []
    for data_set in map(read_dataset, config.data_sets):
        cells = sum(sample.split is Split.TRAIN for sample in data_set.samples)
        name = f"{data_set.name} (training split): {data_set.source}"
        sources.append({"name": name, "licence": data_set.licence, "cells": cells})
    pretraining = NETWORKS[config.network].pretraining
    if pretraining is not None:
        sources.append({"name": pretraining.name, "licence": pretraining.licence, "cells": 0})
    return sources
