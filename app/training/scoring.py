"""The network's logits on validation cells: real, edited, recoloured, of other laboratories."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.imaging.locate import locate
from app.imaging.preprocess import cut, preprocess
from app.training.augment import NAMED_CASTS
from app.training.calibrate import Array
from app.training.config import TrainConfig
from app.training.datasets.sample import Sample, Split, read_crop, read_rgb
from app.training.edited import single, write_edited
from app.training.lesions import RGB
from app.training.loader import home
from app.training.stains import StainChange, recolour

Scorer = Callable[[NDArray[np.uint8]], Array]
"""From preprocessed images (N, size, size, 3) to uncalibrated logits (N, 5)."""

_BATCH = 32
_CAST_SHARE = 3
"""One in so many of the other leukocytes is recoloured: there are three times as many of them."""


@dataclass(frozen=True)
class Scored:
    """Samples with the logits that the network gave them.

    `logits` and `labels` are (N, 5), PMN first; NaN in `labels` means unknown.
    """

    samples: list[Sample]
    logits: Array
    labels: Array

    def of(self, output: int, value: float) -> Array:
        """Logits of one output where its label has a value."""
        return np.asarray(self.logits[self.labels[:, output] == value, output])


@dataclass(frozen=True)
class Validation:
    """All cells that were not trained on, scored.

    Parameters
    ----------
    real
        Untouched validation cells of the centre that most cells come from.
    lesions, decoys
        Its neutrophils with one abnormality drawn, or with its decoy.
    casts
        Its neutrophils and some other leukocytes under each of `NAMED_CASTS`.
    away
        Untouched cells of each other centre, found in their frames as the server finds them:
        those of its validation split, which help to choose the PMN threshold, ...
    unseen
        ... and those of its test split, which help to choose nothing.
    """

    real: Scored
    lesions: dict[Abnormality, Scored]
    decoys: dict[Abnormality, Scored]
    casts: dict[str, Scored]
    away: dict[str, Scored]
    unseen: dict[str, Scored]


def score_validation(scorer: Scorer, config: TrainConfig, cells: list[Sample]) -> Validation:
    """Edit and score the cells of `cells` that were not trained on."""
    near = home(cells)
    real = _limited(_of(cells, Split.VAL, near), config.evaluation_limit)
    thinned = [s for i, s in enumerate(real) if s.labels.pmn == 1 or i % _CAST_SHARE == 0]
    centres = sorted({s.centre for s in cells} - {near})
    return Validation(
        real=score(scorer, real, config.size_px),
        lesions=_edited(scorer, config, real, decoy=False),
        decoys=_edited(scorer, config, real, decoy=True),
        casts={
            name: score(scorer, thinned, config.size_px, change)
            for name, change in NAMED_CASTS.items()
        },
        away=_centres(scorer, config, cells, centres, Split.VAL),
        unseen=_centres(scorer, config, cells, centres, Split.TEST),
    )


def _of(cells: list[Sample], split: Split, centre: str) -> list[Sample]:
    return [s for s in cells if s.split is split and s.centre == centre]


def _centres(
    scorer: Scorer, config: TrainConfig, cells: list[Sample], centres: list[str], split: Split
) -> dict[str, Scored]:
    found = {centre: _of(cells, split, centre) for centre in centres}
    return {
        centre: score(scorer, _limited(own, config.evaluation_limit), config.size_px)
        for centre, own in found.items()
        if own
    }


def _limited(cells: list[Sample], limit: int | None) -> list[Sample]:
    if limit is None:
        return cells
    pmn = [s for s in cells if s.labels.pmn == 1]
    return pmn[:limit] + [s for s in cells if s.labels.pmn != 1][:limit]


def _edited(
    scorer: Scorer, config: TrainConfig, cells: list[Sample], *, decoy: bool
) -> dict[Abnormality, Scored]:
    kind = "decoy" if decoy else "lesion"
    scored = {}
    for each in Abnormality:
        folder = config.scratch_dir / f"edited-val-{kind}-{each.value}"
        plans = {kind: single(each, decoy=decoy)}
        scored[each] = score(
            scorer, write_edited(cells, plans, folder, config.seed), config.size_px
        )
    return scored


def score(
    scorer: Scorer,
    samples: list[Sample],
    size_px: int,
    change: StainChange | None = None,
) -> Scored:
    """Run the network over samples, recoloured if asked."""

    def image(sample: Sample) -> RGB:
        rgb = preprocess(as_served(sample), size_px)
        return rgb if change is None else recolour(rgb, change)

    labels = np.array([s.labels.array() for s in samples], np.float64).reshape(len(samples), 5)
    return Scored(samples, _logits(scorer, samples, image), labels)


def as_served(sample: Sample) -> RGB:
    """The part of the picture that the server would classify.

    A sample with a box lies in a larger frame, where the server has to find it. As it does there,
    the surroundings of the box are looked at, no more than a cell's width: a frame may show
    several cells, and which of them is meant must be clear.
    """
    if sample.box is None:
        return read_crop(sample)
    rgb, box = read_rgb(sample.path), sample.box
    reach_x, reach_y = box.width // 2, box.height // 2
    top, left = max(0, box.top - reach_y), max(0, box.left - reach_x)
    around = np.ascontiguousarray(rgb[top : box.bottom + reach_y, left : box.right + reach_x])
    return np.ascontiguousarray(cut(around, locate(around).crop))


def _logits(scorer: Scorer, samples: list[Sample], image: Callable[[Sample], RGB]) -> Array:
    parts = [np.empty((0, 5))]
    for start in range(0, len(samples), _BATCH):
        batch = np.stack([image(s) for s in samples[start : start + _BATCH]])
        parts.append(scorer(batch))
    return np.concatenate(parts)
