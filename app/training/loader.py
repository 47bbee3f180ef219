"""What one epoch sees, and the batches of it."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from app.domain.abnormality import Abnormality
from app.imaging.preprocess import preprocess
from app.training.augment import augment
from app.training.config import Stage, TrainConfig
from app.training.dataset import Sample, read_rgb

Batch = tuple[Tensor, Tensor]
"""uint8 (N, size, size, 3) RGB, and float (N, 5) labels with NaN for unknown."""


@dataclass(frozen=True)
class TrainingSet:
    """All that an epoch is drawn from."""

    neutrophils: list[Sample]
    others: list[Sample]
    edited: list[Sample]

    def epoch(self, config: TrainConfig, number: int) -> list[Sample]:
        """Choose and shuffle the samples of one epoch; the same for the same seed."""
        rng = np.random.default_rng([config.seed, number])
        vacuolated = [s for s in self.neutrophils if s.labels.of(Abnormality.VACUOLE) == 1]
        chosen = [
            *self.neutrophils,
            *vacuolated * (config.vacuole_repeat - 1),
            *_some(self.edited, config.edited_per_epoch, rng),
            *_some(self.others, config.others_per_epoch, rng),
        ]
        return [chosen[i] for i in rng.permutation(len(chosen))]


def _some(samples: list[Sample], count: int, rng: np.random.Generator) -> list[Sample]:
    return [samples[i] for i in rng.permutation(len(samples))[:count]]


class _Images(Dataset[Batch]):
    def __init__(self, samples: list[Sample], size_px: int, seed: tuple[int, int] | None) -> None:
        self.samples, self.size_px, self.seed = samples, size_px, seed

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Batch:
        sample = self.samples[index]
        rgb = read_rgb(sample.path)
        if self.seed is None:
            image = preprocess(rgb, self.size_px)
        else:
            rng = np.random.default_rng([*self.seed, index])
            image = augment(rgb, self.size_px, rng)
        return torch.from_numpy(np.ascontiguousarray(image)), torch.from_numpy(
            sample.labels.array()
        )


def training_batches(
    samples: list[Sample], stage: Stage, config: TrainConfig, number: int
) -> DataLoader[Batch]:
    """Augmented batches of one epoch; the last, incomplete one is dropped."""
    return DataLoader(
        _Images(samples, stage.size_px, (config.seed, number)),
        batch_size=stage.batch,
        num_workers=config.workers,
        drop_last=True,
        worker_init_fn=_one_thread,
        # OpenCV's threads do not survive a fork: a forked worker would wait for them for ever.
        multiprocessing_context="spawn" if config.workers else None,
    )


def _one_thread(_worker: int) -> None:
    cv2.setNumThreads(1)
