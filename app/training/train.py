"""The training loop: resumable, logged, seeded."""

import csv
import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from app.domain.abnormality import Abnormality
from app.domain.errors import DatasetRefused
from app.training.config import Stage, TrainConfig
from app.training.datasets.folder import read_dataset
from app.training.datasets.leaks import refuse_leaks
from app.training.datasets.sample import Sample, Split
from app.training.edited import Plan, mixed, write_edited
from app.training.loader import (
    Batch,
    TrainingSet,
    divide,
    stain_profiles,
    training_batches,
)
from app.training.loss import masked_loss, positive_weights, type_loss
from app.training.networks import SmearNetwork, build_network
from app.training.stains import StainProfile

Progress = Callable[[str, float], None]
"""Called with a sentence and the share of the training that is done, 0-1."""

_WARM_UP = 40
_RECORDED = ("torch", "numpy", "opencv-python-headless", "onnx", "onnxscript", "scipy")


@dataclass
class Run:
    """A network with its optimiser, and how far it has come.

    `namer` names the type of a cell from its embedding; it serves training only.
    """

    network: SmearNetwork
    namer: nn.Linear
    optimiser: torch.optim.Optimizer
    epoch: int = 0
    step: int = 0


@dataclass(frozen=True)
class Material:
    """What all epochs of a run share."""

    cells: TrainingSet
    profiles: list[StainProfile]


def library_versions() -> dict[str, str]:
    """Versions that a result may depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in _RECORDED}


def train(config: TrainConfig, progress: Progress | None = None) -> SmearNetwork:
    """Train, or continue from the last checkpoint in the scratch folder.

    Returns
    -------
    The network after the last finished epoch, not calibrated.

    Raises
    ------
    DatasetRefused
        Where a data set cannot be read, leaks between its splits, or has nothing to learn from.
    """
    _prepare(config)
    tell = progress or silent
    tell("Drawing edited cells", 0.0)
    cells = training_set(config, read_cells(config))
    tell("Measuring stains", 0.0)
    material = Material(cells, stain_profiles(cells, config.seed))
    run = _resume(config, len(cells.types))
    epochs = [stage for stage in config.stages for _ in range(stage.epochs)]
    total_steps = sum(_steps(cells, config, stage) for stage in epochs)
    began = time.monotonic()
    for number in range(run.epoch, len(epochs)):
        if (time.monotonic() - began) / 60 > config.max_minutes:
            tell(f"Stopped after {number} epochs: time is up", 1.0)
            break
        _one_epoch(run, material, epochs[number], config, total_steps, tell)
        run.epoch = number + 1
        _save(run, config)
    return run.network.eval()


def read_cells(config: TrainConfig) -> list[Sample]:
    """All cells of the run's data sets.

    Raises
    ------
    DatasetRefused
        Where a data set cannot be read, or leaks between its splits.
    """
    found: list[Sample] = []
    for folder in config.data_sets:
        dataset = read_dataset(folder)
        refuse_leaks(dataset)
        found += dataset.samples
    return found


def training_set(config: TrainConfig, cells: list[Sample]) -> TrainingSet:
    """Take the training split and draw its edited cells.

    Cells of which no abnormality is known are not drawn on: what looks untouched there may be
    abnormal already.
    """
    canvases = [cell for cell in cells if cell.split is Split.TRAIN and not _nothing_known(cell)]
    plans: dict[str, Plan] = {f"copy{i}": mixed for i in range(config.edited_copies)}
    edited = write_edited(canvases, plans, config.scratch_dir / "edited-train", config.seed)
    found = divide(cells, edited)
    if not found.neutrophils or not found.others:
        raise DatasetRefused(
            f"{len(found.neutrophils)} PMN and {len(found.others)} other cells are in the "
            "training split: both kinds are needed. Look at the columns pmn and split."
        )
    return found


def _nothing_known(cell: Sample) -> bool:
    return all(math.isnan(value) for value in cell.labels.abnormalities)


def _one_epoch(
    run: Run,
    material: Material,
    stage: Stage,
    config: TrainConfig,
    total_steps: int,
    tell: Progress,
) -> None:
    samples = material.cells.epoch(config, run.epoch)
    weight = positive_weights(np.stack([s.labels.array() for s in samples]))
    run.network.train()
    began, losses = time.monotonic(), []
    batches = training_batches(
        samples, material.cells.types, material.profiles, stage, config, run.epoch
    )
    for batch in batches:
        losses.append(_one_step(run, batch, weight, config, _schedule(run.step, total_steps)))
        if run.step % 20 == 0:
            rate = len(losses) * stage.batch / (time.monotonic() - began)
            recent = float(np.mean(losses[-20:]))
            tell(
                f"Epoch {run.epoch + 1}, {stage.size_px} px: loss {recent:.3f}, "
                f"{rate:.0f} images/s",
                run.step / total_steps,
            )
    _log(run, stage, losses, time.monotonic() - began, config)


def _one_step(
    run: Run, batch: Batch, weight: torch.Tensor, config: TrainConfig, share: float
) -> float:
    """One batch forward and backward; returns its loss."""
    images, labels, types = batch
    for group in run.optimiser.param_groups:
        group["lr"] = config.learning_rate * share
    output_weight = torch.tensor([config.pmn_weight, *[1.0] * len(Abnormality)])
    embedding = run.network.embed(images)
    loss = masked_loss(run.network.linear(embedding), labels, weight, output_weight)
    loss = loss + config.type_weight * type_loss(run.namer(embedding), types)
    run.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(run.network.parameters(), 5.0)
    run.optimiser.step()
    run.step += 1
    return float(loss.detach())


def _schedule(step: int, total: int) -> float:
    """Warm-up, then half a cosine down to nearly nothing."""
    warm = min(1.0, (step + 1) / _WARM_UP)
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total))))


def _steps(data: TrainingSet, config: TrainConfig, stage: Stage) -> int:
    return len(data.epoch(config, 0)) // stage.batch


def _prepare(config: TrainConfig) -> None:
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    cv2.setNumThreads(config.threads)
    config.scratch_dir.mkdir(parents=True, exist_ok=True)


def _resume(config: TrainConfig, types: int) -> Run:
    network = build_network(config.network)
    # On a CPU this layout of the tensors trains a tenth faster.
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    namer = nn.Linear(network.linear.in_features, types)
    optimiser = torch.optim.AdamW(
        [*network.parameters(), *namer.parameters()],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
    )
    run = Run(network, namer, optimiser)
    stored = checkpoint_path(config)
    if not stored.exists():
        network.load_pretrained()
        return run
    content = torch.load(stored, map_location="cpu", weights_only=True)
    network.load_state_dict(content["network"])
    namer.load_state_dict(content["namer"])
    optimiser.load_state_dict(content["optimiser"])
    run.epoch, run.step = content["epoch"], content["step"]
    return run


def checkpoint_path(config: TrainConfig) -> Path:
    """Where the last finished epoch lies."""
    return config.scratch_dir / "checkpoint.pt"


def _save(run: Run, config: TrainConfig) -> None:
    """Write beside and rename: a run that dies here keeps the epoch before."""
    target = checkpoint_path(config)
    beside = target.with_suffix(".part")
    content = {
        "network": run.network.state_dict(),
        "namer": run.namer.state_dict(),
        "optimiser": run.optimiser.state_dict(),
        "epoch": run.epoch,
        "step": run.step,
        "seed": config.seed,
        "versions": library_versions(),
        "architecture": config.network,
    }
    torch.save(content, beside)
    beside.replace(target)


def _log(run: Run, stage: Stage, losses: list[float], seconds: float, config: TrainConfig) -> None:
    path = config.scratch_dir / "log.csv"
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["epoch", "size_px", "steps", "loss", "seconds", "processes"])
        mean = f"{np.mean(losses):.5f}" if losses else ""
        writer.writerow(
            [run.epoch + 1, stage.size_px, run.step, mean, f"{seconds:.0f}", os.cpu_count()]
        )


def silent(_sentence: str, _share: float) -> None:
    """Tell nobody."""
