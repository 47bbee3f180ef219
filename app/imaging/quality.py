"""Whether a picture is good enough to be counted, with the numbers behind the verdict.

A poor picture is not lost: it is flagged, shown and left out of the count until a person decides.
The limits were set on real crops; `docs/decisions/0003-framing.md` says which and how.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.cell import Box, Framing, Location, Quality, QualityFlag
from app.imaging.preprocess import cut
from app.imaging.stain import Stain, measure_stain

_SHARPNESS_SIDE_PX = 96
# Enough nucleus for its mean stain to mean anything.
_FEWEST_NUCLEUS_PX = 12
_SPREAD_PERCENTILES = (2, 98)
_SATURATED = 250


@dataclass(frozen=True)
class QualityLimits:
    """Where each flag begins.

    Parameters
    ----------
    least_sharpness
        Standard deviation of the Laplacian at 96 px, in units of the crop's contrast.
    most_saturated_share
        Pixels in which all three channels are at their top.
    least_background_brightness
        Mean of the background's three channels, 0-255.
    least_side_px
        Of the crop's shorter side, in pixels of the image.
    most_border_contact_share
        Of the side of a tight crop along which most nucleus runs.
    least_purple
        Mean optical density of nuclei in green less that in blue; a grey image has 0.
    red_cast, blue_cast
        Least and most natural logarithm of the background's red (blue) over its green.
    """

    least_sharpness: float = 0.025
    most_saturated_share: float = 0.05
    least_background_brightness: float = 100.0
    least_side_px: int = 64
    most_border_contact_share: float = 0.22
    least_purple: float = 0.3
    red_cast: tuple[float, float] = (-0.15, 0.4)
    blue_cast: tuple[float, float] = (-0.38, 0.15)


_LIMITS = QualityLimits()


def assess(rgb: NDArray[np.uint8], location: Location, limits: QualityLimits = _LIMITS) -> Quality:
    """Assess the part of an image that the classifier will read.

    Parameters
    ----------
    rgb
        (height, width, 3), 0-255, RGB order: the whole image.
    location
        What `locate` found in it.
    """
    crop = np.ascontiguousarray(cut(rgb, location.crop))
    stain = measure_stain(crop)
    measures = _brightness(crop) | _stain_measures(stain)
    measures["sharpness"] = _sharpness(crop)
    measures["crop_width_px"] = float(location.crop.width)
    measures["crop_height_px"] = float(location.crop.height)
    raised = {
        QualityFlag.BLURRED: measures["sharpness"] < limits.least_sharpness,
        QualityFlag.OVEREXPOSED: measures["saturated_share"] > limits.most_saturated_share,
        QualityFlag.UNDEREXPOSED: (
            measures["background_brightness"] < limits.least_background_brightness
        ),
        QualityFlag.TOO_SMALL: min(crop.shape[:2]) < limits.least_side_px,
        QualityFlag.CUT_OFF: _is_cut_off(rgb, location, measures, limits),
        QualityFlag.STAIN_OUT_OF_RANGE: _is_out_of_range(measures, limits),
        QualityFlag.NO_LEUKOCYTE: location.framing is Framing.NONE,
        QualityFlag.SEVERAL_LEUKOCYTES: location.framing is Framing.SEVERAL,
    }
    return Quality(tuple(flag for flag, is_raised in raised.items() if is_raised), measures)


def _sharpness(crop: NDArray[np.uint8]) -> float:
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    # At one size for all, so that a small and a large picture of a cell are judged alike.
    scale = _SHARPNESS_SIDE_PX / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(grey, size, interpolation=how)
    low, high = np.percentile(small, _SPREAD_PERCENTILES)
    # Divided by the contrast: a pale stain is not a blurred one.
    return float(cv2.Laplacian(small, cv2.CV_32F).std() / max(high - low, 1.0))


def _brightness(crop: NDArray[np.uint8]) -> dict[str, float]:
    red, green, blue = cv2.split(crop)
    darkest = cv2.min(cv2.min(red, green), blue)
    return {
        "mean_brightness": float(crop.mean()),
        "saturated_share": float(np.count_nonzero(darkest >= _SATURATED) / darkest.size),
    }


def _stain_measures(stain: Stain) -> dict[str, float]:
    red, green, blue = (float(channel) + 1.0 for channel in stain.background)
    mask = stain.purple > stain.nucleus_threshold
    is_enough = np.count_nonzero(mask) >= _FEWEST_NUCLEUS_PX
    borders = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    return {
        "background_brightness": float(stain.background.mean()),
        "background_red_log_ratio": float(np.log(red / green)),
        "background_blue_log_ratio": float(np.log(blue / green)),
        "nucleus_purple_density": float(stain.purple[mask].mean()) if is_enough else 0.0,
        "border_contact_share": float(max(border.mean() for border in borders)),
    }


def _is_out_of_range(measures: dict[str, float], limits: QualityLimits) -> bool:
    least_red, most_red = limits.red_cast
    least_blue, most_blue = limits.blue_cast
    return (
        measures["nucleus_purple_density"] < limits.least_purple
        or not least_red <= measures["background_red_log_ratio"] <= most_red
        or not least_blue <= measures["background_blue_log_ratio"] <= most_blue
    )


def _is_cut_off(
    rgb: NDArray[np.uint8],
    location: Location,
    measures: dict[str, float],
    limits: QualityLimits,
) -> bool:
    if location.framing is Framing.NONE:
        return False
    if location.framing is Framing.TIGHT:
        # Every tight crop touches its edges; only a nucleus that runs along one was cut.
        return measures["border_contact_share"] > limits.most_border_contact_share
    height, width = rgb.shape[:2]
    return _touches_edge(location.crop, width, height)


def _touches_edge(box: Box, width: int, height: int) -> bool:
    return box.left <= 0 or box.top <= 0 or box.right >= width or box.bottom >= height
