"""The public single-cell data set, and what of each cell is known.

The folder holds `images/` and `cells.csv` with the columns `file, frame, cell_type, split,
nucleus_shape, cytoplasm_vacuole, ...`. The split is by frame (one frame, one cell here). No
patient identifiers exist, so cells of one donor may lie on both sides of it.
"""

import csv
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.imaging.segmentation import segment
from app.training.contour import clearly_smooth

UNKNOWN = float("nan")
"""A label that nobody gave: left out of the loss and of every figure."""

_NEUTROPHILS = {"segmented neutrophil", "band neutrophil", "neutrophil"}


class Split(StrEnum):
    """The side of the data set's own division that a cell lies on."""

    TRAIN = "train"
    VAL = "val"


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
class Record:
    """One line of `cells.csv`."""

    path: Path
    cell_type: str
    split: Split
    nucleus_shape: str
    vacuole: str

    @property
    def is_pmn(self) -> bool:
        """Segmented or band; metamyelocytes and what comes before them are not."""
        return self.cell_type in _NEUTROPHILS


@dataclass(frozen=True)
class Sample:
    """One image to learn from or to measure on.

    `origin` is "real", or for an edited cell its edits, as "vacuole" or "decoy vacuole",
    joined by "+".
    """

    path: Path
    labels: Labels
    origin: str = "real"


def read_records(root: Path) -> list[Record]:
    """Read every cell of the data set in `root`."""
    with (root / "cells.csv").open(newline="", encoding="utf-8") as file:
        return [_record(root, row) for row in csv.DictReader(file)]


def _record(root: Path, row: dict[str, str]) -> Record:
    return Record(
        path=root / "images" / row["file"],
        cell_type=row["cell_type"],
        split=Split(row["split"]),
        nucleus_shape=row["nucleus_shape"],
        vacuole=row["cytoplasm_vacuole"],
    )


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read an image: (height, width, 3), 0-255, RGB order."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise FileNotFoundError(f"{path} is not an image that can be read")
    return np.ascontiguousarray(bgr[:, :, ::-1]).astype(np.uint8, copy=False)


def real_samples(records: list[Record]) -> list[Sample]:
    """Label the untouched images."""
    return [Sample(record.path, label(record)) for record in records]


def label(record: Record) -> Labels:
    """Say what is known of an untouched cell of a healthy donor."""
    if not record.is_pmn:
        return Labels(0.0, (UNKNOWN,) * len(Abnormality))
    known = {
        Abnormality.PSEUDO_PELGER: _pelger(record),
        Abnormality.NUCLEAR_SPIKE: _spike(record),
        Abnormality.VACUOLE: {"yes": 1.0, "no": 0.0}.get(record.vacuole, UNKNOWN),
        Abnormality.HYPOGRANULARITY: 0.0,
    }
    return Labels(1.0, tuple(known[each] for each in Abnormality))


def _pelger(record: Record) -> float:
    """Healthy donors have none, but a round nucleus cannot serve as an example of that."""
    return UNKNOWN if record.nucleus_shape == "unsegmented-round" else 0.0


def _spike(record: Record) -> float:
    """About one healthy neutrophil in nine has a small appendage: only clear outlines count."""
    return 0.0 if clearly_smooth(segment(read_rgb(record.path))) else UNKNOWN
