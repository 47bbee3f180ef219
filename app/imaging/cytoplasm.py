"""What can be measured of a granulocyte's cytoplasm: tone, tint, granules, clear holes.

All in optical density (base 10) against the empty background of the same image: by Beer-Lambert it
is proportional to the amount of stain, whatever the lamp (Ruifrok and Johnston 2001).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.imaging.protrusions import USUAL_SIDE_PX
from app.imaging.segmentation import CellMasks, Mask

_EDGE_PX = 4.0
"""The blurred edges of cell and nucleus, left out."""
_GRANULE_PX = 2.0
"""Radius of the largest granule; top-hats keep what is smaller."""
_LEAST_GRANULE_DENSITY = 0.035
"""Height of a granule above its surroundings; noise of compressed pictures stays below."""
_NEAR_NUCLEUS_PX = 2.0
_SOFT_PX = 0.7
_AROUND_PX = 9.0
_EDGE_OF_HOLE = 0.6
_LEAST_DEPTH = 0.68
_LEAST_HOLE_PX = 1.3
_LARGEST_HOLE_PX = 9.0
_LEAST_HOLE_ROUNDNESS = 0.5
_LEAST_DENSITY = 0.02


@dataclass(frozen=True)
class Hole:
    """A clear hole, a candidate vacuole; place and radius in pixels of the crop.

    `depth` is how much of the density around it is missing in it: 1 where it is as clear as the
    background.
    """

    x: float
    y: float
    radius_px: float
    depth: float


@dataclass(frozen=True)
class Cytoplasm:
    """One cell's cytoplasm; densities base 10 against the background.

    Parameters
    ----------
    density
        Median over the three channels' mean.
    eosin_tint
        Density in green less density in red, as a share of their sum: eosin takes up green light,
        azure and methylene blue red light. 0 is lilac-grey, above it is pink, below it blue.
    granule_density
        Mean of the white top-hat of the green density: how much the granules stand out.
    granules
        Number of specks that stand out clearly.
    granules_per_area
        The same per hundredth of the cell's area.
    holes
        The clear holes, the largest first.
    """

    density: float
    eosin_tint: float
    granule_density: float
    granules: int
    granules_per_area: float
    holes: tuple[Hole, ...]


def read_cytoplasm(density: NDArray[np.float32], masks: CellMasks) -> Cytoplasm | None:
    """Measure the cytoplasm of one cell.

    Parameters
    ----------
    density
        (height, width, 3) optical density of red, green, blue against the background.

    Returns
    -------
    None where no cytoplasm is left between the edges.
    """
    scale = max(masks.nucleus.shape) / USUAL_SIDE_PX
    inner = _shrink(masks.cell, _EDGE_PX * scale)
    zone = inner & ~_grow(masks.nucleus, _EDGE_PX * scale)
    if not zone.any():
        return None
    tone = np.median(density[zone], axis=0)
    green = density[..., 1]
    hat = _top_hat(np.where(zone, green, tone[1]).astype(np.float32), scale)
    count = _granules(hat, zone)
    return Cytoplasm(
        density=float(tone.mean()),
        eosin_tint=float((tone[1] - tone[0]) / max(float(tone[0] + tone[1]), _LEAST_DENSITY)),
        granule_density=float(hat[zone].mean()),
        granules=count,
        granules_per_area=count / (100 * float(zone.sum()) / float(masks.cell.sum())),
        holes=_holes(
            density[..., :2].mean(axis=2),
            inner & ~_grow(masks.nucleus, _NEAR_NUCLEUS_PX * scale),
            scale,
        ),
    )


def _top_hat(density: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    hat = cv2.morphologyEx(density, cv2.MORPH_TOPHAT, _disc(_GRANULE_PX * scale))
    return np.asarray(hat, np.float32)


def _granules(hat: NDArray[np.float32], zone: Mask) -> int:
    """Count specks: summits of the top-hat, for neighbours often touch."""
    summits = (hat >= cv2.dilate(hat, np.ones((3, 3), np.uint8))) & (hat >= _LEAST_GRANULE_DENSITY)
    count, _ = cv2.connectedComponents((summits & zone).view(np.uint8), connectivity=8)
    return int(count) - 1


def _holes(density: NDArray[np.float32], zone: Mask, scale: float) -> tuple[Hole, ...]:
    """Find what is much clearer than the cytoplasm around it, sharp, round, and in the zone."""
    soft = cv2.GaussianBlur(density, (0, 0), _SOFT_PX * scale)
    around = _mean_around(density, zone, _AROUND_PX * scale)
    clear = (soft < _EDGE_OF_HOLE * around) & zone
    count, labels, statistics, middles = cv2.connectedComponentsWithStats(
        clear.view(np.uint8), connectivity=4
    )
    holes = []
    for label in range(1, count):
        radius = float(np.sqrt(statistics[label, cv2.CC_STAT_AREA] / np.pi))
        if not _LEAST_HOLE_PX * scale <= radius <= _LARGEST_HOLE_PX * scale:
            continue
        part = labels == label
        depth = 1 - float((soft[part] / around[part]).min())
        if depth >= _LEAST_DEPTH and _is_round(part):
            x, y = middles[label]
            holes.append(Hole(float(x), float(y), radius, depth))
    return tuple(sorted(holes, key=lambda hole: -hole.radius_px))


def _mean_around(density: NDArray[np.float32], zone: Mask, sigma: float) -> NDArray[np.float32]:
    """Local mean of the zone's own pixels."""
    weight = cv2.GaussianBlur(zone.astype(np.float32), (0, 0), sigma)
    total = cv2.GaussianBlur(np.where(zone, density, 0).astype(np.float32), (0, 0), sigma)
    return np.asarray(np.maximum(total / np.maximum(weight, 1e-3), _LEAST_DENSITY), np.float32)


def _is_round(part: Mask) -> bool:
    """Whether the part fills the smallest circle around it well enough."""
    contours, _ = cv2.findContours(part.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    _, radius = cv2.minEnclosingCircle(contours[0])
    # The circle runs through the middles of the outermost pixels.
    return bool(np.count_nonzero(part) >= _LEAST_HOLE_ROUNDNESS * np.pi * (radius + 0.5) ** 2)


def _disc(radius_px: float) -> NDArray[np.uint8]:
    size = 2 * max(1, round(radius_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _grow(mask: Mask, radius_px: float) -> Mask:
    return cv2.dilate(mask.view(np.uint8), _disc(radius_px)).view(np.bool_)


def _shrink(mask: Mask, radius_px: float) -> Mask:
    """Erode; beyond the crop's border the cell may go on, so the border is no edge."""
    return cv2.erode(mask.view(np.uint8), _disc(radius_px)).view(np.bool_)
