"""From a crop to the classifier's input: the only preprocessing, for training and serving alike.

Raise `PREPROCESSING_VERSION` with every change that alters a pixel: a bundle names the version
it was trained with, and one that does not fit is refused.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.cell import Box

# Still 1 with `_PADDED_SIDE_PX`: it alters no crop of the size of a cell, and none was trained on
# that it alters.
PREPROCESSING_VERSION = 1
# The square around a strip has its longer side squared: padded as it came, a strip of 17,000 px
# would ask for most of a gigabyte.
_PADDED_SIDE_PX = 2048


def cut(rgb: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Cut a box out of an image; both (height, width, 3), 0-255, RGB order."""
    return rgb[box.top : box.bottom, box.left : box.right]


def preprocess(rgb: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    """Pad one cell crop to a square and scale it to the classifier's input.

    The padding has the median colour of the crop's border, which in a tight crop is the smear's
    background: it adds no edge that the network could read.

    Parameters
    ----------
    rgb
        (height, width, 3), 0-255, RGB order.

    Returns
    -------
    (size_px, size_px, 3), 0-255, RGB order. Normalisation is part of the ONNX graph.
    """
    if rgb.shape[0] != rgb.shape[1]:
        rgb = _small_enough_to_pad(rgb)
    height, width = rgb.shape[:2]
    side = max(height, width)
    if height != width:
        left, top, _ = place_in_square(height, width)
        square = np.empty((side, side, 3), np.uint8)
        square[:] = _border_colour(rgb)
        square[top : top + height, left : left + width] = rgb
        rgb = square
    # Area averaging keeps small vacuoles when shrinking; when enlarging it would be blocky.
    how = cv2.INTER_AREA if side > size_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, (size_px, size_px), interpolation=how), np.uint8)


def place_in_square(height: int, width: int) -> tuple[int, int, int]:
    """Where the padding puts a crop: its left and top edge in the square, and the square's side."""
    side = max(height, width)
    return (side - width) // 2, (side - height) // 2, side


def _small_enough_to_pad(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    scale = _PADDED_SIDE_PX / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _border_colour(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    return np.asarray(np.median(border, axis=0), np.uint8)
