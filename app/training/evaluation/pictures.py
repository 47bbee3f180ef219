"""The cells on which the classifier errs most, as pictures inside the page."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.errors import DatasetRefused, ImageRefused
from app.imaging.decode import ImageLimits, encode_jpeg_thumbnail
from app.training.evaluation.labels import LabelCells
from app.training.evaluation.reading import EvaluatedCell, crop_of

SHOWN = 8
_SIZE_PX = 128


@dataclass(frozen=True)
class Picture:
    """One cell: its number in `predictions.csv`, and its crop as a data URI."""

    number: int
    probability: float
    flags: tuple[str, ...]
    uri: str


@dataclass(frozen=True)
class Confusions:
    """The worst errors of one label.

    Parameters
    ----------
    false_positives
        Highest probability first.
    false_negatives
        Lowest probability first.
    """

    false_positives: tuple[Picture, ...]
    false_positive_count: int
    false_negatives: tuple[Picture, ...]
    false_negative_count: int


def worst_errors(data: LabelCells, limits: ImageLimits, shown: int = SHOWN) -> Confusions:
    """Pictures of a label's worst errors at its threshold; images are read again for them."""
    called = data.probabilities >= data.threshold
    wrong_calls = np.flatnonzero(called & (data.labels == 0))
    missed = np.flatnonzero(~called & (data.labels == 1))
    worst_calls = wrong_calls[np.argsort(-data.probabilities[wrong_calls], kind="stable")]
    worst_missed = missed[np.argsort(data.probabilities[missed], kind="stable")]
    return Confusions(
        _pictures(data, worst_calls[:shown].tolist(), limits),
        len(wrong_calls),
        _pictures(data, worst_missed[:shown].tolist(), limits),
        len(missed),
    )


def _pictures(data: LabelCells, chosen: Sequence[int], limits: ImageLimits) -> tuple[Picture, ...]:
    found = (_picture(data.cells[i], float(data.probabilities[i]), limits) for i in chosen)
    return tuple(picture for picture in found if picture is not None)


def _picture(cell: EvaluatedCell, probability: float, limits: ImageLimits) -> Picture | None:
    try:
        content = encode_jpeg_thumbnail(crop_of(cell.sample, limits), _SIZE_PX)
    except (ImageRefused, DatasetRefused, OSError):
        return None  # It was read a minute ago, so someone has just moved it: a figure less.
    flags = cell.read.cell.quality.flags if cell.read else ()
    uri = "data:image/jpeg;base64," + base64.b64encode(content).decode()
    return Picture(cell.number, probability, tuple(flag.wording.lower() for flag in flags), uri)
