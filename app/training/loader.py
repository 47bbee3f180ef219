"""What one epoch sees, and the batches of it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from app.domain.abnormality import Abnormality
from app.training.augment import augment
from app.training.config import Stage, TrainConfig
from app.training.datasets.sample import Sample, Split, read_crop
from app.training.stains import StainProfile, stain_profile

Batch = tuple[Tensor, Tensor, Tensor]
"""uint8 (N, size, size, 3) RGB; float (N, 5) labels with NaN for unknown; int (N,) the place of
the cell's type in `TrainingSet.types`, or `NO_TYPE`."""

NO_TYPE = -1
_NEUTROPHIL = "neutrophil"
_PROFILES_OF_A_CENTRE = 150


@dataclass(frozen=True)
class TrainingSet:
    """All that an epoch is drawn from."""

    neutrophils: list[Sample]
    others: list[Sample]
    edited: list[Sample]

    @property
    def types(self) -> tuple[str, ...]:
        """The types of cells that are named, in a fixed order; every PMN is one type."""
        return tuple(sorted({type_of(s) for s in (*self.neutrophils, *self.others)} - {""}))

    def epoch(self, config: TrainConfig, number: int) -> list[Sample]:
        """Choose and shuffle the samples of one epoch; the same for the same seed."""
        rng = np.random.default_rng([config.seed, number])
        vacuolated = [s for s in self.neutrophils if s.labels.of(Abnormality.VACUOLE) == 1]
        near = home((*self.neutrophils, *self.others))
        away = _by_centre([s for s in (*self.neutrophils, *self.others) if s.centre != near])
        chosen = [
            *(s for s in self.neutrophils if s.centre == near),
            *vacuolated * (config.vacuole_repeat - 1),
            *_some(self.edited, config.edited_per_epoch, rng),
            *_some([s for s in self.others if s.centre == near], config.others_per_epoch, rng),
            *(s for own in away for s in _as_many(own, config.away_per_centre, rng)),
        ]
        return [chosen[i] for i in rng.permutation(len(chosen))]


def divide(samples: Iterable[Sample], edited: list[Sample]) -> TrainingSet:
    """Sort the training split's cells into what an epoch draws from."""
    known = [s for s in samples if s.split is Split.TRAIN]
    return TrainingSet(
        [s for s in known if s.labels.pmn == 1], [s for s in known if s.labels.pmn == 0], edited
    )


def type_of(sample: Sample) -> str:
    """Bands and segmented neutrophils are one type: readers hardly agree on the border."""
    return _NEUTROPHIL if sample.labels.pmn == 1 else sample.cell_type


def home(samples: Iterable[Sample]) -> str:
    """The centre that most cells come from."""
    return Counter(s.centre for s in samples).most_common(1)[0][0]


def stain_profiles(data: TrainingSet, seed: int) -> list[StainProfile]:
    """Measure the stains to borrow: as many cells of each centre, so that no one prevails."""
    rng = np.random.default_rng(seed)
    samples = [*data.neutrophils, *data.others]
    found = []
    for centre in sorted({s.centre for s in samples}):
        own = [s for s in samples if s.centre == centre]
        profiles = (stain_profile(read_crop(s)) for s in _some(own, _PROFILES_OF_A_CENTRE, rng))
        found += [profile for profile in profiles if profile is not None]
    return found


def _some(samples: list[Sample], count: int, rng: np.random.Generator) -> list[Sample]:
    return [samples[i] for i in rng.permutation(len(samples))[:count]]


def _by_centre(samples: list[Sample]) -> list[list[Sample]]:
    centres = sorted({s.centre for s in samples})
    return [[s for s in samples if s.centre == centre] for centre in centres]


def _as_many(samples: list[Sample], count: int, rng: np.random.Generator) -> list[Sample]:
    """Exactly so many, each as often as the others but for one."""
    rounds = -(-count // len(samples))
    return [s for _ in range(rounds) for s in _some(samples, len(samples), rng)][:count]


class _Images(Dataset[Batch]):
    def __init__(
        self,
        samples: list[Sample],
        types: tuple[str, ...],
        size_px: int,
        seed: tuple[int, int],
        profiles: list[StainProfile],
    ) -> None:
        self.samples, self.size_px, self.seed, self.profiles = samples, size_px, seed, profiles
        self.places = {name: place for place, name in enumerate(types)}

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Batch:
        sample = self.samples[index]
        rng = np.random.default_rng([*self.seed, index])
        image = augment(read_crop(sample), self.size_px, rng, self.profiles)
        return (
            torch.from_numpy(np.ascontiguousarray(image)),
            torch.from_numpy(sample.labels.array()),
            torch.tensor(self.places.get(type_of(sample), NO_TYPE)),
        )


def training_batches(
    samples: list[Sample],
    types: tuple[str, ...],
    profiles: list[StainProfile],
    stage: Stage,
    config: TrainConfig,
    number: int,
) -> DataLoader[Batch]:
    """Augmented batches of one epoch; the last, incomplete one is dropped."""
    return DataLoader(
        _Images(samples, types, stage.size_px, (config.seed, number), profiles),
        batch_size=stage.batch,
        num_workers=config.workers,
        drop_last=True,
        worker_init_fn=_one_thread,
        # OpenCV's threads do not survive a fork: a forked worker would wait for them for ever.
        multiprocessing_context="spawn" if config.workers else None,
    )


def _one_thread(_worker: int) -> None:
    cv2.setNumThreads(1)
