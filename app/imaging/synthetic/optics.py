"""From optical density to the picture a camera delivers."""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.imaging.synthetic.canvas import Plane
from app.imaging.synthetic.noise import smooth_noise
from app.imaging.synthetic.spec import Part, SyntheticCell

_FOCUS_PX = 1.0
_SHARPENING = 0.9
_SHARPENING_RADIUS_PX = 1.6
_SENSOR_NOISE = 1.1
_JPEG_QUALITY = 92


def photograph(
    density: NDArray[np.float32], spec: SyntheticCell, scale: float
) -> NDArray[np.uint8]:
    """Light the smear, focus, sharpen as analysers do, add noise and compress.

    Parameters
    ----------
    density
        Optical density (height, width, 3), RGB order.
    scale
        Magnification relative to crops of natural size.

    Returns
    -------
    (height, width, 3), 0-255, RGB order.
    """
    rng = spec.stream(Part.OPTICS)
    light = np.exp(-density) * np.asarray(spec.stain.background, np.float32)
    light *= _illumination(density.shape[:2], rng)[..., None]
    focus = float(np.hypot(_FOCUS_PX, spec.blur * scale))
    soft = cv2.GaussianBlur(light, (0, 0), focus)
    halo = soft - cv2.GaussianBlur(soft, (0, 0), _SHARPENING_RADIUS_PX * scale)
    sharp = soft + _SHARPENING * halo
    sharp += rng.normal(0, _SENSOR_NOISE, (*density.shape[:2], 1)).astype(np.float32)
    return _compressed(np.clip(np.rint(sharp), 0, 255).astype(np.uint8))


def _illumination(shape: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Relative brightness (height, width): exposure, a slope, and the unevenness of a smear."""
    height, width = shape
    slope = rng.normal(0, 0.008, 2)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    uneven = 0.003 * smooth_noise(rng, shape, max(shape) / 3)
    exposure = rng.normal(1, 0.012)
    return np.asarray(exposure + slope[0] * x + slope[1] * y + uneven, np.float32)


def _compressed(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Code and decode as JPEG: analysers deliver JPEG, and its softness belongs to the look."""
    _, code = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    decoded = cv2.imdecode(code, cv2.IMREAD_COLOR)
    if decoded is None:
        raise RuntimeError("OpenCV could not read its own JPEG")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
