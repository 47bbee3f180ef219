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

from app.domain.abnormality import Abnormality
from app.training.config import Stage, TrainConfig
from app.training.dataset import Record, Sample, Split, read_records, real_samples
from app.training.edited import Plan, mixed, write_edited
from app.training.loader import TrainingSet, training_batches
from app.training.loss import masked_loss, positive_weights
from app.training.network import LOGITS, SmearNetwork, load_imagenet

Progress = Callable[[str, float], None]
"""Called with a sentence and the share of the training that is done, 0-1."""

_WARM_UP = 40
_RECORDED = ("torch", "numpy", "opencv-python-headless", "onnx", "onnxscript", "scipy")


@dataclass
class Run:
    """A network with its optimiser, and how far it has come."""

    network: SmearNetwork
    optimiser: torch.optim.Optimizer
    epoch: int = 0
    step: int = 0


def library_versions() -> dict[str, str]:
    """Versions that a result may depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in _RECORDED}


def train(config: TrainConfig, progress: Progress | None = None) -> SmearNetwork:
    """Train, or continue from the last checkpoint in the scratch folder.

    Returns
    -------
    The network after the last finished epoch, not calibrated.
    """
    _prepare(config)
    tell = progress or _silent
    tell("Drawing edited cells", 0.0)
    data = training_set(config, read_records(config.data_dir))
    run = _resume(config)
    epochs = [stage for stage in config.stages for _ in range(stage.epochs)]
    total_steps = sum(_steps(data, config, stage) for stage in epochs)
    began = time.monotonic()
    for number in range(run.epoch, len(epochs)):
        if (time.monotonic() - began) / 60 > config.max_minutes:
            tell(f"Stopped after {number} epochs: time is up", 1.0)
            break
        _one_epoch(run, data, epochs[number], config, total_steps, tell)
        run.epoch = number + 1
        _save(run, config)
    return run.network.eval()


def training_set(config: TrainConfig, records: list[Record]) -> TrainingSet:
    """Label the training split and draw its edited cells."""
    train_records = [r for r in records if r.split is Split.TRAIN]
    real = real_samples(train_records)
    plans: dict[str, Plan] = {f"copy{i}": mixed for i in range(config.edited_copies)}
    edited = write_edited(train_records, plans, config.scratch_dir / "edited-train", config.seed)
    pmn: list[Sample] = [s for s in real if s.labels.pmn == 1]
    return TrainingSet(pmn, [s for s in real if s.labels.pmn == 0], edited)


def _one_epoch(
    run: Run,
    data: TrainingSet,
    stage: Stage,
    config: TrainConfig,
    total_steps: int,
    tell: Progress,
) -> None:
    samples = data.epoch(config, run.epoch)
    weight = positive_weights(np.stack([s.labels.array() for s in samples]))
    output_weight = torch.tensor([config.pmn_weight, *[1.0] * len(Abnormality)])
    run.network.train()
    began, losses = time.monotonic(), []
    for images, labels in training_batches(samples, stage, config, run.epoch):
        for group in run.optimiser.param_groups:
            group["lr"] = config.learning_rate * _schedule(run.step, total_steps)
        loss = masked_loss(run.network.logits(images), labels, weight, output_weight)
        run.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(run.network.parameters(), 5.0)
        run.optimiser.step()
        run.step += 1
        losses.append(float(loss.detach()))
        if run.step % 20 == 0:
            rate = len(losses) * stage.batch / (time.monotonic() - began)
            recent = float(np.mean(losses[-20:]))
            tell(
                f"Epoch {run.epoch + 1}, {stage.size_px} px: loss {recent:.3f}, "
                f"{rate:.0f} images/s",
                run.step / total_steps,
            )
    _log(run, stage, losses, time.monotonic() - began, config)


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


def _resume(config: TrainConfig) -> Run:
    network = SmearNetwork()
    # On a CPU this layout of the tensors trains a tenth faster.
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    run = Run(network, optimiser)
    stored = checkpoint_path(config)
    if not stored.exists():
        load_imagenet(network)
        return run
    content = torch.load(stored, map_location="cpu", weights_only=True)
    network.load_state_dict(content["network"])
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
        "optimiser": run.optimiser.state_dict(),
        "epoch": run.epoch,
        "step": run.step,
        "seed": config.seed,
        "versions": library_versions(),
        "outputs": LOGITS,
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


def _silent(_sentence: str, _share: float) -> None:
    pass
