"""The network's logits on validation cells: real, edited and recoloured, kept apart."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from app.domain.abnormality import Abnormality
from app.imaging.preprocess import preprocess
from app.training.augment import NAMED_CASTS, StainChange, recolour
from app.training.calibrate import Array
from app.training.config import TrainConfig
from app.training.dataset import Record, Sample, Split, read_records, read_rgb, real_samples
from app.training.edited import single, write_edited
from app.training.lesions import RGB
from app.training.network import SmearNetwork

_BATCH = 32


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
        The real cells under each of `NAMED_CASTS`.
    """

    real: Scored
    lesions: dict[Abnormality, Scored]
    decoys: dict[Abnormality, Scored]
    casts: dict[str, Scored]


def score_validation(network: SmearNetwork, config: TrainConfig) -> Validation:
    """Read, edit and score the validation split."""
    records = [r for r in read_records(config.data_dir) if r.split is Split.VAL]
    records = _limited(records, config.evaluation_limit)
    real = real_samples(records)
    return Validation(
        real=score(network, real, config.size_px),
        lesions=_edited(network, config, records, decoy=False),
        decoys=_edited(network, config, records, decoy=True),
        casts={
            name: score(network, real, config.size_px, change)
            for name, change in NAMED_CASTS.items()
        },
    )


def _limited(records: list[Record], limit: int | None) -> list[Record]:
    if limit is None:
        return records
    pmn = [r for r in records if r.is_pmn]
    return pmn[:limit] + [r for r in records if not r.is_pmn][:limit]


def _edited(
    network: SmearNetwork, config: TrainConfig, records: list[Record], *, decoy: bool
) -> dict[Abnormality, Scored]:
    kind = "decoy" if decoy else "lesion"
    scored = {}
    for each in Abnormality:
        folder = config.scratch_dir / f"edited-val-{kind}-{each.value}"
        plans = {kind: single(each, decoy=decoy)}
        scored[each] = score(
            network, write_edited(records, plans, folder, config.seed), config.size_px
        )
    return scored


def score(
    network: SmearNetwork,
    samples: list[Sample],
    size_px: int,
    change: StainChange | None = None,
) -> Scored:
    """Run the network in evaluation mode over samples, recoloured if asked."""

    def image(sample: Sample) -> RGB:
        rgb = preprocess(read_rgb(sample.path), size_px)
        return rgb if change is None else recolour(rgb, change)

    labels = np.array([s.labels.array() for s in samples], np.float64).reshape(len(samples), 5)
    return Scored(samples, _logits(network, samples, image), labels)


def _logits(network: SmearNetwork, samples: list[Sample], image: Callable[[Sample], RGB]) -> Array:
    network.eval()
    parts = [np.empty((0, 5))]
    with torch.inference_mode():
        for start in range(0, len(samples), _BATCH):
            batch = np.stack([image(s) for s in samples[start : start + _BATCH]])
            parts.append(network.logits(torch.from_numpy(batch)).double().numpy())
    return np.concatenate(parts)
