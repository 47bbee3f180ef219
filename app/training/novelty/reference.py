"""The reference that novelty is measured against, and how it is measured.

An embedding's distance is one minus its largest cosine similarity to a few hundred prototypes:
the nearest neighbour (Sun et al., ICML 2022) at a cost that does not grow with the training set.
`docs/decisions/0009-out-of-distribution.md` says what else was tried, and how it compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.training.calibrate import Array

NOVELTY_THRESHOLD = 1.0
"""From here a cell is unlike the learnt neutrophils."""

PROTOTYPES = 256

# Of the neutrophils that the limit is fitted on, so many may lie beyond it.
_FLAGGED_SHARE = 0.01
# The same for each kind that must not be flagged more often (recoloured, edited).
_GUARDED_SHARE = 0.015
# The PMN logit counts less than the distance, and only as far: a photograph can have any.
LOGIT_WEIGHT = 0.5
MOST_LOGIT = 4.0


@dataclass(frozen=True)
class NoveltyReference:
    """What novelty is measured against.

    Parameters
    ----------
    neutrophils
        (K, D), unit vectors: prototypes of the learnt neutrophils.
    distance_scale
        The distance that counts 1.
    logit_middle, logit_scale
        PMN logit of a usual neutrophil, and how far below it counts 1.
    limit
        The unlikeness that becomes a novelty of 1.
    """

    neutrophils: NDArray[np.float32]
    distance_scale: float
    logit_middle: float
    logit_scale: float
    limit: float


@dataclass(frozen=True)
class Embedded:
    """Embeddings (N, D) and uncalibrated PMN logits (N,) of some images."""

    embedding: Array
    pmn_logit: Array


def fit_novelty(
    neutrophils: Embedded,
    held_out: Embedded,
    guarded: Mapping[str, Embedded],
    pmn_cut: float,
    seed: int = 0,
) -> NoveltyReference:
    """Choose prototypes on training cells and the limit on validation cells.

    Parameters
    ----------
    neutrophils
        Of the training split: untouched, recoloured and edited.
    held_out
        Untouched ones of the validation split.
    guarded
        Validation neutrophils, recoloured or edited, each kind by itself: abnormal neutrophils
        are what is looked for, and must not be flagged.
    pmn_cut
        Uncalibrated logit from which the bundle takes a cell for a PMN. The limit is set on the
        neutrophils that would be counted: among the others are cells with a wrong label, which
        would widen it.
    """
    near = prototypes(neutrophils.embedding, PROTOTYPES, seed)
    middle = float(np.median(neutrophils.pmn_logit))
    reference = NoveltyReference(
        neutrophils=near,
        distance_scale=_positive(np.quantile(distances(held_out.embedding, near), 0.95)),
        logit_middle=middle,
        logit_scale=_positive(middle - np.quantile(neutrophils.pmn_logit, 0.01)),
        limit=1.0,
    )
    shares = [(held_out, _FLAGGED_SHARE), *((kind, _GUARDED_SHARE) for kind in guarded.values())]
    limits = [_limit(cells, reference, pmn_cut, share) for cells, share in shares]
    return replace(reference, limit=_positive(max(limits)))


def _limit(cells: Embedded, reference: NoveltyReference, pmn_cut: float, share: float) -> float:
    """The unlikeness that a share of the cells which are taken for PMN exceed; 0 without any."""
    counted = cells.pmn_logit >= pmn_cut
    if not counted.any():
        return 0.0
    return float(np.quantile(unlikeness(cells, reference)[counted], 1 - share))


def prototypes(embedding: Array, count: int, seed: int) -> NDArray[np.float32]:
    """Reduce embeddings (N, D) to at most `count` unit vectors, the middles of clusters."""
    from sklearn.cluster import MiniBatchKMeans  # noqa: PLC0415 - an extra

    unit = _unit(embedding).astype(np.float32)
    if len(unit) > count:
        clusters = MiniBatchKMeans(count, random_state=seed, n_init=1, batch_size=1024)
        unit = _unit(clusters.fit(unit).cluster_centers_).astype(np.float32)
    return np.asarray(unit, np.float32)


def distances(embedding: Array, vectors: NDArray[np.float32]) -> Array:
    """One minus the cosine similarity of each embedding (N, D) to the nearest vector: (N,)."""
    return np.asarray(1 - (_unit(embedding) @ vectors.T.astype(np.float64)).max(axis=1))


def unlikeness(cells: Embedded, reference: NoveltyReference) -> Array:
    """Say how unlike neutrophils cells are, before the limit makes it 1: (N,), 0 or more."""
    distance = distances(cells.embedding, reference.neutrophils) / reference.distance_scale
    below = (reference.logit_middle - cells.pmn_logit) / reference.logit_scale
    return np.asarray(distance + LOGIT_WEIGHT * np.clip(below, 0, MOST_LOGIT))


def novelty(cells: Embedded, reference: NoveltyReference) -> Array:
    """Novelty of cells: (N,), 0 or more. `graph.Novelty` does the same inside the network."""
    return np.asarray(unlikeness(cells, reference) / reference.limit)


def _unit(embedding: Array) -> Array:
    length = np.linalg.norm(embedding, axis=1, keepdims=True)
    # An embedding of zeros points nowhere, and is near to nothing.
    return np.asarray(embedding / np.maximum(length, 1e-12))


def _positive(value: float | np.floating) -> float:
    """Keep a scale from being zero, as on a handful of equal cells."""
    return max(float(value), 1e-6)
