"""How strongly each pixel is stained, and which pixels are nucleus.

Everything is measured in optical density against the image's own background, so that slides that
are pink, blue, dark or pale are read alike. Chromatin takes up green light and lets blue pass;
haemoglobin takes up both. Their difference, here called purple, is therefore high in nuclei and
platelets and near zero in red cells and plasma, whatever the stain.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WORKING_SIDE_PX = 192
# Background is among the brightest pixels in green, but the very brightest may be glare.
_BACKGROUND_SHARES = (0.85, 0.97)
# Keeps the logarithm finite in black pixels and quiet in dark ones.
_DENSITY_OFFSET = 4.0
_PURPLE_STEPS = 160.0
# Below this difference nothing is a nucleus: red cells of dark slides reach about 0.2.
_LEAST_PURPLE = 0.2
# Nuclei of pale slides are hardly more purple than the red cells of dark ones, but take up next
# to no blue. Measured: nuclei reach 0.3 and more, red cells and debris at most 0.2.
_BLUE_WEIGHT = 0.5
_LEAST_CHROMATIN = 0.28
_LEAST_GREEN = 0.05
# A lobe is at least this share of the largest piece of nucleus; platelets mostly are not.
_LEAST_LOBE_SHARE = 0.08
_LEAST_PIECE_PX = 12
# Lobes of one nucleus lie closer than this, in radii of the larger of the two ...
_LOBE_GAP = 0.5
# ... or closer than this, if both are too small to be the nucleus of a whole cell.
_SMALL_LOBE_GAP = 1.6
_SMALL_LOBE_SIDE_SHARE = 0.11


@dataclass(frozen=True)
class Stain:
    """The stain of one image, measured on a working copy of about 192 px on its longer side.

    Parameters
    ----------
    density
        (height, width, 3) optical density of red, green and blue against the background.
    purple
        (height, width) density in green less density in blue, slightly smoothed.
    nucleus_threshold
        Purple above which a pixel is nucleus.
    background
        (3,) RGB colour of the empty parts, 0-255.
    scale
        Working pixels per image pixel: 1, 1/2, 1/3 ...
    """

    density: NDArray[np.float32]
    purple: NDArray[np.float32]
    nucleus_threshold: float
    background: NDArray[np.float32]
    scale: float


def measure_stain(rgb: NDArray[np.uint8]) -> Stain:
    """Measure the stain of an image (height, width, 3), 0-255, RGB order."""
    small, scale = _shrink(rgb)
    background = _background(small)
    density = _optical_density(small, background)
    difference = density[..., 1] - density[..., 2]
    purple = np.asarray(cv2.GaussianBlur(difference, (5, 5), 1.0), np.float32)
    return Stain(density, purple, _nucleus_threshold(purple), background, scale)


def nuclei(stain: Stain) -> list[NDArray[np.bool_]]:
    """Return one mask (height, width) per nucleus, its lobes joined, the largest first."""
    raw = (stain.purple > stain.nucleus_threshold).astype(np.uint8)
    mask = cv2.morphologyEx(raw, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = statistics[1:, cv2.CC_STAT_AREA]
    if not areas.size:
        return []
    least = max(_LEAST_PIECE_PX, _LEAST_LOBE_SHARE * areas.max())
    pieces = [label for label in range(1, count) if areas[label - 1] >= least]
    groups = _join_lobes(
        np.asarray(labels, np.int32), {label: int(areas[label - 1]) for label in pieces}
    )
    masks = [np.isin(labels, group) for group in groups]
    chromatin = [mask for mask in masks if _is_chromatin(stain, mask)]
    return sorted(chromatin, key=np.count_nonzero, reverse=True)


def _is_chromatin(stain: Stain, mask: NDArray[np.bool_]) -> bool:
    """Tell chromatin from the darkest red cells of an image that holds no leukocyte."""
    chosen = mask.view(np.uint8)
    _, green, blue, _ = cv2.mean(stain.density, chosen)
    purple = cv2.mean(stain.purple, chosen)[0]
    return purple - _BLUE_WEIGHT * blue / max(green, _LEAST_GREEN) >= _LEAST_CHROMATIN


def _shrink(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    height, width = rgb.shape[:2]
    # Averaging whole blocks of pixels takes a third of the time of any other ratio.
    block = max(1, round(max(height, width) / WORKING_SIDE_PX))
    if block == 1 or min(height, width) < block:
        return rgb, 1.0
    size = (width // block, height // block)
    whole = rgb[: size[1] * block, : size[0] * block]
    small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), 1.0 / block


def _background(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    every_other = rgb[::2, ::2]
    green = every_other[..., 1]
    cumulated = np.cumsum(np.bincount(green.ravel(), minlength=256)) / green.size
    low, high = np.searchsorted(cumulated, _BACKGROUND_SHARES)
    colours = every_other[(green >= low) & (green <= high)]
    return np.asarray(np.median(colours, axis=0), np.float32)


def _optical_density(
    rgb: NDArray[np.uint8], background: NDArray[np.float32]
) -> NDArray[np.float32]:
    levels = np.arange(256, dtype=np.float32)[:, None]
    table = -np.log((levels + _DENSITY_OFFSET) / (background + _DENSITY_OFFSET))
    density = cv2.LUT(np.ascontiguousarray(rgb), table[None].astype(np.float32))
    return np.asarray(density, np.float32)


def _nucleus_threshold(purple: NDArray[np.float32]) -> float:
    steps = np.clip(purple * _PURPLE_STEPS, 0, 255).astype(np.uint8)
    otsu, _ = cv2.threshold(steps, 0, 255, cv2.THRESH_OTSU)
    return max(float(otsu) / _PURPLE_STEPS, _LEAST_PURPLE)


def _join_lobes(labels: NDArray[np.int32], areas: dict[int, int]) -> list[list[int]]:
    groups = {label: [label] for label in areas}
    pieces = list(areas)
    for index, first in enumerate(pieces[:-1]):
        away = cv2.distanceTransform((labels != first).astype(np.uint8), cv2.DIST_L2, 3)
        for second in pieces[index + 1 :]:
            gap_px = float(away[labels == second].min())
            radius_px = float(np.sqrt(max(areas[first], areas[second]) / np.pi))
            if groups[first] is not groups[second] and _is_one_nucleus(
                gap_px, radius_px, max(labels.shape)
            ):
                groups[first].extend(groups[second])
                for label in groups[second]:
                    groups[label] = groups[first]
    return list({id(group): group for group in groups.values()}.values())


def _is_one_nucleus(gap_px: float, radius_px: float, side_px: int) -> bool:
    if gap_px <= _LOBE_GAP * radius_px:
        return True
    is_small = radius_px <= _SMALL_LOBE_SIDE_SHARE * side_px
    return is_small and gap_px <= _SMALL_LOBE_GAP * radius_px
