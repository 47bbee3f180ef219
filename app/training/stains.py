"""Stain vectors of one picture, and the recolouring that gives a cell another picture's stain.

Everything happens in optical density, where stains add up (Beer-Lambert). A picture's two stain
vectors are estimated from its pixels (Macenko et al. 2009, doi 10.1109/ISBI.2009.5193250).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.imaging.segmentation import optical_density

RGB = NDArray[np.uint8]
Vector = NDArray[np.float32]

# Density above the background from which a pixel counts as stained.
_STAINED = 0.12
_LEAST_PIXELS = 300
_MOST_PIXELS = 4000
# Angles beyond these percentiles are noise, densities beyond the last are dirt.
_ANGLES = (2, 98)
_STRONGEST = 98
_BRIGHTEST_SHARE = 8
# Between two pictures a stain is made at most so many times stronger or weaker.
_MOST_GAIN = 2.2


@dataclass(frozen=True)
class StainChange:
    """One recolouring of optical density (rows: pixels): `density @ matrix + shift`.

    Parameters
    ----------
    matrix
        (3, 3) float32.
    shift
        (3,) float32, added to the density of red, green and blue.
    """

    matrix: NDArray[np.float32]
    shift: Vector

    def then(self, other: "StainChange") -> "StainChange":
        """Both, this one first."""
        return StainChange(self.matrix @ other.matrix, self.shift @ other.matrix + other.shift)


@dataclass(frozen=True)
class StainProfile:
    """How one picture is stained.

    Parameters
    ----------
    background
        (3,) density of the empty parts: the colour of light and glass.
    vectors
        (2, 3) absorption of the two stains, each of unit length; the one that takes up more red
        light (azure) first.
    strength
        (2,) how much of each the most stained parts took up.
    """

    background: Vector
    vectors: NDArray[np.float32]
    strength: Vector

    def mixed(self, other: "StainProfile", share: float) -> "StainProfile":
        """A stain between two; `share` of it is the other's."""
        vectors = (1 - share) * self.vectors + share * other.vectors
        return StainProfile(
            ((1 - share) * self.background + share * other.background).astype(np.float32),
            (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
            ((1 - share) * self.strength + share * other.strength).astype(np.float32),
        )


def recolour(rgb: RGB, change: StainChange) -> RGB:
    """Recolour an image; (height, width, 3), 0-255, RGB order, in and out."""
    density = optical_density(rgb) @ change.matrix + change.shift
    out = 256.0 * np.power(np.float32(10.0), -density) - 1.0
    return np.asarray(np.clip(np.rint(out), 0, 255), np.uint8)


def stain_profile(rgb: RGB) -> StainProfile | None:
    """Estimate the stain of a picture (height, width, 3), 0-255, RGB order; None if too little."""
    density = optical_density(rgb).reshape(-1, 3)
    density = density[:: max(1, len(density) // _MOST_PIXELS)]
    total = density.sum(axis=1)
    background = np.median(density[total <= np.percentile(total, _BRIGHTEST_SHARE)], axis=0)
    beyond = density - background
    stained = beyond[beyond.max(axis=1) > _STAINED]
    if len(stained) < _LEAST_PIXELS:
        return None
    vectors = _extremes(stained)
    amounts = np.linalg.lstsq(vectors.T, stained.T, rcond=None)[0]
    strength = np.percentile(amounts, _STRONGEST, axis=1)
    if (strength <= 0).any():
        return None
    return StainProfile(
        background.astype(np.float32), vectors.astype(np.float32), strength.astype(np.float32)
    )


def _extremes(stained: NDArray[np.float32]) -> NDArray[np.float32]:
    """The two outermost directions in the plane that holds most of the densities."""
    _, axes = np.linalg.eigh(stained.T @ stained)
    plane = axes[:, [2, 1]].T
    plane[0] *= np.sign(plane[0].sum()) or 1.0
    places = stained @ plane.T
    angles = np.percentile(np.arctan2(places[:, 1], places[:, 0]), _ANGLES)
    vectors = np.stack([np.cos(a) * plane[0] + np.sin(a) * plane[1] for a in angles])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors if vectors[0, 0] >= vectors[1, 0] else vectors[::-1]


def borrowed(source: StainProfile, target: StainProfile) -> StainChange:
    """The recolouring that turns a picture stained like `source` into one like `target`."""
    ratio = np.clip(target.strength / source.strength, 1 / _MOST_GAIN, _MOST_GAIN)
    # What neither stain explains keeps its amount: it carries the detail.
    scale = np.diag(np.array([*ratio, 1.0]))
    matrix = np.linalg.inv(_basis(source)) @ scale @ _basis(target)
    shift = target.background - source.background @ matrix
    return StainChange(matrix.astype(np.float32), shift.astype(np.float32))


def _basis(profile: StainProfile) -> NDArray[np.float64]:
    """(3, 3) The two stains, and the direction that neither takes."""
    first, second = profile.vectors.astype(np.float64)
    rest = np.cross(first, second)
    return np.stack([first, second, rest / np.linalg.norm(rest)])
