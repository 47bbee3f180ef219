"""Other laboratories' stains, cameras and crops, imitated on a training image.

The colours are shifted in optical density, where stains add up: that is the part of the picture
which differs most between laboratories, and most training data come from one only.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from app.imaging.preprocess import preprocess
from app.training.painting import happens
from app.training.stains import StainChange, StainProfile, borrowed, recolour, stain_profile

RGB = NDArray[np.uint8]

# Absorption of red, green and blue by azure B and by eosin Y, each of unit length; approximate
# values, which is enough since the jitter turns them anyway. The third is what neither explains.
_AZURE = np.array([0.72, 0.64, 0.27])
_EOSIN = np.array([0.09, 0.92, 0.38])
_REST = np.cross(_AZURE, _EOSIN)
_STAINS = np.stack([v / np.linalg.norm(v) for v in (_AZURE, _EOSIN, _REST)]).astype(np.float32)
_UNMIX = np.linalg.inv(_STAINS).astype(np.float32)
_BORROWED, _JITTERED = 0.5, 0.35
_NOTHING = np.zeros(3, np.float32)


def stain_change(
    scale: Sequence[float],
    cast: Sequence[float],
    gain: float,
    shift: NDArray[np.float32] = _NOTHING,
    stains: NDArray[np.float32] = _STAINS,
) -> StainChange:
    """Put a recolouring together.

    Parameters
    ----------
    scale, shift
        (3,) for azure, eosin and the rest.
    cast
        (3,) added to the density of red, green and blue: the colour of the light.
    gain
        Exposure and contrast together: multiplies the density.
    stains
        (3, 3) rows are the absorption of the stains after the change.
    """
    matrix = _UNMIX @ np.diag(np.asarray(scale, np.float32)) @ stains * gain
    offset = shift @ stains * gain + np.asarray(cast, np.float32)
    return StainChange(matrix.astype(np.float32), offset.astype(np.float32))


NAMED_CASTS: dict[str, StainChange] = {
    "pink": stain_change((0.8, 1.35, 1.0), (-0.03, 0.05, 0.02), 1.0),
    "blue": stain_change((1.2, 0.8, 1.0), (0.08, 0.02, -0.08), 1.0),
    "white, pale": stain_change((0.8, 0.8, 0.8), (0.0, -0.04, -0.09), 0.8),
    "dark, yellow": stain_change((1.1, 1.1, 1.1), (0.03, 0.04, 0.12), 1.15),
}
"""Fixed recolourings for evaluation; none of them is another laboratory's real stain."""


def random_change(rng: np.random.Generator, most: float = 1.0) -> StainChange:
    """Draw a recolouring, from hardly any to a strong cast from pink to blue."""
    strength = rng.uniform(0.2, 1.0) * most
    turned = _STAINS + rng.normal(0, 0.10 * strength, (3, 3))
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    cast = rng.normal(0, 0.06 * strength, 3)
    if happens(rng, 0.5 * most):
        # The data's background is cream; many cameras balance it to white.
        cast -= np.array([0.0, 0.045, 0.095]) * rng.uniform(0.3, 1.1)
    return stain_change(
        scale=np.exp(rng.normal(0, 0.18 * strength, 3)).tolist(),
        cast=cast.tolist(),
        gain=float(np.exp(rng.normal(0, 0.2 * strength))),
        shift=rng.normal(0, 0.02 * strength, 3).astype(np.float32),
        stains=turned.astype(np.float32),
    )


def other_stain(
    rgb: RGB, profiles: Sequence[StainProfile], rng: np.random.Generator
) -> StainChange | None:
    """Draw the stain of other pictures, or one between two, for this picture; None if unreadable.

    A little jitter comes on top, so that no stain is met twice.
    """
    own = stain_profile(rgb)
    if own is None or not profiles:
        return None
    first, second = (profiles[int(i)] for i in rng.integers(len(profiles), size=2))
    target = first.mixed(second, float(rng.uniform(0, 0.5)))
    # A little beyond the target, too: laboratories differ more than these do.
    target = own.mixed(target, float(rng.uniform(0.4, 1.2)))
    return borrowed(own, target).then(random_change(rng, most=0.35))


def augment(
    rgb: RGB, size_px: int, rng: np.random.Generator, profiles: Sequence[StainProfile] = ()
) -> RGB:
    """Turn one crop into a varied network input.

    Parameters
    ----------
    rgb
        (height, width, 3), 0-255, RGB order, a tight crop.
    profiles
        Stains to borrow, one for each picture that they were measured on.

    Returns
    -------
    (size_px, size_px, 3), 0-255, RGB order.
    """
    image = preprocess(_margins(rgb, rng), size_px)
    image = _turned(_recoloured(image, rng, profiles), rng)
    return _camera(image, rng)


def _recoloured(image: RGB, rng: np.random.Generator, profiles: Sequence[StainProfile]) -> RGB:
    """Half of the cells borrow a stain, a third get a random one, the rest keep theirs."""
    chance = rng.random()
    change = other_stain(image, profiles, rng) if chance < _BORROWED else None
    if change is None and chance < _BORROWED + _JITTERED:
        change = random_change(rng)
    return image if change is None else recolour(image, change)


def _margins(rgb: RGB, rng: np.random.Generator) -> RGB:
    """Move each border by up to 8 % of the side, as another locator would set it."""
    if happens(rng, 0.25):
        return rgb
    height, width = rgb.shape[:2]
    limits = np.array([height, height, width, width]) * 0.08
    top, bottom, left, right = (int(v) for v in np.rint(rng.uniform(-limits, limits)))
    padded = cv2.copyMakeBorder(
        rgb, max(top, 0), max(bottom, 0), max(left, 0), max(right, 0), cv2.BORDER_REPLICATE
    )
    rows = slice(max(-top, 0), padded.shape[0] - max(-bottom, 0))
    columns = slice(max(-left, 0), padded.shape[1] - max(-right, 0))
    return np.ascontiguousarray(padded[rows, columns]).astype(np.uint8, copy=False)


def _turned(image: RGB, rng: np.random.Generator) -> RGB:
    """Flip, and turn by any angle; every second image keeps its pixels' grid."""
    if happens(rng, 0.5):
        image = image[:, ::-1]
    if happens(rng, 0.5):
        return np.ascontiguousarray(np.rot90(image, int(rng.integers(4))))
    size = image.shape[0]
    centre = ((size - 1) / 2, (size - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, rng.uniform(0, 360), rng.uniform(0.88, 1.08))
    matrix[:, 2] += rng.uniform(-0.03, 0.03, 2) * size
    corner = np.median(np.concatenate([image[0], image[-1]]), axis=0)
    turned = cv2.warpAffine(
        np.ascontiguousarray(image),
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=[float(c) for c in corner],
    )
    return np.asarray(turned, np.uint8)


def _camera(image: RGB, rng: np.random.Generator) -> RGB:
    """Resolution, focus, sensor noise and JPEG, each now and then."""
    size = image.shape[0]
    if happens(rng, 0.15):
        image = _coarser(image, rng.uniform(0.3, 0.8))
    if happens(rng, 0.35):
        # Mostly slight: strong blur hides small vacuoles and fine spikes, and would teach to guess.
        sigma = 0.3 + 2.2 * rng.beta(1.0, 2.5)
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), sigma * size / 160))
    if happens(rng, 0.15):
        image = _sharpened(image, rng.uniform(0.3, 1.0))
    if happens(rng, 0.25):
        grain = rng.normal(0, rng.uniform(1, 7), image.shape)
        image = np.clip(image + grain, 0, 255).astype(np.uint8)
    if happens(rng, 0.35):
        quality = int(rng.integers(45, 96))
        _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_UNCHANGED), np.uint8)
    return image


def _sharpened(image: RGB, amount: float) -> RGB:
    soft = cv2.GaussianBlur(image, (0, 0), 1.5)
    return np.asarray(cv2.addWeighted(image, 1 + amount, soft, -amount, 0), np.uint8)


def _coarser(image: RGB, share: float) -> RGB:
    """As a camera with fewer pixels on the cell would have seen it."""
    size = image.shape[0]
    small = max(8, round(size * share))
    low = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(low, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)
