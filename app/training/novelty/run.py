"""Novelty from a trained network to a fitted reference and its figures, in one call."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from app.domain.errors import DatasetRefused
from app.training.datasets.sample import Sample
from app.training.evaluate import Figure
from app.training.novelty.figures import measure_novelty
from app.training.novelty.images import Make, NoveltyImages, Sizes, made, novelty_images
from app.training.novelty.reference import Embedded, NoveltyReference, fit_novelty
from app.training.train import Progress, silent

Embedder = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Maps network inputs (N, size, size, 3) to embeddings (N, D) and uncalibrated PMN logits (N,)."""

_BATCH = 8
_FEW = 4
_DEFAULT_SIZES = Sizes()


@dataclass(frozen=True)
class NoveltyResult:
    """What goes into the graph, and what goes onto the card."""

    reference: NoveltyReference
    figures: list[Figure]


def novelty_of(
    embed: Embedder,
    samples: Sequence[Sample],
    size_px: int,
    pmn_cut: float,
    *,
    fields: Path | None = None,
    seed: int = 0,
    sizes: Sizes = _DEFAULT_SIZES,
    tell: Progress | None = None,
) -> NoveltyResult:
    """Fit the novelty of a trained network, and measure it.

    Takes about five minutes on two cores.

    Parameters
    ----------
    embed
        The network, for example `exported_embedder`.
    samples
        Cells of all data sets with their splits: the training split is the reference, the
        validation split sets the limits and is measured, the test split is measured only.
    pmn_cut
        Uncalibrated logit from which the bundle takes a cell for a PMN.
    fields
        Folder of fields of view with YOLO boxes, for red cells, platelets and ground.

    Raises
    ------
    DatasetRefused
        Where a split has too few neutrophils or other leukocytes.
    """
    images = novelty_images(samples, size_px, fields, seed, sizes)
    _check(images)
    say = tell or silent
    say("Novelty: embedding the training cells", 0.0)
    neutrophils = _embedded(embed, images.neutrophils)
    say("Novelty: embedding the validation cells", 0.5)
    validation = _each(embed, images.validation)
    changed = _each(embed, _changed(images))
    leukocytes = _each(embed, images.validation_others)
    say("Novelty: fitting", 0.85)
    reference = fit_novelty(neutrophils, _joined([*validation.values()]), changed, pmn_cut, seed)
    say("Novelty: embedding what is no cell", 0.9)
    outsiders = _each(embed, images.outsiders)
    unseen = {
        centre: (_embedded(embed, pmn), _embedded(embed, rest))
        for centre, (pmn, rest) in images.unseen.items()
    }
    figures = measure_novelty(
        reference, pmn_cut, validation, changed, leukocytes, outsiders, unseen
    )
    return NoveltyResult(reference, figures)


def exported_embedder(path: Path, pmn_weight: NDArray[np.float32], pmn_bias: float) -> Embedder:
    """Embed with an exported graph, one thread a call: `novelty_of` calls from several.

    Parameters
    ----------
    pmn_weight, pmn_bias
        (D,) and a number: the last layer's row for the PMN logit, before calibration.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def embed(images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        (embedding,) = session.run(["embedding"], {"images": images})
        return embedding, np.asarray(embedding @ pmn_weight + pmn_bias, np.float32)

    return embed


def _changed(images: NoveltyImages) -> dict[str, Sequence[Make]]:
    recoloured = {f"real, recoloured ({name})": part for name, part in images.recoloured.items()}
    return {**recoloured, **{f"edited ({name})": part for name, part in images.edited.items()}}


def _each(embed: Embedder, kinds: Mapping[str, Sequence[Make]]) -> dict[str, Embedded]:
    return {name: _embedded(embed, makers) for name, makers in kinds.items()}


def _embedded(embed: Embedder, makers: Sequence[Make]) -> Embedded:
    """Make and embed images, two batches at a time; those that could not be made are left out."""

    def one(batch: list[Make]) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        images = [image for make in batch if (image := make()) is not None]
        return embed(np.stack(images)) if images else None

    with ThreadPoolExecutor(2) as threads:
        parts = [part for part in threads.map(one, made(makers, _BATCH)) if part is not None]
    if not parts:
        return Embedded(np.empty((0, 0)), np.empty(0))
    embedding, logit = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Embedded(embedding.astype(np.float64), logit.astype(np.float64))


def _joined(parts: Sequence[Embedded]) -> Embedded:
    return Embedded(
        np.concatenate([part.embedding for part in parts]),
        np.concatenate([part.pmn_logit for part in parts]),
    )


def _check(images: NoveltyImages) -> None:
    counts = {
        "training neutrophils": len(images.neutrophils),
        "validation neutrophils": sum(map(len, images.validation.values())),
        "other validation leukocytes": sum(map(len, images.validation_others.values())),
    }
    for name, count in counts.items():
        if count < _FEW:
            raise DatasetRefused(
                f"The data sets hold {count} {name}; novelty needs at least {_FEW}. Add cells, or "
                "train without novelty."
            )
