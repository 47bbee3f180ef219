"""Whether a nucleus has protrusions: what an opening takes away from it, and where that hung."""

import cv2
import numpy as np

from app.imaging.segmentation import CellMasks, Mask
from app.training.painting import grow

_USUAL_SIDE = 150.0
_OPENING = 3.2
"""Radius in pixels of a usual crop; a spike is thinner than twice that, a lobe is not."""
_SHORTEST = 2.6
"""Pixels of a usual crop that a protrusion must stand out to be one."""


def clearly_smooth(masks: CellMasks) -> bool:
    """Whether the geometry shows a nucleus without any protrusion; False also when unsure."""
    scale = max(masks.nucleus.shape) / _USUAL_SIDE
    return masks.usable and longest_protrusion_px(masks.nucleus) < _SHORTEST * scale


def longest_protrusion_px(nucleus: Mask) -> float:
    """How far the longest thin part that is joined at one end only stands out.

    A filament between two lobes is joined at both ends and does not count.
    """
    scale = max(nucleus.shape) / _USUAL_SIDE
    body = _opened(nucleus, _OPENING * scale)
    distance = cv2.distanceTransform((~body).astype(np.uint8), cv2.DIST_L2, 5)
    count, parts = cv2.connectedComponents((nucleus & ~body).astype(np.uint8), connectivity=8)
    longest = 0.0
    for part in range(1, count):
        mask = parts == part
        if _joints(mask, body) == 1:
            longest = max(longest, float(distance[mask].max()))
    return longest


def _opened(mask: Mask, radius: float) -> Mask:
    size = 2 * max(1, round(radius)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel).astype(bool)


def _joints(part: Mask, body: Mask) -> int:
    """In how many places a part touches the body."""
    count, _ = cv2.connectedComponents((grow(part, 1) & body).astype(np.uint8), connectivity=8)
    return int(count) - 1
