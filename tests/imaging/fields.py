"""Whole fields of view with boxes and crops of single cells, real, edited and drawn."""

import csv
import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.imaging.synthetic import (
    GIEMSA_BLUE,
    MAY_GRUENWALD_GIEMSA,
    WRIGHT_MAGENTA,
    StainLook,
    SyntheticCell,
    render_frame,
)
from app.imaging.synthetic.outline import cell_outline, natural_unit_px, tight_canvas
from app.imaging.synthetic.stain import Colour
from app.training.lesions import Edit, draw

_LEUKOCYTE = 0
_LOOKS = (MAY_GRUENWALD_GIEMSA, WRIGHT_MAGENTA, GIEMSA_BLUE)
_USUAL_FRAME_PX = 360


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


@dataclass(frozen=True)
class PaleCell:
    """A frame (height, width, 3) RGB of one cell whose cytoplasm was drawn or edited.

    Parameters
    ----------
    box
        left, top, right, bottom of the crop that an analyser would cut, in px.
    outline
        (n, 2) x and y of the cell's contour in px; None if only the box is known.
    """

    rgb: NDArray[np.uint8]
    box: tuple[int, int, int, int]
    outline: NDArray[np.float64] | None = None


def draw_cell(
    seed: int,
    abnormalities: Collection[Abnormality],
    severity: float = 1.0,
    size_px: tuple[int, int] = (360, 363),
    contrast: float = 1.0,
) -> PaleCell:
    """Draw the synthetic cell of a seed in a frame (width, height); the seed chooses the stain.

    Parameters
    ----------
    contrast
        Of the cytoplasm with the background, in shares of what the stain shows.
    """
    look = _faded(_LOOKS[seed % 3], contrast)
    spec = SyntheticCell(frozenset(abnormalities), seed, severity, stain=look)
    width, height = size_px
    scale = (min(size_px) / _USUAL_FRAME_PX) ** 0.6
    contour, unit_px = cell_outline(spec), natural_unit_px(spec) * scale
    cell = tight_canvas(spec, contour, unit_px)
    left, top = (width - cell.width_px) // 2, (height - cell.height_px) // 2
    outline = contour * unit_px + np.add(cell.origin_px, (left, top))
    box = (left, top, left + cell.width_px, top + cell.height_px)
    return PaleCell(render_frame(spec, width, height), box, outline)


def _faded(look: StainLook, contrast: float) -> StainLook:
    def fade(colour: Colour) -> Colour:
        red, green, blue = (
            empty + contrast * (full - empty)
            for full, empty in zip(colour, look.background, strict=True)
        )
        return red, green, blue

    return replace(look, cytoplasm=fade(look.cytoplasm), clear_cytoplasm=fade(look.clear_cytoplasm))


def pale_copy(field: Field, chance: np.random.Generator) -> PaleCell | None:
    """Take the granules from the one leukocyte of a real image; None where that fails."""
    left, top, right, bottom = field.leukocytes[0]
    window = np.s_[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    edited = degranulate(field.rgb[window], chance)
    if edited is None:
        return None
    rgb = field.rgb.copy()
    rgb[window] = edited
    return PaleCell(rgb, field.leukocytes[0])


def degranulate(crop: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8] | None:
    """Take the granules from a tight crop (height, width, 3) and pale its cytoplasm."""
    return draw(np.ascontiguousarray(crop), Edit(Abnormality.HYPOGRANULARITY), chance)
