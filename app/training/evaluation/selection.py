"""Which cells are evaluated, and whether the bundle may have seen them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.domain.errors import DatasetRefused
from app.training.datasets.folder import Dataset, Sample, Split


class Choice(StrEnum):
    """The value of `--split`."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"
    ALL = "all"


@dataclass(frozen=True)
class Selection:
    """The evaluated lines of a data set.

    Parameters
    ----------
    why
        A sentence that says how the split was chosen.
    """

    split: Choice
    why: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Independence:
    """What the manifest says of these cells.

    Parameters
    ----------
    alarming
        Whether the figures are, or may be, measured on cells that the bundle was made with.
    """

    alarming: bool
    sentence: str


def select(dataset: Dataset, wanted: Choice | None) -> Selection:
    """Take the wanted split; without one the test split, else val, else all cells.

    Raises
    ------
    DatasetRefused
        If the wanted split has no cell.
    """
    if wanted is not None:
        samples = _of(dataset, wanted)
        if not samples:
            found = sorted({str(s.split) for s in dataset.samples if s.split}) or ["none"]
            raise DatasetRefused(
                f"The data set has no cell in the split {wanted}; it has: {', '.join(found)}. "
                "Name one of these with --split, or all."
            )
        return Selection(wanted, "Asked for with --split.", samples)
    for choice, why in _DEFAULTS:
        if samples := _of(dataset, choice):
            return Selection(choice, why, samples)
    raise DatasetRefused("The data set holds no cell.")


def judge_independence(
    dataset: Dataset, split: Choice, manifest: Mapping[str, Any]
) -> Independence:
    """Say whether weights, temperatures or thresholds were chosen on these cells.

    Parameters
    ----------
    manifest
        The JSON content of the bundle's `manifest.json`. Its `training_data`, and
        `calibration_data` where there is one, name data sets; an entry may carry a `split`.
    """
    if split is Choice.TRAIN:
        return Independence(
            alarming=True,
            sentence="These are TRAINING cells. The network may have learnt them by heart: no "
            "figure here says how it reads other cells.",
        )
    entries = [*manifest.get("training_data", ()), *manifest.get("calibration_data", ())]
    named = [entry for entry in entries if _names(entry, dataset)]
    if not named:
        return Independence(
            alarming=False,
            sentence="The bundle's manifest does not name this data set. Whether single images "
            "are in both was not checked.",
        )
    source = named[0].get("name", "")
    if split is Choice.TEST and not any(entry.get("split") == Choice.TEST for entry in named):
        return Independence(
            alarming=False,
            sentence=f"The bundle was made with other cells of this data set ({source}): this is "
            "a test within one source, not an external one.",
        )
    return Independence(
        alarming=True,
        sentence=f"The bundle was made with this data set ({source}): its temperatures and "
        "thresholds were CHOSEN ON these cells, or on cells beside them. The figures flatter it; "
        "they are a first look, not a test.",
    )


_DEFAULTS = (
    (Choice.TEST, "The data set has a test split, so it was taken."),
    (Choice.VAL, "The data set has no test split, so the validation split was taken."),
    (Choice.ALL, "The data set has no test and no validation split, so all cells were taken."),
)
# Too common to tell one data set from another.
_COMMON_WORDS = {"data", "dataset", "set", "cells", "images", "the", "of", "and"}


def _of(dataset: Dataset, choice: Choice) -> tuple[Sample, ...]:
    if choice is Choice.ALL:
        return dataset.samples
    return tuple(s for s in dataset.samples if s.split is Split(choice.value))


def _names(entry: object, dataset: Dataset) -> bool:
    """Tell whether the one name holds all telling words of the other."""
    if not isinstance(entry, Mapping):
        return False
    theirs, ours = _words(str(entry.get("name", ""))), _words(dataset.name)
    return bool(ours) and bool(theirs) and (ours <= theirs or theirs <= ours)


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", name.lower())) - _COMMON_WORDS
