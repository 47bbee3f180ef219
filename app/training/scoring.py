"""The network's logits on validation cells: real, edited and recoloured, kept apart."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.imaging.preprocess import preprocess
from app.training.augment import NAMED_CASTS, StainChange, recolour
from app.training.calibrate import Array
from app.training.config import TrainConfig
from app.training.dataset import Record, Sample, Split, read_records, read_rgb, real_samples
from app.training.edited import single, write_edited
from app.training.lesions import RGB

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
    """All validation cells, scored.

    Parameters
    ----------
    real
        Untouched images of all leukocytes.
    lesions, decoys
        Neutrophils with one abnormality drawn, or with its decoy.
    casts
        The real neutrophils and some other leukocytes under each of `NAMED_CASTS`.
    """

    real: Scored
    lesions: dict[Abnormality, Scored]
    decoys: dict[Abnormality, Scored]
    casts: dict[str, Scored]


def score_validation(scorer: Scorer, config: TrainConfig) -> Validation:
    """Read, edit and score the validation split."""
    records = [r for r in read_records(config.data_dir) if r.split is Split.VAL]
    records = _limited(records, config.evaluation_limit)
    real = real_samples(records)
    thinned = [s for i, s in enumerate(real) if s.labels.pmn == 1 or i % _CAST_SHARE == 0]
    return Validation(
        real=score(scorer, real, config.size_px),
        lesions=_edited(scorer, config, records, decoy=False),
        decoys=_edited(scorer, config, records, decoy=True),
        casts={
            name: score(scorer, thinned, config.size_px, change)
            for name, change in NAMED_CASTS.items()
        },
    )


def _limited(records: list[Record], limit: int | None) -> list[Record]:
    if limit is None:
        return records
    pmn = [r for r in records if r.is_pmn]
    return pmn[:limit] + [r for r in records if not r.is_pmn][:limit]


def _edited(
    scorer: Scorer, config: TrainConfig, records: list[Record], *, decoy: bool
) -> dict[Abnormality, Scored]:
    kind = "decoy" if decoy else "lesion"
    scored = {}
    for each in Abnormality:
        folder = config.scratch_dir / f"edited-val-{kind}-{each.value}"
        plans = {kind: single(each, decoy=decoy)}
        scored[each] = score(
            scorer, write_edited(records, plans, folder, config.seed), config.size_px
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
        rgb = preprocess(read_rgb(sample.path), size_px)
        return rgb if change is None else recolour(rgb, change)

    labels = np.array([s.labels.array() for s in samples], np.float64).reshape(len(samples), 5)
    return Scored(samples, _logits(scorer, samples, image), labels)


def _logits(scorer: Scorer, samples: list[Sample], image: Callable[[Sample], RGB]) -> Array:
    parts = [np.empty((0, 5))]
    for start in range(0, len(samples), _BATCH):
        batch = np.stack([image(s) for s in samples[start : start + _BATCH]])
        parts.append(scorer(batch))
    return np.concatenate(parts)
