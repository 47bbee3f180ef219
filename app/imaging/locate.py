"""Where the leukocyte lies in an image.

The classifier learned from crops cut tight to the cell. An image that is such a crop passes
unchanged; in a larger frame the leukocyte is found by its nucleus, outlined, and cut out with the
margin of the training crops. `docs/decisions/0003-framing.md` says how well this works.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.cell import Box, Framing, Location
from app.imaging.outline import fine_outline, rough_outline, survey
from app.imaging.stain import Stain, measure_stain, nuclei

# The smallest nucleus, as a share of the image; platelets stay below it.
_LEAST_NUCLEUS_SHARE = 0.006
# The smallest further nucleus, as a share of the largest.
_LEAST_OTHER_SHARE = 0.3
# A crop is tight if nucleus and cell fill it: this many nucleus shares and cell shares together.
_TIGHT_NUCLEUS_SHARE = 0.13
_TIGHT_NUCLEUS_WEIGHT = 3.0
_TIGHT_FILL = 1.15
_TIGHT_INSIDE_SHARE = 0.75
# ... or if the nucleus alone spans this much of it: few frames magnify a cell so much.
_TIGHT_SPAN = 0.66
# A nucleus that fills this much of its box is one piece: nothing else need be looked at.
_LEAST_EXTENT = 0.45
# Percentiles of its pixels between which a nucleus surely belongs to the cell.
_NUCLEUS_CORE = (12, 88)
# Air around the outline in shares of the cell's size: measured between the training crops and
# the outlines of the same cells in their frames.
MARGIN_SHARE = 0.01


def locate(rgb: NDArray[np.uint8]) -> Location:
    """Find the leukocyte in an image (height, width, 3), 0-255, RGB order."""
    stain = measure_stain(rgb)
    height, width = rgb.shape[:2]
    whole = Box(0, 0, width, height)
    found = _large_enough(nuclei(stain))
    if not found:
        return Location(Framing.NONE, whole)
    if len(found) == 1 and _plainly_fills(found[0]):
        return Location(Framing.TIGHT, whole)
    centred = found[0] if len(found) == 1 else min(found, key=_distance_from_middle)
    around = survey(stain, centred)
    rough = rough_outline(around)
    if _is_tight(found, rough):
        return Location(Framing.TIGHT, whole)
    line = fine_outline(around, rough)
    others = [nucleus for nucleus in found if not _is_within(nucleus, line)]
    framing = Framing.SEVERAL if others else Framing.FRAMED
    return Location(framing, _crop(line, centred, stain, whole))


def _large_enough(found: list[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    if not found:
        return []
    areas = [np.count_nonzero(nucleus) for nucleus in found]
    least = max(_LEAST_NUCLEUS_SHARE * found[0].size, _LEAST_OTHER_SHARE * areas[0])
    return [nucleus for nucleus, area in zip(found, areas, strict=True) if area >= least]


def _distance_from_middle(nucleus: NDArray[np.bool_]) -> float:
    y, x = np.nonzero(nucleus)
    height, width = nucleus.shape
    return float(np.hypot(x.mean() - width / 2, y.mean() - height / 2))


def _plainly_fills(nucleus: NDArray[np.bool_]) -> bool:
    """Tell a tight crop by its one nucleus alone: the cell around it can only be larger."""
    area_px = np.count_nonzero(nucleus)
    share = area_px / nucleus.size
    if share < _TIGHT_NUCLEUS_SHARE:
        return False
    height, width = nucleus.shape
    left, top, across, down = cv2.boundingRect(nucleus.view(np.uint8))
    # Stained red cells that were taken for nucleus lie scattered and run over the edges.
    is_free = min(left, top, width - left - across, height - top - down) > 0
    if not is_free or area_px < _LEAST_EXTENT * across * down:
        return False
    fills = _TIGHT_NUCLEUS_WEIGHT * share + min(across / width, down / height) >= _TIGHT_FILL
    return bool(fills or max(across / width, down / height) >= _TIGHT_SPAN)


def _is_tight(found: list[NDArray[np.bool_]], line: NDArray[np.float64]) -> bool:
    height, width = found[0].shape
    stained = np.any(found, axis=0)
    nucleus_share = float(stained.mean())
    if nucleus_share < _TIGHT_NUCLEUS_SHARE:
        return False
    left, top = np.clip(line.min(axis=0), 0, None).round().astype(int)
    right, bottom = np.clip(line.max(axis=0), 0, (width, height)).round().astype(int)
    # Where red cells took as much stain as the nucleus, much of it lies outside the cell.
    inside = stained[top : bottom + 1, left : right + 1].sum() / stained.sum()
    cell_share = min((right - left) / width, (bottom - top) / height)
    fills = _TIGHT_NUCLEUS_WEIGHT * nucleus_share + cell_share >= _TIGHT_FILL
    across, down = (np.flatnonzero(stained.any(axis=axis)) for axis in (0, 1))
    spans = max(np.ptp(across) / width, np.ptp(down) / height) >= _TIGHT_SPAN
    return bool(inside >= _TIGHT_INSIDE_SHARE and (fills or spans))


def _is_within(nucleus: NDArray[np.bool_], line: NDArray[np.float64]) -> bool:
    """Tell whether the middle of a nucleus lies within the box of an outline."""
    y, x = np.nonzero(nucleus)
    left, top = line.min(axis=0)
    right, bottom = line.max(axis=0)
    return bool(left <= x.mean() <= right and top <= y.mean() <= bottom)


def _crop(line: NDArray[np.float64], nucleus: NDArray[np.bool_], stain: Stain, whole: Box) -> Box:
    y, x = np.nonzero(nucleus)
    # A cell holds its nucleus, whatever the outline says; but a platelet may be stuck to it.
    low, high = np.percentile((x, y), _NUCLEUS_CORE, axis=1)
    left, top = np.minimum(line.min(axis=0), low)
    right, bottom = np.maximum(line.max(axis=0), high)
    margin = MARGIN_SHARE * (right - left + bottom - top) / 2
    # A point of the outline counts from the middle of the first pixel, a box from its edge.
    return Box(
        max(0, round((left - margin + 0.5) / stain.scale)),
        max(0, round((top - margin + 0.5) / stain.scale)),
        min(whole.right, round((right + margin + 0.5) / stain.scale)),
        min(whole.bottom, round((bottom + margin + 0.5) / stain.scale)),
    )
