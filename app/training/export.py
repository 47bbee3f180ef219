"""From a calibrated network to a bundle: `model.onnx`, `screening.json`, `manifest.json`, card."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.domain.bundle import NOVELTY, parse_manifest
from app.domain.errors import BundleRefused
from app.training.calibrate import Calibration
from app.training.card import write_card
from app.training.config import TrainConfig
from app.training.evaluate import Evaluation
from app.training.manifest import (
    INPUT,
    MODEL_FILE,
    OUTPUTS,
    SCREENING_FILE,
    Extras,
    manifest_content,
)
from app.training.networks import SmearNetwork
from app.training.scoring import Scorer

__all__ = [
    "MODEL_FILE",
    "Extras",
    "Parity",
    "check_parity",
    "export_graph",
    "exported_scorer",
    "set_calibration",
    "write_bundle",
]

_OPSET = 18
_TOLERANCE = 1e-4
_BUILTIN = Extras()


@dataclass(frozen=True)
class Parity:
    """The largest difference between torch and onnxruntime, and on how many images."""

    difference: float
    images: int


class Graph(nn.Module):
    """What is exported: the network and, where it is measured, the novelty of each image.

    Parameters
    ----------
    novelty
        Maps embedding (N, D) and uncalibrated logits (N, 5) to (N,); None for no such output.
    """

    def __init__(self, network: SmearNetwork, novelty: nn.Module | None = None) -> None:
        super().__init__()
        self.network, self.novelty = network, novelty

    @property
    def outputs(self) -> list[str]:
        """The names, in order."""
        return [*OUTPUTS] if self.novelty is None else [*OUTPUTS, NOVELTY]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map uint8 RGB images (N, size, size, 3) to the outputs."""
        found = self.network(images)
        if self.novelty is None:
            return tuple(found)
        logits = self.network.linear(found.embedding)
        return (*found, self.novelty(found.embedding, logits).reshape(-1))


def set_calibration(network: SmearNetwork, calibrations: Sequence[Calibration]) -> None:
    """Fold the calibration into the network, and so into its graph; PMN first."""
    network.set_calibration(
        [each.temperature for each in calibrations], [each.offset for each in calibrations]
    )


def export_graph(
    network: SmearNetwork, path: Path, size_px: int, novelty: nn.Module | None = None
) -> None:
    """Write one ONNX file with the weights inside and a free batch dimension.

    Parameters
    ----------
    novelty
        As for `Graph`.
    """
    example = torch.zeros((2, size_px, size_px, 3), dtype=torch.uint8)
    graph = Graph(network, novelty).eval()
    graph.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    torch.onnx.export(
        graph,
        (example,),
        path,
        input_names=[INPUT],
        output_names=graph.outputs,
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
    network: SmearNetwork,
    path: Path,
    images: NDArray[np.uint8],
    novelty: nn.Module | None = None,
    batch: int = 16,
) -> Parity:
    """Compare the file under onnxruntime with the network; both in batches.

    Raises
    ------
    BundleRefused
        Where any output differs by more than 1e-4 of its scale.
    """
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    graph = Graph(network, novelty).eval()
    worst = 0.0
    for start in range(0, len(images), batch):
        part = images[start : start + batch]
        served = session.run(graph.outputs, {INPUT: part})
        with torch.inference_mode():
            expected: tuple[Tensor, ...] = graph(torch.from_numpy(part))
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
    extras: Extras = _BUILTIN,
) -> None:
    """Write everything beside a `model.onnx` that lies in the folder already.

    Parameters
    ----------
    counts
        How many images of each kind the network learnt from: "pmn", "others", "edited", and by
        the name of each abnormality how many real cells have it.
    """
    _write_json(folder / SCREENING_FILE, screening)
    manifest = manifest_content(folder, config, evaluation, counts, extras)
    parse_manifest(manifest)
    _write_json(folder / "manifest.json", manifest)
    write_card(folder / "CARD.md", manifest, evaluation, screening, counts, parity)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
