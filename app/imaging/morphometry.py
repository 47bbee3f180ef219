"""Measures of one granulocyte: numbers that a reader can check, and weak labels for training.

Nothing here is learnt. Lengths are shares of the cell's own diameter, areas of its area, and stain
is optical density against the image's own background, so that cells of different cameras, scales
and stains compare. What the measures are worth is in `docs/morphometry.md`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.message import message
from app.imaging.cytoplasm import Cytoplasm, Hole, read_cytoplasm
from app.imaging.lobes import Lobes, find_lobes, without_debris
from app.imaging.protrusions import (
    SHORTEST_PX,
    USUAL_SIDE_PX,
    Protrusion,
    clearly_smooth,
    longest_protrusion_px,
    protrusions,
)
from app.imaging.segmentation import CellMasks, Mask, segment
from app.imaging.stain import measure_stain

__all__ = [
    "Examined",
    "Hole",
    "Morphometry",
    "NotMeasured",
    "Outlines",
    "clearly_smooth",
    "examine",
    "longest_protrusion_px",
    "measure",
    "weak_labels",
]

Line = NDArray[np.float64]
"""(points, 2): x and y in pixels of the crop; closed."""

_LEAST_SIDE_PX = 40
# A crop larger than this many usual ones is measured on a copy of usual size.
_LARGEST_SCALE = 1.5
_CHROMATIN_CORE_PX = 3.0
_LEAST_DENSITY = 1e-3


@dataclass(frozen=True)
class Morphometry:
    """The measures of one cell.

    Parameters
    ----------
    cell_diameter_px
        Of the disc with the cell's area, in pixels of the crop. The unit of all lengths below.
    nucleus_share
        Area of the nucleus in areas of the cell, 0-1.
    nucleus_to_cytoplasm
        Area of the nucleus in areas of the cytoplasm.
    lobe_count
        Parts of the nucleus between necks of less than a third of their width (`lobes.py`).
    narrowest_neck
        Width of the narrowest neck in widths of the narrower part beside it, 0-1; 0 where the
        filament is too thin to be seen; None where the nucleus has no neck.
    solidity
        Area of the nucleus in areas of its convex hull, 0-1: 1 for a disc, low for a horseshoe.
    circularity
        4 pi area / perimeter squared of the nucleus (Cox 1927), 0-1: 1 for a disc.
    longest_protrusion
        Of the thin parts joined at one end, in diameters of the cell; 0 where there is none
        (`protrusions.py`: an opening).
    protrusion_count
        Those that stand out far enough to count; 0 exactly where `clearly_smooth` says so.
    chromatin_density
        Mean density in red of the nucleus without its edge: only chromatin takes up red light.
    chromatin_contrast
        Standard deviation of the same in means: how clumped the chromatin is.
    cytoplasm_density
        Median density of the cytoplasm, mean of the three channels.
    eosin_tint
        Density in green less density in red, in shares of their sum, -1 to 1.
    granule_contrast
        Mean top-hat density of the cytoplasm: how much its granules stand out.
    granules_per_area
        Specks that stand out, per hundredth of the cell's area.
    hole_count
        Clear, sharp, round holes in the cytoplasm: candidates for vacuoles.
    largest_hole
        Diameter of the largest, in diameters of the cell; 0 where there is none.
    """

    cell_diameter_px: float
    nucleus_share: float
    nucleus_to_cytoplasm: float
    lobe_count: int
    narrowest_neck: float | None
    solidity: float
    circularity: float
    longest_protrusion: float
    protrusion_count: int
    chromatin_density: float
    chromatin_contrast: float
    cytoplasm_density: float
    eosin_tint: float
    granule_contrast: float
    granules_per_area: float
    hole_count: int
    largest_hole: float


@dataclass(frozen=True)
class Outlines:
    """What was measured, to be drawn over the picture; all in pixels of the crop.

    Parameters
    ----------
    lobes
        The outline of each lobe, in pieces.
    protrusions
        Those that count, the longest first.
    """

    cell: tuple[Line, ...]
    lobes: tuple[tuple[Line, ...], ...]
    protrusions: tuple[Line, ...]
    holes: tuple[Hole, ...]


@dataclass(frozen=True)
class Examined:
    """A cell that could be measured."""

    morphometry: Morphometry
    outlines: Outlines


@dataclass(frozen=True)
class NotMeasured:
    """A cell that could not, with the reason in words."""

    reason: str


@dataclass(frozen=True)
class _Parts:
    """One cell taken apart, on the measured copy."""

    masks: CellMasks
    lobes: Lobes
    standing_out: tuple[Protrusion, ...]
    cytoplasm: Cytoplasm


def measure(rgb: NDArray[np.uint8]) -> Morphometry | None:
    """Measure the granulocyte of a tight crop; None where `examine` gives a reason.

    Parameters
    ----------
    rgb
        (height, width, 3), 0-255, RGB order.
    """
    examined = examine(rgb)
    return examined.morphometry if isinstance(examined, Examined) else None


def examine(rgb: NDArray[np.uint8]) -> Examined | NotMeasured:
    """Measure the granulocyte of a tight crop, and keep the outlines that were measured.

    Parameters
    ----------
    rgb
        (height, width, 3), 0-255, RGB order.
    """
    if min(rgb.shape[:2]) < _LEAST_SIDE_PX:
        return NotMeasured(message("The picture is smaller than {least} px.", least=_LEAST_SIDE_PX))
    copy, scale = _usual_size(rgb)
    masks = segment(copy)
    if not masks.usable:
        return NotMeasured(message("Nucleus and cytoplasm could not be told apart."))
    nucleus = without_debris(masks.nucleus)
    masks = CellMasks(nucleus, masks.cell & ~nucleus)
    density = _density(copy)
    cytoplasm = read_cytoplasm(density, masks)
    if cytoplasm is None or not nucleus.any():
        return NotMeasured(message("The cell has too little nucleus or cytoplasm to measure."))
    parts = _Parts(masks, find_lobes(nucleus), tuple(protrusions(nucleus)), cytoplasm)
    return Examined(_measures(parts, density[..., 0], scale), _outlines(parts, scale))


def weak_labels(morphometry: Morphometry) -> dict[Abnormality, float]:
    """Say which abnormality the geometry alone rules out: 0 for those, nothing for the others.

    Only a nucleus without any protrusion is ruled out as spiked. Nothing is ever set to 1, and
    nothing else to 0: healthy bands have one lobe, and pale granules escape every threshold.
    """
    return {} if morphometry.protrusion_count else {Abnormality.NUCLEAR_SPIKE: 0.0}


def _usual_size(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """A copy to measure, and its pixels per pixel of the crop."""
    longer = max(rgb.shape[:2])
    if longer <= _LARGEST_SCALE * USUAL_SIDE_PX:
        return rgb, 1.0
    scale = USUAL_SIDE_PX / longer
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _density(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Optical density, base 10, against the empty background: (height, width, 3)."""
    background = measure_stain(rgb).background
    levels = np.arange(256, dtype=np.float32)[:, None]
    table = -np.log10((levels + 1) / (background + 1)).astype(np.float32)
    return np.asarray(cv2.LUT(np.ascontiguousarray(rgb), table[None]), np.float32)


def _measures(parts: _Parts, red: NDArray[np.float32], scale: float) -> Morphometry:
    nucleus, cell = parts.masks.nucleus, parts.masks.cell
    area, cell_area = int(np.count_nonzero(nucleus)), int(np.count_nonzero(cell))
    diameter = 2 * float(np.sqrt(cell_area / np.pi))
    chromatin = red[_core(nucleus)]
    holes = parts.cytoplasm.holes
    longest = parts.standing_out[0].length_px if parts.standing_out else 0.0
    return Morphometry(
        cell_diameter_px=diameter / scale,
        nucleus_share=area / cell_area,
        nucleus_to_cytoplasm=area / max(cell_area - area, 1),
        lobe_count=parts.lobes.count,
        narrowest_neck=parts.lobes.narrowest_neck,
        solidity=_solidity(nucleus),
        circularity=_circularity(nucleus),
        longest_protrusion=longest / diameter,
        protrusion_count=len(_counting(parts)),
        chromatin_density=float(chromatin.mean()),
        chromatin_contrast=float(chromatin.std() / max(float(chromatin.mean()), _LEAST_DENSITY)),
        cytoplasm_density=parts.cytoplasm.density,
        eosin_tint=parts.cytoplasm.eosin_tint,
        granule_contrast=parts.cytoplasm.granule_density,
        granules_per_area=parts.cytoplasm.granules_per_area,
        hole_count=len(holes),
        largest_hole=2 * holes[0].radius_px / diameter if holes else 0.0,
    )


def _counting(parts: _Parts) -> list[Protrusion]:
    least = SHORTEST_PX * max(parts.masks.nucleus.shape) / USUAL_SIDE_PX
    return [found for found in parts.standing_out if found.length_px >= least]


def _core(nucleus: Mask) -> Mask:
    """The nucleus without its blurred edge; the whole of one that is nothing but edge."""
    away = cv2.distanceTransform(nucleus.view(np.uint8), cv2.DIST_L2, 5)
    core = away > _CHROMATIN_CORE_PX * max(nucleus.shape) / USUAL_SIDE_PX
    return core if core.any() else nucleus


def _solidity(nucleus: Mask) -> float:
    y, x = np.nonzero(nucleus)
    # The corners of the pixels, not their middles: a disc of few pixels is solid as well.
    corners = [np.stack([x + right, y + down], 1) for right in (0, 1) for down in (0, 1)]
    hull = cv2.convexHull(np.concatenate(corners).astype(np.int32))
    return float(len(x) / cv2.contourArea(hull))


def _circularity(nucleus: Mask) -> float:
    soft = cv2.GaussianBlur(nucleus.astype(np.float32), (0, 0), 1.0) > 0.5  # noqa: PLR2004 - its middle
    lines = _contours(soft)
    length = sum(cv2.arcLength(line.astype(np.float32), closed=True) for line in lines)
    return min(1.0, float(4 * np.pi * np.count_nonzero(soft) / max(length, 1.0) ** 2))


def _outlines(parts: _Parts, scale: float) -> Outlines:
    def lines(mask: Mask) -> tuple[Line, ...]:
        return tuple((line + 0.5) / scale for line in _contours(mask))

    labels = parts.lobes.labels
    return Outlines(
        cell=lines(parts.masks.cell),
        lobes=tuple(lines(labels == lobe) for lobe in range(1, parts.lobes.count + 1)),
        protrusions=tuple(line for found in _counting(parts) for line in lines(found.mask)[:1]),
        holes=tuple(
            Hole((h.x + 0.5) / scale, (h.y + 0.5) / scale, h.radius_px / scale, h.depth)
            for h in parts.cytoplasm.holes
        ),
    )


def _contours(mask: Mask) -> list[Line]:
    """The outer lines of a mask, through the middles of its outermost pixels, longest first."""
    found, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    lines = [np.asarray(line[:, 0, :], np.float64) for line in found]
    return sorted(lines, key=lambda line: -len(line))
