"""Reads whole fields of view with boxes, and crops of single cells, for measuring."""

import csv
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_LEUKOCYTE = 0


@dataclass(frozen=True)
class Field:
    """One TXL-PBC image (height, width, 3) RGB with the boxes left, top, right, bottom in px."""

    name: str
    rgb: NDArray[np.uint8]
    leukocytes: tuple[tuple[int, int, int, int], ...]

    @property
    def source(self) -> str:
        """The image's size, which tells the sources apart."""
        height, width = self.rgb.shape[:2]
        return {360: "360x363", 366: "366x369"}.get(width, f"{width}x{height}")


def data_folder() -> Path | None:
    """Return the folder of real images, if there is one."""
    named = os.environ.get("VEXASCOPE_TEST_DATA")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "data"
    return folder if (folder / "pbc" / "cells.csv").exists() else None


def is_dev(name: str) -> bool:
    """Tell whether an image belongs to the half on which everything was fitted and tuned."""
    return hashlib.sha256(name.encode()).digest()[-1] % 2 == 0


def read_rgb(path: Path) -> NDArray[np.uint8]:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def read_fields(data: Path) -> Iterator[Field]:
    """Yield every TXL-PBC image with its boxes of leukocytes."""
    folder = data / "fields" / "txl_pbc"
    for path in sorted((folder / "images").glob("*/*")):
        rgb = read_rgb(path)
        labels = folder / "labels" / path.parent.name / f"{path.stem}.txt"
        yield Field(path.stem, rgb, tuple(_boxes(labels.read_text(), rgb.shape)))


def read_cells(data: Path) -> list[dict[str, str]]:
    """Return the rows of pbc/cells.csv."""
    with (data / "pbc" / "cells.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def _boxes(text: str, shape: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    height, width = shape[:2]
    for line in text.splitlines():
        kind, *shares = line.split()
        x, y, across, down = (float(share) for share in shares)
        if int(kind) == _LEUKOCYTE:
            yield (
                round((x - across / 2) * width),
                round((y - down / 2) * height),
                round((x + across / 2) * width),
                round((y + down / 2) * height),
            )
