"""Whether a variant of a network may be shipped: measured beside it, on validation cells."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from app.domain.abnormality import Abnormality
from app.domain.bundle import NOVELTY, PMN
from app.training.calibrate import Array
from app.training.manifest import INPUT

LEAST_SPEED_RATIO = 1.15
MOST_AUC_LOSS = 0.005
MOST_CHANGED_SHARE = 0.02

_LABELS = (PMN, *(each.value for each in Abnormality))
_LEAST_OF_A_CLASS = 5
# As in serving: so many images at a time, and one thread for each session.
_SLICE = 4
_ROUNDS, _SLICES_A_ROUND = 15, 3

Run = Callable[[NDArray[np.uint8]], Array]
"""From images (N, size, size, 3) to probabilities (N, 5), PMN first, and then novelty if wanted."""


@dataclass(frozen=True)
class Group:
    """Images of one kind.

    Parameters
    ----------
    kind
        In words: "real", "edited"; figures of two kinds are never mixed.
    images
        (N, size, size, 3).
    labels
        (N, 5), PMN first; NaN means unknown.
    """

    kind: str
    images: NDArray[np.uint8]
    labels: Array


@dataclass(frozen=True)
class Comparison:
    """A variant beside the network it was made from.

    Parameters
    ----------
    speed_ratio
        How many times as many images it classifies in the same time, on the CPU of the export.
    auc
        By label and kind of images, as "vacuole, real": ROC-AUC of the network and of the variant.
    largest_shift
        The largest difference of any probability.
    changed
        Cells on which at least one call at the bundle's thresholds differs, of `cells`.
    made
        In words, how the variant was made, where several were tried.
    """

    speed_ratio: float
    auc: Mapping[str, tuple[float, float]]
    largest_shift: float
    changed: int
    cells: int
    made: str = ""

    @property
    def objections(self) -> tuple[str, ...]:
        """Why the variant may not be shipped, in sentences; none if it may."""
        said = []
        if not self.speed_ratio >= LEAST_SPEED_RATIO:
            said.append(f"It is {self.speed_ratio:.2f} times as fast, not {LEAST_SPEED_RATIO}.")
        for name, (full, variant) in self.auc.items():
            if not full - variant < MOST_AUC_LOSS:
                said.append(f"{name}: its AUC is {variant:.4f} instead of {full:.4f}.")
        if not self.changed <= MOST_CHANGED_SHARE * self.cells:
            said.append(f"It calls {self.changed} of {self.cells} cells otherwise.")
        return tuple(said)

    def figures(self) -> dict[str, Any]:
        """What was measured, for JSON."""
        return {
            "speed_ratio": round(self.speed_ratio, 2),
            "auc": {
                name: {"fp32": round(full, 5), "variant": round(variant, 5)}
                for name, (full, variant) in self.auc.items()
            },
            "largest_shift": round(self.largest_shift, 4),
            "cells_called_otherwise": self.changed,
            "cells": self.cells,
        }


def compare(
    full: Path, variant: Path, groups: Sequence[Group], thresholds: Mapping[str, float]
) -> Comparison:
    """Measure a variant on every group.

    Parameters
    ----------
    thresholds
        By "pmn", the abnormalities' values and, where the graphs measure it, "novelty".
    """
    wanted = [*_LABELS, NOVELTY] if NOVELTY in thresholds else list(_LABELS)
    runs = [open_graph(path, novelty=NOVELTY in thresholds) for path in (full, variant)]
    cuts = np.array([thresholds[name] for name in wanted])
    found = [[np.concatenate([run(p) for p in _slices(g.images)]) for run in runs] for g in groups]
    shifts = [np.abs(a - b)[:, : len(_LABELS)].max() for a, b in found]
    changed = [((a >= cuts) != (b >= cuts)).any(axis=1).sum() for a, b in found]
    return Comparison(
        speed_ratio=speed_ratio(
            _timed(runs[0], groups[0].images), _timed(runs[1], groups[0].images)
        ),
        auc=_areas(groups, found),
        largest_shift=float(max(shifts)),
        changed=int(sum(changed)),
        cells=sum(len(g.images) for g in groups),
    )


def open_graph(path: Path, *, novelty: bool) -> Run:
    """Open an exported graph on one thread, as serving does."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    wanted = ["pmn_probability", "abnormality_probabilities", *([NOVELTY] if novelty else [])]

    def run(images: NDArray[np.uint8]) -> Array:
        parts = session.run(wanted, {INPUT: images})
        return np.concatenate([part.reshape(len(images), -1) for part in parts], 1).astype(float)

    return run


def speed_ratio(
    first: Callable[[], object],
    second: Callable[[], object],
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """How many times as fast as the first the second is: the median of rounds.

    In each round one runs after the other, so that other work on the machine slows both alike.
    """

    def seconds(work: Callable[[], object]) -> float:
        began = clock()
        work()
        return clock() - began

    return float(np.median([seconds(first) / seconds(second) for _ in range(_ROUNDS)]))


def _timed(run: Run, images: NDArray[np.uint8]) -> Callable[[], object]:
    slices = list(_slices(images))[:_SLICES_A_ROUND]
    return lambda: [run(part) for part in slices]


def _slices(images: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    return [images[start : start + _SLICE] for start in range(0, len(images), _SLICE)]


def _areas(
    groups: Sequence[Group], found: Sequence[Sequence[Array]]
) -> dict[str, tuple[float, float]]:
    """Of the labels of which a group has both classes; of one kind, the groups come together."""
    areas = {}
    for kind in dict.fromkeys(g.kind for g in groups):
        chosen = [i for i, g in enumerate(groups) if g.kind == kind]
        labels = np.concatenate([groups[i].labels for i in chosen])
        full, variant = (np.concatenate([found[i][side] for i in chosen]) for side in (0, 1))
        for column, name in enumerate(_LABELS):
            known = ~np.isnan(labels[:, column])
            truth = labels[known, column]
            if min((truth == 1).sum(), (truth == 0).sum()) >= _LEAST_OF_A_CLASS:
                areas[f"{name}, {kind}"] = (
                    float(roc_auc_score(truth, full[known, column])),
                    float(roc_auc_score(truth, variant[known, column])),
                )
    return areas
