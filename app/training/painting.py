"""Canvas and texture for `lesions`: soft shapes, and colour taken from the cell itself.

Every colour array is (height, width, 3) float32 RGB, 0-255; every alpha is (height, width)
float32, 0-1. Lengths are in pixels of the crop.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from app.imaging.segmentation import CellMasks, Mask, segment

Colour = NDArray[np.float32]
Polygon = NDArray[np.float64]
"""(points, 2): x, y."""

_OVERSAMPLING = 4
_USUAL_SIDE = 150.0
"""A neutrophil's crop in the data the sizes were chosen on, in pixels."""


Range = tuple[float, float]


@dataclass(frozen=True)
class Draw:
    """How one edit is drawn: the abnormality or its `decoy`, from the usual or the `wide` ranges.

    The wide ranges go as far as an expert would still call the abnormality (for a decoy: would
    still not call it), so that the classifier does not learn one hand only.
    """

    rng: np.random.Generator
    decoy: bool = False
    wide: bool = False

    def happens(self, chance: float) -> bool:
        """Whether something of the given probability happens now."""
        return happens(self.rng, chance)

    def uniform(self, usual: Range, wide: Range) -> float:
        """One number from the range that applies."""
        return float(self.rng.uniform(*(wide if self.wide else usual)))


@dataclass(frozen=True)
class Canvas:
    """One cell ready to be edited; `rgb` is uint8, (height, width, 3), RGB order."""

    rgb: NDArray[np.uint8]
    masks: CellMasks

    @classmethod
    def of(cls, rgb: NDArray[np.uint8]) -> "Canvas":
        """Segment a tight crop."""
        return cls(rgb, segment(rgb))

    @property
    def scale(self) -> float:
        """How much larger the crop is than a usual one."""
        return float(max(self.rgb.shape[:2]) / _USUAL_SIDE)

    @cached_property
    def colour(self) -> Colour:
        """The pixels as floats."""
        return self.rgb.astype(np.float32)

    @cached_property
    def background(self) -> Colour:
        """(3,) Colour of the smear between the cells."""
        brightness = self.colour.sum(axis=2)
        bright = self.colour[brightness >= np.percentile(brightness, 95)]
        return np.asarray(np.median(bright, axis=0), np.float32)

    @cached_property
    def chromatin(self) -> Colour:
        """(3,) Colour of the dense chromatin at the rim of the nucleus."""
        inner = shrink(self.masks.nucleus, 2 * self.scale)
        rim = inner & ~shrink(inner, 3 * self.scale)
        seen = self.colour[rim if rim.any() else self.masks.nucleus]
        return np.asarray(np.percentile(seen, 40, axis=0), np.float32)

    @cached_property
    def nucleus_depth(self) -> NDArray[np.float32]:
        """(height, width) The nucleus with its outline smoothed away: it falls off outwards."""
        return soften(self.masks.nucleus, 2.5 * self.scale)

    @cached_property
    def from_nucleus(self) -> NDArray[np.float32]:
        """(height, width) Distance to the nucleus in pixels; 0 on it."""
        outside = (~self.masks.nucleus).astype(np.uint8)
        return np.asarray(cv2.distanceTransform(outside, cv2.DIST_L2, 5), np.float32)

    @cached_property
    def clean_cytoplasm(self) -> Mask:
        """Cytoplasm away from the blurred edge of the nucleus and of the cell."""
        clear = self.masks.cytoplasm & ~grow(self.masks.nucleus, 2.5 * self.scale)
        return clear & shrink(self.masks.cell, 3 * self.scale)

    @cached_property
    def cytoplasm_tone(self) -> Colour:
        """Cytoplasm without its fine texture, continued below the nucleus."""
        return smooth(self.colour, self.clean_cytoplasm, 6 * self.scale)


def happens(rng: np.random.Generator, chance: float) -> bool:
    """Whether something of the given probability happens now."""
    return bool(rng.random() < chance)


def disc(radius: float) -> NDArray[np.uint8]:
    """A round structuring element of at least one pixel."""
    size = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def shrink(mask: Mask, radius: float) -> Mask:
    """Erode by a radius in pixels; the image border counts as outside."""
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, disc(radius), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return eroded[1:-1, 1:-1].astype(bool)


def grow(mask: Mask, radius: float) -> Mask:
    """Dilate by a radius in pixels."""
    return cv2.dilate(mask.astype(np.uint8), disc(radius)).astype(bool)


def soften(mask: Mask | NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """A mask with a soft edge, as alpha."""
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma), np.float32)


def smooth(colour: Colour, source: Mask, sigma: float) -> Colour:
    """Blur the source pixels only, and continue them everywhere."""
    weight = source.astype(np.float32)
    total = np.full(colour.shape, 1e-6, np.float32)
    total *= colour[source].mean(axis=0) if source.any() else colour.mean(axis=(0, 1))
    share = np.full(weight.shape, 1e-6, np.float32)
    # The wide pass reaches where the narrow one has nothing.
    for width, trust in ((sigma, 1.0), (4 * sigma, 1e-3)):
        total += trust * _blurred(colour * weight[:, :, None], width)
        share += trust * _blurred(weight, width)
    return np.asarray(total / share[:, :, None], np.float32)


def _blurred(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """A Gaussian blur, wide ones on a coarser grid: as smooth, and fast."""
    coarser = 2.0 ** np.floor(np.log2(max(sigma / 2.5, 1.0)))
    height, width = image.shape[:2]
    size = (max(1, round(width / coarser)), max(1, round(height / coarser)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / coarser)
    return np.asarray(
        cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )


def restitch(detail: Colour, source: Mask, target: Mask, rng: np.random.Generator) -> Colour:
    """Cover the target with pieces of the source's fine texture, shifted and mirrored at random.

    Of several random shifts the one that covers most is taken: large pieces, few seams. What
    stays uncovered is smooth (0).
    """
    out = np.zeros_like(detail)
    missing = target.astype(np.float32)
    for _ in range(10):
        best, best_cover = None, 0.0
        for _ in range(10):
            piece = _moved(source, rng)
            cover = float(missing[piece[0]].sum())
            if cover > best_cover:
                best, best_cover = piece, cover
        if best is None or best_cover < 0.01 * target.sum():
            break
        # Soft edges: a hard seam between two pieces would show as a line.
        alpha = soften(shrink(best[0], 1.5), 1.0) * missing
        out += alpha[:, :, None] * best[1](detail)
        missing = np.clip(missing - alpha, 0, 1)
    return out


def _moved(source: Mask, rng: np.random.Generator) -> tuple[Mask, Callable[[Colour], Colour]]:
    """A random shift and mirroring: the source mask under it, and the move itself."""
    flips = tuple(axis for axis in (0, 1) if happens(rng, 0.5))
    shift = (int(rng.integers(source.shape[0])), int(rng.integers(source.shape[1])))

    def move(image: Colour) -> Colour:
        return np.roll(np.flip(image, flips), shift, (0, 1))

    return np.roll(np.flip(source, flips), shift, (0, 1)), move


def alpha_of(polygons: list[Polygon], canvas: Canvas, sigma: float = 0.7) -> NDArray[np.float32]:
    """Draw filled polygons with edges as soft as the microscope's."""
    height, width = canvas.rgb.shape[:2]
    large = np.zeros((height * _OVERSAMPLING, width * _OVERSAMPLING), np.uint8)
    for polygon in polygons:
        points = np.rint((polygon + 0.5) * _OVERSAMPLING * 16).astype(np.int32)
        cv2.fillPoly(large, [points], 255, shift=4)
    small = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small.astype(np.float32) / 255, (0, 0), sigma * canvas.scale)
    return np.asarray(soft, np.float32)


def blend(under: Colour, over: Colour, alpha: NDArray[np.float32]) -> Colour:
    """Lay one colour over another."""
    return under + (over - under) * alpha[:, :, None]


def to_pixels(colour: Colour) -> NDArray[np.uint8]:
    """Round to uint8."""
    return np.clip(np.rint(colour), 0, 255).astype(np.uint8)


def blob(
    centre: Polygon, radius: float, rng: np.random.Generator, *, roundness: float = 0.9
) -> Polygon:
    """An almost round outline; `roundness` is the least ratio of its axes."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    ratio = np.sqrt(rng.uniform(roundness, 1.0))
    wobble = np.ones_like(angle)
    for wave, size in ((2, 0.02), (3, 0.012), (4, 0.008)):
        wobble += rng.normal(0, size) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    x, y = np.cos(angle) * wobble * radius / ratio, np.sin(angle) * wobble * radius * ratio
    turn = rng.uniform(0, np.pi)
    turned = (x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn))
    return np.asarray(np.stack(turned, axis=1) + centre)


def strand(path: Polygon, half_widths: NDArray[np.float64]) -> Polygon:
    """The outline of a line of changing width."""
    along = np.gradient(path, axis=0)
    length = np.linalg.norm(along, axis=1, keepdims=True)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(length, 1e-6)
    left, right = path + normal * half_widths[:, None], path - normal * half_widths[:, None]
    return np.concatenate([left, right[::-1]])
