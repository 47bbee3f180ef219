"""Thin parts that stand out of a nucleus: what an opening takes away, and where that hung.

Opening by a disc removes every part narrower than the disc (Serra, Image Analysis and Mathematical
Morphology, 1982). A removed part that hung at one end is a protrusion; one that hung at both ends
is a filament between two lobes. A drumstick's head outlives the opening, but is far smaller than a
lobe: it counts as part of its stalk.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.imaging.segmentation import CellMasks, Mask

USUAL_SIDE_PX = 150.0
"""The longer side of the crops on which all lengths of this file were chosen."""
SHORTEST_PX = 2.6
"""How far, in pixels of a usual crop, a protrusion must stand out to be one."""
_OPENING_PX = 3.2
"""Radius in pixels of a usual crop; a spike is thinner than twice that, a lobe is not."""
_LARGEST_HEAD = 0.04
"""Share of the nucleus below which a piece that outlives the opening is no lobe."""
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


@dataclass(frozen=True)
class Protrusion:
    """One thin part joined to the nucleus at one end.

    Parameters
    ----------
    length_px
        From the body of the nucleus to the farthest point.
    tip
        x and y of that point, in pixels.
    mask
        (height, width), True on the part.
    """

    length_px: float
    tip: tuple[int, int]
    mask: Mask


def clearly_smooth(masks: CellMasks) -> bool:
    """Whether the geometry shows a nucleus without any protrusion; False also when unsure."""
    least = SHORTEST_PX * max(masks.nucleus.shape) / USUAL_SIDE_PX
    return masks.usable and longest_protrusion_px(masks.nucleus) < least


def longest_protrusion_px(nucleus: Mask) -> float:
    """How far the longest thin part that is joined at one end only stands out.

    A filament between two lobes is joined at both ends and does not count.
    """
    return max((found.length_px for found in protrusions(nucleus)), default=0.0)


def protrusions(nucleus: Mask) -> list[Protrusion]:
    """Every part joined at one end only, down to single pixels, the longest first."""
    body = _body(nucleus)
    distance = np.asarray(cv2.distanceTransform((~body).view(np.uint8), cv2.DIST_L2, 5), np.float32)
    count, parts = cv2.connectedComponents((nucleus & ~body).view(np.uint8), connectivity=8)
    found = (_protrusion(parts == part, body, distance) for part in range(1, count))
    return sorted((p for p in found if p is not None), key=lambda p: -p.length_px)


def _protrusion(part: Mask, body: Mask, distance: NDArray[np.float32]) -> Protrusion | None:
    joints, _ = cv2.connectedComponents(
        cv2.dilate(part.view(np.uint8), _CROSS) & body.view(np.uint8), connectivity=8
    )
    # The first label is the background's.
    if joints - 1 != 1:
        return None
    _, length, _, tip = cv2.minMaxLoc(distance, part.view(np.uint8))
    return Protrusion(float(length), (int(tip[0]), int(tip[1])), part)


def _body(nucleus: Mask) -> Mask:
    size = 2 * max(1, round(_OPENING_PX * max(nucleus.shape) / USUAL_SIDE_PX)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    opened = cv2.morphologyEx(nucleus.view(np.uint8), cv2.MORPH_OPEN, kernel)
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    is_lobe = statistics[:, cv2.CC_STAT_AREA] >= _LARGEST_HEAD * np.count_nonzero(nucleus)
    is_lobe[0] = False
    return np.asarray(is_lobe[labels], np.bool_)
