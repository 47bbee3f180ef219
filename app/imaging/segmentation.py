"""Where nucleus and cytoplasm lie in a tight crop of one leukocyte.

Basophilic chromatin absorbs red light as nothing else in a Romanowsky-stained smear does, so the
optical density of the red channel separates the nucleus; the cell is what differs from the
background and hangs together with the nucleus.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""(height, width), True inside."""

_SMALLEST_LOBE = 0.01
"""Share of the crop below which a dark speck is a granule or stain, not a lobe."""
_LARGEST_GAP = 0.006
"""Share of the crop up to which a pale hole in the nucleus is a gap in the chromatin."""
_REACH = 1.15
"""Square of the radius, as a share of the inscribed ellipse's, beyond which is no cell."""


@dataclass(frozen=True)
class CellMasks:
    """The parts of one cell; each mask (height, width) of the crop, True inside.

    `nucleus` and `cytoplasm` do not overlap, `cell` is both. A mask may be empty.
    """

    nucleus: Mask
    cytoplasm: Mask

    @property
    def cell(self) -> Mask:
        """Nucleus and cytoplasm together."""
        return self.nucleus | self.cytoplasm

    @property
    def usable(self) -> bool:
        """Whether both parts have a size that a granulocyte's can have."""
        nucleus, cell = int(self.nucleus.sum()), int(self.cell.sum())
        return cell > 0.3 * self.nucleus.size and 0.12 * cell < nucleus < 0.8 * cell


def segment(rgb: NDArray[np.uint8]) -> CellMasks:
    """Find nucleus and cytoplasm of the leukocyte in a tight crop.

    Parameters
    ----------
    rgb
        (height, width, 3), 0-255, RGB order.
    """
    nucleus = nucleus_mask(rgb)
    return CellMasks(nucleus, cytoplasm_mask(rgb, nucleus))


def optical_density(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Absorption of each channel, relative to white: (height, width, 3), 0 for 255."""
    return np.asarray(-np.log10((rgb.astype(np.float32) + 1.0) / 256.0), np.float32)


def nucleus_mask(rgb: NDArray[np.uint8]) -> Mask:
    """Find the chromatin of the leukocyte.

    Parameters
    ----------
    rgb
        (height, width, 3), 0-255, RGB order.

    Returns
    -------
    (height, width), True on the nucleus, gaps of the chromatin included.
    """
    red = np.asarray(cv2.GaussianBlur(rgb[:, :, 0], (0, 0), 0.7), np.uint8)
    dark = red <= _between(red)
    lobes = _without_small(dark, _SMALLEST_LOBE)
    return ~_without_small(~lobes, _LARGEST_GAP)


def cytoplasm_mask(rgb: NDArray[np.uint8], nucleus: Mask) -> Mask:
    """Find the cytoplasm around a known nucleus.

    Parameters
    ----------
    rgb
        (height, width, 3), 0-255, RGB order; the cell reaches the borders of the crop.
    nucleus
        (height, width), as from `nucleus_mask`.

    Returns
    -------
    (height, width), True on the cytoplasm, without the nucleus.
    """
    soft = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 2.0), np.uint8)
    density = optical_density(soft).sum(axis=2)
    stained = (density > _cytoplasm_threshold(density[~nucleus])) | nucleus
    inside = stained & _inscribed(*nucleus.shape)
    # Touching red cells hang on by a narrow bridge: an opening cuts it.
    radius = max(2, round(0.05 * min(nucleus.shape)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    opened = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    cell = _touching(opened.astype(bool) | nucleus, nucleus)
    return ~_without_small(~cell, 0.02) & ~nucleus


def _between(channel: NDArray[np.uint8]) -> float:
    """Otsu's threshold of an 8-bit channel."""
    threshold, _ = cv2.threshold(channel, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(threshold)


def _cytoplasm_threshold(density: NDArray[np.float32]) -> float:
    """A density between background and cytoplasm, of the pixels outside the nucleus."""
    if density.size == 0:
        return 0.0
    low, high = (float(v) for v in np.percentile(density, (3, 99)))
    if high <= low:
        return high
    scaled = np.clip((density - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8)
    # Half of Otsu's: pale cytoplasm lies nearer to the background than to a red cell.
    return low + 0.5 * _between(scaled.reshape(-1, 1)) * (high - low) / 255.0


def _inscribed(height: int, width: int) -> Mask:
    """An ellipse a little larger than the crop's inscribed one: corners hold other cells."""
    y = (np.arange(height) + 0.5) / height * 2 - 1
    x = (np.arange(width) + 0.5) / width * 2 - 1
    return np.asarray(y[:, None] ** 2 + x[None, :] ** 2 <= _REACH, np.bool_)


def _without_small(mask: Mask, share: float) -> Mask:
    """Drop connected parts below a share of the image."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    large = stats[:, cv2.CC_STAT_AREA] >= share * mask.size
    large[0] = False
    return np.asarray(large[labels], np.bool_)


def _touching(mask: Mask, seed: Mask) -> Mask:
    """Keep the connected parts that touch the seed."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    kept = np.unique(labels[seed])
    return np.asarray(np.isin(labels, kept[kept > 0]), np.bool_)
