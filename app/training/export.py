"""From a calibrated network to a bundle: `model.onnx`, `screening.json`, `manifest.json`, card."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.bundle import MANIFEST_FORMAT, manifest_digest, parse_manifest
from app.domain.errors import BundleRefused
from app.imaging.preprocess import PREPROCESSING_VERSION
from app.training.card import write_card
from app.training.config import TrainConfig
from app.training.evaluate import Evaluation
from app.training.network import Outputs, SmearNetwork
from app.training.scoring import Scorer
from app.training.train import library_versions

INPUT = "images"
OUTPUTS = ("pmn_probability", "abnormality_probabilities", "activation_maps", "embedding")
MODEL_FILE, SCREENING_FILE = "model.onnx", "screening.json"

_OPSET = 18
_TOLERANCE = 1e-4

LABEL_BASIS = {
    Abnormality.PSEUDO_PELGER: (
        "Edited images only: nuclei of real healthy neutrophils redrawn as two round lobes or "
        "one round nucleus. No real pseudo-Pelger cell was seen."
    ),
    Abnormality.NUCLEAR_SPIKE: (
        "Edited images only: thin protrusions drawn onto the nuclei of real healthy neutrophils. "
        "No annotated real spike was seen."
    ),
    Abnormality.VACUOLE: (
        "Real images of healthy donors with annotated vacuoles (WBCAtt), and edited images."
    ),
    Abnormality.HYPOGRANULARITY: (
        "Edited images only: granules removed from, and cytoplasm paled in, real healthy "
        "neutrophils. No real hypogranular cell was seen."
    ),
}
_IMAGENET = {
    "name": "EfficientNet-Lite0 ImageNet weights (start of training)",
    "licence": "Apache-2.0",
}


@dataclass(frozen=True)
class Parity:
    """The largest difference between torch and onnxruntime, and on how many images."""

    difference: float
    images: int


def set_temperatures(network: SmearNetwork, evaluation: Evaluation) -> None:
    """Fold the calibration into the network, and so into its graph."""
    network.temperature.copy_(torch.tensor(evaluation.temperatures))


def export_graph(network: SmearNetwork, path: Path, size_px: int) -> None:
    """Write one ONNX file with the weights inside and a free batch dimension."""
    example = torch.zeros((2, size_px, size_px, 3), dtype=torch.uint8)
    plain = network.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    torch.onnx.export(
        plain,
        (example,),
        path,
        input_names=[INPUT],
        output_names=list(OUTPUTS),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        opset_version=_OPSET,
        external_data=False,
        dynamo=True,
        verbose=False,
    )
    onnx.checker.check_model(str(path), full_check=True)


def exported_scorer(network: SmearNetwork, path: Path, size_px: int) -> Scorer:
    """Export a graph to a scratch file and score with it.

    So the figures are those of what is shipped, and come several times faster.
    """
    export_graph(network, path, size_px)
    options = onnxruntime.SessionOptions()
    # Beside other work on the machine, threads that spin while they wait cost more than they gain.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    weight = network.linear.weight.detach().double().numpy()
    bias = network.linear.bias.detach().double().numpy()

    def scorer(images: NDArray[np.uint8]) -> NDArray[np.float64]:
        (embedding,) = session.run(["embedding"], {INPUT: images})
        return np.asarray(embedding.astype(np.float64) @ weight.T + bias)

    return scorer


def check_parity(
    network: SmearNetwork, path: Path, images: NDArray[np.uint8], batch: int = 16
) -> Parity:
    """Compare the file under onnxruntime with the network; both in batches.

    Raises
    ------
    BundleRefused
        Where any output differs by more than 1e-4 of its scale.
    """
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for start in range(0, len(images), batch):
        part = images[start : start + batch]
        served = session.run(list(OUTPUTS), {INPUT: part})
        with torch.inference_mode():
            expected: Outputs = network.eval()(torch.from_numpy(part))
        for ours, theirs in zip(expected, served, strict=True):
            scale = max(1.0, float(ours.abs().max()))
            worst = max(worst, float(np.abs(ours.numpy() - theirs).max()) / scale)
    if not worst <= _TOLERANCE:
        raise BundleRefused(f"{path.name} differs from the trained network by {worst:.2g}.")
    return Parity(worst, len(images))


def write_bundle(
    folder: Path,
    config: TrainConfig,
    evaluation: Evaluation,
    screening: dict[str, Any],
    counts: dict[str, int],
    parity: Parity,
) -> None:
    """Write everything beside a `model.onnx` that lies in the folder already.

    Parameters
    ----------
    counts
        How many images of each kind the network learnt from: "pmn", "others", "vacuole",
        "edited".
    """
    _write_json(folder / SCREENING_FILE, screening)
    manifest = _manifest(folder, config, evaluation, counts)
    parse_manifest(manifest)
    _write_json(folder / "manifest.json", manifest)
    write_card(folder / "CARD.md", manifest, evaluation, screening, counts, parity)


def _manifest(
    folder: Path, config: TrainConfig, evaluation: Evaluation, counts: dict[str, int]
) -> dict[str, Any]:
    content: dict[str, Any] = {
        "format": MANIFEST_FORMAT,
        "name": config.name,
        "version": config.version,
        "network": "EfficientNet-Lite0, global average pool, one linear layer",
        "input": {
            "name": INPUT,
            "size_px": config.size_px,
            "layout": "NHWC",
            "dtype": "uint8",
            "colour": "RGB",
            "preprocessing": PREPROCESSING_VERSION,
        },
        "outputs": {name: name for name in OUTPUTS},
        "labels": [each.value for each in Abnormality],
        "thresholds": evaluation.thresholds,
        "label_basis": {each.value: LABEL_BASIS[each] for each in Abnormality},
        "training_data": _training_data(counts),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": library_versions(),
        "files": {name: _sha256(folder / name) for name in (MODEL_FILE, SCREENING_FILE)},
    }
    return content | {"digest": manifest_digest(content)}


def _training_data(counts: dict[str, int]) -> list[dict[str, Any]]:
    cells = counts["pmn"] + counts["others"]
    return [
        {
            "name": "PBC dataset normal DIB, Acevedo et al. 2020 (training split)",
            "licence": "CC BY 4.0",
            "cells": cells,
        },
        {
            "name": "WBCAtt attributes, Tsutsui et al. 2023 (of the same cells)",
            "licence": "MIT",
            "cells": counts["pmn"],
        },
        {**_IMAGENET, "cells": 0},
    ]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
