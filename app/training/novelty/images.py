"""The images that novelty is fitted and measured on, each kind by itself, as they are needed."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.imaging.preprocess import preprocess
from app.training.augment import NAMED_CASTS, augment
from app.training.datasets.sample import REAL, Sample, Split, read_crop
from app.training.edited import Plan, mixed, single
from app.training.lesions import draw_all
from app.training.novelty.outsiders import (
    drawn_outsiders,
    photographs,
    smear_outsiders,
    smudged,
)
from app.training.scoring import as_served
from app.training.stains import recolour

RGB = NDArray[np.uint8]
Make = Callable[[], RGB | None]
"""Makes one network input; None where an edit found no room in the cell."""

_PMN, _NO_PMN = 1.0, 0.0


@dataclass(frozen=True)
class Sizes:
    """At most so many images of a kind; the defaults take about five minutes on two cores."""

    training: int = 2500
    recoloured: int = 1500
    edited: int = 800
    validation: int = 400
    """Recoloured and edited validation neutrophils; the untouched ones and the others are all
    taken."""
    outsiders: int = 200


@dataclass(frozen=True)
class NoveltyImages:
    """Makers of images, by kind.

    Parameters
    ----------
    neutrophils
        Of the training split.
    validation
        Untouched neutrophils, by centre.
    recoloured, edited
        Validation neutrophils, by kind of change.
    validation_others
        Other leukocytes of the validation split, by centre and type.
    outsiders
        What is no leukocyte, by kind.
    unseen
        Neutrophils and other leukocytes of the test split, by centre.
    """

    neutrophils: Sequence[Make]
    validation: Mapping[str, Sequence[Make]]
    recoloured: Mapping[str, Sequence[Make]]
    edited: Mapping[str, Sequence[Make]]
    validation_others: Mapping[str, Sequence[Make]]
    outsiders: Mapping[str, Sequence[Make]]
    unseen: Mapping[str, tuple[Sequence[Make], Sequence[Make]]] = field(default_factory=dict)


def novelty_images(
    samples: Sequence[Sample], size_px: int, fields: Path | None, seed: int, sizes: Sizes
) -> NoveltyImages:
    """Plan all images from the real cells of data sets.

    Parameters
    ----------
    samples
        Of all data sets; edited and synthetic ones are passed over.
    fields
        Folder of fields of view with YOLO boxes (`outsiders.smear_outsiders`); without it there
        are no red cells, platelets or ground.
    """
    real = [s for s in samples if s.origin == REAL]
    train = [s for s in real if s.split is Split.TRAIN]
    val = [s for s in real if s.split is Split.VAL]
    train_pmn, val_pmn = ([s for s in part if s.labels.pmn == _PMN] for part in (train, val))
    plan = _Plan(size_px, seed)
    few = _spread(val_pmn, sizes.validation)
    return NoveltyImages(
        neutrophils=[
            *map(plan.learnt, _spread(train_pmn, sizes.training)),
            *map(plan.recoloured, _spread(train_pmn, sizes.recoloured)),
            *map(plan.mixed, _spread(train_pmn, sizes.edited)),
        ],
        validation=_plain(plan, _grouped(val_pmn, _centre)),
        recoloured={name: [plan.cast(sample, name) for sample in few] for name in NAMED_CASTS},
        edited={
            each.value: [plan.edited(sample, single(each, decoy=False)) for sample in few]
            for each in Abnormality
        },
        validation_others=_plain(plan, _by_type(val)),
        outsiders=_outsiders(plan, val, fields, sizes.outsiders),
        unseen=_unseen(plan, [s for s in real if s.split is Split.TEST]),
    )


@dataclass(frozen=True)
class _Plan:
    """How one sample becomes one network input; its randomness comes from the seed and its name."""

    size_px: int
    seed: int

    def learnt(self, sample: Sample) -> Make:
        return lambda: preprocess(read_crop(sample), self.size_px)

    def served(self, sample: Sample) -> Make:
        return lambda: preprocess(as_served(sample), self.size_px)

    def recoloured(self, sample: Sample) -> Make:
        return lambda: augment(read_crop(sample), self.size_px, self._random(sample))

    def cast(self, sample: Sample, name: str) -> Make:
        return lambda: recolour(preprocess(as_served(sample), self.size_px), NAMED_CASTS[name])

    def edited(self, sample: Sample, plan: Plan) -> Make:
        return lambda: self._drawn(sample, plan, self._random(sample))

    def mixed(self, sample: Sample) -> Make:
        return self.edited(sample, mixed)

    def picture(self, rgb: RGB) -> Make:
        return lambda: preprocess(rgb, self.size_px)

    def _drawn(self, sample: Sample, plan: Plan, rng: np.random.Generator) -> RGB | None:
        drawn, done = draw_all(read_crop(sample), plan(rng), rng)
        return preprocess(drawn, self.size_px) if done else None

    def _random(self, sample: Sample) -> np.random.Generator:
        return np.random.default_rng([self.seed, *sample.path.stem.encode()])


def _outsiders(
    plan: _Plan, val: Sequence[Sample], fields: Path | None, count: int
) -> dict[str, list[Make]]:
    cells = [read_crop(sample) for sample in _spread(val, count)]
    pictures = {
        "smudges": smudged(cells, plan.seed),
        "photographs": photographs(count, plan.seed),
        **drawn_outsiders(count, plan.seed),
    }
    if fields is not None:
        pictures |= smear_outsiders(fields, count, plan.seed)
    return {kind: [plan.picture(rgb) for rgb in images] for kind, images in pictures.items()}


def _plain(plan: _Plan, groups: Mapping[str, Sequence[Sample]]) -> dict[str, list[Make]]:
    return {name: [plan.served(sample) for sample in group] for name, group in groups.items()}


def _unseen(
    plan: _Plan, samples: Sequence[Sample]
) -> dict[str, tuple[Sequence[Make], Sequence[Make]]]:
    return {
        centre: (
            [plan.served(s) for s in group if s.labels.pmn == _PMN],
            [plan.served(s) for s in group if s.labels.pmn == _NO_PMN],
        )
        for centre, group in _grouped(samples, _centre).items()
    }


def _centre(sample: Sample) -> str:
    return sample.centre or "one centre"


def _by_type(samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    """Group what is certainly no PMN by centre and type."""
    others = [s for s in samples if s.labels.pmn == _NO_PMN]
    return _grouped(others, lambda s: ", ".join(filter(None, (s.cell_type, s.centre))) or "others")


def _grouped(samples: Sequence[Sample], key: Callable[[Sample], str]) -> dict[str, list[Sample]]:
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[key(sample)].append(sample)
    return dict(sorted(groups.items()))


def _spread(samples: Sequence[Sample], count: int) -> list[Sample]:
    """At most so many samples, from all over the sequence."""
    step = max(1.0, len(samples) / count)
    return [samples[int(index * step)] for index in range(min(count, len(samples)))]


def made(makers: Sequence[Make], size: int) -> Iterator[list[Make]]:
    """Cut a sequence of makers into batches."""
    for start in range(0, len(makers), size):
        yield list(makers[start : start + size])
