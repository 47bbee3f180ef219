"""One annotated image of a cell: where it lies, what is known of it, and its pixels."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.cell import Box
from app.domain.errors import DatasetRefused
from app.imaging.locate import MARGIN_SHARE

UNKNOWN = float("nan")
"""A label that nobody gave: left out of the loss and of every figure."""

REAL = "real"
"""The origin of a cell that nothing was drawn onto."""


class Split(StrEnum):
    """The side of a data set's own division that a cell lies on."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


@dataclass(frozen=True)
class Labels:
    """What is known of one cell: 1, 0 or `UNKNOWN`.

    `abnormalities` follows the order of `Abnormality`; it is all `UNKNOWN` on other leukocytes,
    where the four features have no meaning here.
    """

    pmn: float
    abnormalities: tuple[float, ...]

    def of(self, label: Abnormality) -> float:
        """The value of one abnormality."""
        return self.abnormalities[list(Abnormality).index(label)]

    def array(self) -> NDArray[np.float32]:
        """(5,) PMN first, then the abnormalities; NaN where unknown."""
        return np.array([self.pmn, *self.abnormalities], np.float32)


@dataclass(frozen=True)
class Sample:
    """One cell to learn from or to measure on.

    Parameters
    ----------
    origin
        "real", "synthetic", or for an edited cell its edits, as "vacuole" or "decoy vacuole",
        joined by "+".
    patient
        The study's own identifier; empty where the data name none.
    box
        The cell in its image, in px; None where the image shows nothing but the cell.
    """

    path: Path
    labels: Labels
    origin: str = REAL
    patient: str = ""
    group: str = ""
    centre: str = ""
    split: Split | None = None
    cell_type: str = ""
    box: Box | None = None


@dataclass(frozen=True)
class Reading:
    """What one reader saw in one image, for the agreement of readers."""

    path: Path
    reader: str
    labels: Labels


@dataclass(frozen=True)
class Dataset:
    """An annotated data set, wherever its images lie."""

    name: str
    licence: str
    source: str
    description: str
    samples: tuple[Sample, ...]
    readings: tuple[Reading, ...] = ()


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read an image: (height, width, 3), 0-255, RGB order; the EXIF orientation is applied.

    Raises
    ------
    DatasetRefused
        The file is missing or is not an image.
    """
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise DatasetRefused(
            f"{path} is not an image that can be read. "
            "Replace the file, or remove its line from dataset.csv."
        )
    return np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)


def read_crop(sample: Sample) -> NDArray[np.uint8]:
    """Read the cell alone: (height, width, 3), 0-255, RGB order.

    The whole image, or the sample's box with the margin that training crops have.

    Raises
    ------
    DatasetRefused
        The image cannot be read, or the box reaches beyond it.
    """
    return crop_of(sample, read_rgb(sample.path))


def crop_of(sample: Sample, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut the cell out of its image (height, width, 3), as `read_crop` does."""
    box = sample.box
    if box is None:
        return rgb
    height, width = rgb.shape[:2]
    if box.right > width or box.bottom > height:
        raise DatasetRefused(
            f"{sample.path} has {width} x {height} pixels, and the cell's box ends at "
            f"{box.right}, {box.bottom}. Correct the box in dataset.csv."
        )
    margin = round(MARGIN_SHARE * (box.width + box.height) / 2)
    top, left = max(0, box.top - margin), max(0, box.left - margin)
    return np.ascontiguousarray(rgb[top : box.bottom + margin, left : box.right + margin])
