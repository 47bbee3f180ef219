"""A label's activation map as a picture to lay over the crop that a person sees.

The scale is fixed: a map is in log-odds, so what is faint is weak, in every cell of every case. One
stretched to its own maximum would make noise look like a finding.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.imaging.preprocess import place_in_square

FULL_STRENGTH = 20.0
"""Value of a map that is drawn at full strength.

A map's mean is its part of the log-odds, so a place of this value gives 0.2 for each per cent of
the classifier's picture that it takes up.
"""
CONTOURS = (5.0, 10.0, 20.0)
"""Values along which a line is drawn: faint, middle, full."""

# Yellow is what purple is not, in brightness and along the axis that red-green blind eyes keep.
_FILL = (255, 221, 0)
_LINE = (24, 24, 24)
_OPAQUE = 255
_FILL_OPACITY = 0.55
_LONGER_SIDE_PX = 512
# A third of the bytes of the default.
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 6, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_SUB]
# How wide a line is drawn, and the square by which its bright edges are made.
_LINE_PX, _HALO_PX = 2, 3


def overlay(activation: NDArray[np.float32], height_px: int, width_px: int) -> bytes:
    """Draw one label's map for a crop of a size: a PNG with transparency, of the crop's shape.

    Only what speaks for the label is drawn: opacity grows from 0 to `FULL_STRENGTH`, and lines
    run along `CONTOURS`.

    Parameters
    ----------
    activation
        (h, w), log-odds, over the padded square that the classifier read.
    """
    values = over_crop(activation, height_px, width_px)
    strength = np.clip(values / FULL_STRENGTH, 0, 1)
    rgba = np.empty((*values.shape, 4), np.uint8)
    rgba[..., :3] = _FILL
    rgba[..., 3] = np.round(strength * (_FILL_OPACITY * _OPAQUE))
    for level in CONTOURS:
        _draw_contour(rgba, values, level)
    return _encode(rgba)


def over_crop(
    activation: NDArray[np.float32], height_px: int, width_px: int
) -> NDArray[np.float32]:
    """A map's values over the crop alone, its longer side 512 pixels.

    The padding is left out. In the middle of a place stands its own value; between two middles it
    is interpolated, so no value lies outside the map's own.
    """
    scale = _LONGER_SIDE_PX / max(height_px, width_px)
    rows, columns = (max(1, round(side * scale)) for side in (height_px, width_px))
    left, top, side = place_in_square(height_px, width_px)
    h, w = activation.shape
    # The middle of a drawn pixel, in pixels of the square; then in places, counted from the
    # middle of the first.
    x = (left + (np.arange(columns) + 0.5) * width_px / columns) / side * w - 0.5
    y = (top + (np.arange(rows) + 0.5) * height_px / rows) / side * h - 0.5
    return np.asarray(_shares(y, h) @ activation @ _shares(x, w).T, np.float32)


def _shares(at: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """How much of each of `count` places makes up the value at each point: (points, count).

    All of one at its middle and beyond the outermost ones; in between a curve without creases,
    which unlike a spline never swings beyond the two values that it joins.
    """
    at = np.clip(at, 0, count - 1)
    before = np.minimum(at.astype(int), max(count - 2, 0))
    part = at - before
    part = part * part * (3 - 2 * part)
    shares = np.zeros((len(at), count))
    points = np.arange(len(at))
    shares[points, before] += 1 - part
    shares[points, np.minimum(before + 1, count - 1)] += part
    return shares


def _draw_contour(rgba: NDArray[np.uint8], values: NDArray[np.float32], level: float) -> None:
    """Draw a dark line in a bright one: seen on a nucleus and on the ground alike."""
    inside = np.asarray(values >= level, np.uint8)
    # What lies beyond the crop is unknown, so its border is no line: erosion leaves it alone.
    line = inside - cv2.erode(inside, _square(_LINE_PX * 2 - 1))
    rgba[cv2.dilate(line, _square(_HALO_PX)) > 0] = (*_FILL, _OPAQUE)
    rgba[line > 0] = (*_LINE, _OPAQUE)


def _square(side_px: int) -> NDArray[np.uint8]:
    return np.ones((side_px, side_px), np.uint8)


def _encode(rgba: NDArray[np.uint8]) -> bytes:
    done, content = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA), _PNG)
    if not done:
        raise ValueError(f"cannot encode an overlay of shape {rgba.shape}")
    return content.tobytes()
