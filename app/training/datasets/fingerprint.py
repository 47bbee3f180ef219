"""What tells two pictures of one cell apart from pictures of two cells.

A digest of the pixels finds copies. A perceptual hash (the signs of the lowest frequencies of a
cosine transform; Zauner 2010, "Implementation and benchmarking of perceptual image hash
functions") finds candidates for re-encoded, resized, turned, mirrored or shifted pictures of one
cell, and the correlation of their details confirms them: tight crops of cells are so much alike
in their lowest frequencies that the hash alone would accuse many different ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.errors import DatasetRefused, ImageRefused
from app.imaging.decode import ImageLimits, decode, pixel_sha256
from app.training.datasets.sample import Sample, crop_of

Pixel = TypeVar("Pixel", bound=np.generic)

ORIENTATIONS = 8
"""The four turns by 90 degrees, each also mirrored."""

_THUMB_PX = 64
_COARSE_PX = 32
_LOWEST = 8
_WEIGHTS = np.left_shift(np.uint64(1), np.arange(_LOWEST**2, dtype=np.uint64))
_FAR_BITS = 12
"""Of 63: at most so many differ in a candidate."""
_LEAST_COARSE = 0.92
_LEAST_DETAIL = 0.8
"""On 9,339 crops of "PBC dataset normal DIB" 11 pairs exceed it; by eye 9 of them show one cell,
photographed twice, and 2 show round, featureless nuclei."""
_DETAIL_SIGMA_PX = 2.5
_LARGEST_SHIFT_PX = 8
_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of a picture.

    Parameters
    ----------
    digest
        Of the pixels of the whole image.
    hashes
        (8,) uint64: the cell's perceptual hash in each orientation, the first as it is.
    thumb
        (64, 64) uint8: the cell in grey, whatever its shape was.
    """

    digest: str
    hashes: NDArray[np.uint64]
    thumb: NDArray[np.uint8]


@dataclass(frozen=True)
class Likeness:
    """Two pictures that seem to show one cell: their places in the list, and how alike they are."""

    first: int
    second: int
    correlation: float


def fingerprint(sample: Sample) -> Fingerprint:
    """Read a sample's image to its end and take its fingerprint.

    Raises
    ------
    DatasetRefused
        If the image cannot be read completely, or the box reaches beyond it.
    """
    try:
        rgb = decode(sample.path.read_bytes(), ImageLimits()).rgb
    except ImageRefused as error:
        raise DatasetRefused(f"{sample.path}: {error.detail}") from error
    except OSError as error:
        raise DatasetRefused(f"{sample.path}: {error.strerror}") from error
    grey = np.asarray(cv2.cvtColor(crop_of(sample, rgb), cv2.COLOR_RGB2GRAY), np.uint8)
    thumb = _shrunk(grey, _THUMB_PX).astype(np.uint8)
    return Fingerprint(pixel_sha256(rgb), _hashes(thumb), thumb)


def _shrunk(grey: NDArray[np.uint8], side_px: int) -> NDArray[np.generic]:
    return cv2.resize(grey, (side_px, side_px), interpolation=cv2.INTER_AREA)


def _coarse(thumb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(32, 32) with mean 0 and norm 1, so that a product is a correlation."""
    small = _shrunk(thumb, _COARSE_PX).astype(np.float32)
    small -= small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-6), np.float32)


def _hashes(thumb: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Hash all orientations by one transform: mirroring changes signs, turning also transposes."""
    lowest = np.asarray(cv2.dct(_coarse(thumb)), np.float64)[:_LOWEST, :_LOWEST]
    odd = np.where(np.arange(_LOWEST) % 2 == 1, -1.0, 1.0)
    return np.array([_bits(_turned(lowest, k, odd)) for k in range(ORIENTATIONS)], np.uint64)


def _turned(
    lowest: NDArray[np.float64], orientation: int, odd: NDArray[np.float64]
) -> NDArray[np.float64]:
    block = lowest.T if orientation & 4 else lowest
    down = odd if orientation & 2 else np.ones(_LOWEST)
    across = odd if orientation & 1 else np.ones(_LOWEST)
    return np.asarray(block * down[:, None] * across[None, :], np.float64)


def _bits(block: NDArray[np.float64]) -> np.uint64:
    signs = block.ravel() > 0
    signs[0] = False
    return np.uint64(_WEIGHTS[signs].sum(dtype=np.uint64))


def oriented(picture: NDArray[Pixel], orientation: int) -> NDArray[Pixel]:
    """Turn a square picture as the hash of this number sees it."""
    turned = picture.T if orientation & 4 else picture
    turned = turned[::-1] if orientation & 2 else turned
    return turned[:, ::-1] if orientation & 1 else turned


def likenesses(prints: list[Fingerprint]) -> Iterator[Likeness]:
    """Yield the pairs that seem to show one cell, in any orientation; copies are among them."""
    if not prints:
        return
    hashes = np.stack([each.hashes for each in prints])
    coarse = np.stack([_coarse(each.thumb) for each in prints])
    for start in range(0, len(prints), _ROWS_AT_ONCE):
        best: dict[tuple[int, int], float] = {}
        for first, second, orientation in _candidates(hashes, coarse, start):
            found = _detail_correlation(prints[first].thumb, prints[second].thumb, orientation)
            best[first, second] = max(found, best.get((first, second), 0.0))
        for (first, second), correlation in best.items():
            if correlation >= _LEAST_DETAIL:
                yield Likeness(first, second, correlation)


def _candidates(
    hashes: NDArray[np.uint64], coarse: NDArray[np.float32], start: int
) -> Iterator[tuple[int, int, int]]:
    """Compare some rows with all that come after them: places and orientation of the first."""
    rows = hashes[start : start + _ROWS_AT_ONCE]
    for orientation in range(ORIENTATIONS):
        differing = np.bitwise_count(rows[:, orientation, None] ^ hashes[None, start:, 0])
        first, second = np.nonzero(differing <= _FAR_BITS)
        later = second > first
        for i, j in zip(first[later] + start, second[later] + start, strict=True):
            if (oriented(coarse[i], orientation) * coarse[j]).sum() >= _LEAST_COARSE:
                yield int(i), int(j), orientation


def _detail_correlation(
    first: NDArray[np.uint8], second: NDArray[np.uint8], orientation: int
) -> float:
    """Correlate what is finer than the cell's form, at the shift that suits best.

    A cell that was photographed twice is cut a few pixels differently.
    """
    turned = _details(oriented(first, orientation))
    edge = _LARGEST_SHIFT_PX
    inner = np.ascontiguousarray(turned[edge:-edge, edge:-edge])
    if inner.std() == 0:
        return 0.0
    return float(cv2.matchTemplate(_details(second), inner, cv2.TM_CCOEFF_NORMED).max())


def _details(thumb: NDArray[np.uint8]) -> NDArray[np.float32]:
    picture = np.ascontiguousarray(thumb).astype(np.float32)
    return np.asarray(picture - cv2.GaussianBlur(picture, (0, 0), _DETAIL_SIGMA_PX), np.float32)
