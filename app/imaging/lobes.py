"""The lobes of a nucleus, and the necks between them.

The distance transform of the nucleus is read as a landscape: each lobe is a summit, each neck a
saddle, and the height of either is half the width of the nucleus there. Two summits are two lobes
where the saddle between them is low beside the lower summit; filaments thinner than a pixel or two
vanish and leave separate pieces, whose neck is 0. (Summits and saddles: dynamics of a distance
function, Grimaud 1992; separating touching parts by them is standard in cytometry.)
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.imaging.protrusions import USUAL_SIDE_PX
from app.imaging.segmentation import Mask

MOST_NECK_RATIO = 1 / 3
"""Width of a neck in widths of the narrower lobe, from which on two parts are one lobe.

The rule of one third by which bands are told from segmented forms. Of the values tried on
annotated nuclei of the train split, it also agreed best (docs/morphometry.md).
"""
_LEAST_LOBE_SHARE = 0.025
"""Share of the nucleus that a disc within the lobe covers; below, it is a bulge or a drumstick."""
_LEAST_PIECE_PX = 4.0
"""Inscribed radius, in pixels of a usual crop, below which a piece is not of the nucleus."""
_STEP_PX = 0.5
"""Between levels of the landscape: an error of one in thirty for a usual lobe's width."""


@dataclass(frozen=True)
class Lobes:
    """The lobes of one nucleus.

    Parameters
    ----------
    labels
        (height, width) int32: 0 outside of the nucleus, then 1, 2 ... for each lobe.
    count
        Of the lobes; at least 1.
    narrowest_neck
        Width of the narrowest neck in widths of the narrower of its two sides, whether it divides
        lobes or not; 0 where lobes hang together by nothing that is seen; None without a neck.
    """

    labels: NDArray[np.int32]
    count: int
    narrowest_neck: float | None


@dataclass
class _Summit:
    """One summit; `core` is its part of the nucleus before it first met another lobe."""

    height: float
    x: int
    y: int
    core: Mask | None = None


def without_debris(nucleus: Mask) -> Mask:
    """Keep the pieces wide enough to be lobes: heaps of dark granules are not."""
    count, labels = cv2.connectedComponents(nucleus.view(np.uint8), connectivity=4)
    height = cv2.distanceTransform(nucleus.view(np.uint8), cv2.DIST_L2, 5)
    least = _LEAST_PIECE_PX * max(nucleus.shape) / USUAL_SIDE_PX
    kept = np.zeros(count, np.bool_)
    kept[labels[height >= least]] = True
    kept[0] = False
    return np.asarray(kept[labels], np.bool_)


def find_lobes(nucleus: Mask) -> Lobes:
    """Divide a nucleus (height, width) that has at least one pixel into its lobes."""
    padded = cv2.copyMakeBorder(nucleus.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    height = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1].astype(np.float32)
    least = float(np.sqrt(_LEAST_LOBE_SHARE * np.count_nonzero(nucleus) / np.pi))
    lobes, necks = _sink(height, least)
    return Lobes(_divide(nucleus, lobes), len(lobes), min(necks) if necks else None)


def _sink(height: NDArray[np.float32], least: float) -> tuple[list[_Summit], list[float]]:
    """Lower the level through the landscape; summits that meet at a low saddle are two lobes."""
    lobes: list[_Summit] = []
    necks: list[float] = []
    standing: list[_Summit] = []
    before = np.zeros(height.shape, np.int32)
    for level in np.arange(float(height.max()), 0, -_STEP_PX):
        count, labels = cv2.connectedComponents((height >= level).view(np.uint8), connectivity=8)
        islands: list[list[_Summit]] = [[] for _ in range(count)]
        for summit in standing:
            islands[labels[summit.y, summit.x]].append(summit)
        standing = []
        for island in range(1, count):
            met = sorted(islands[island], key=lambda s: -s.height)
            lower = [summit for summit in met[1:] if summit.height >= least]
            apart = [summit for summit in lower if level < MOST_NECK_RATIO * summit.height]
            for summit in (met[0], *apart) if apart else ():
                if summit.core is None:
                    summit.core = before == before[summit.y, summit.x]
            lobes += apart
            necks += [float(level) / summit.height for summit in lower]
            if met or level >= least:
                standing.append(met[0] if met else _summit(height, labels == island))
        before = np.asarray(labels, np.int32)
    # What never met hangs together by nothing that is seen.
    standing.sort(key=lambda s: -s.height)
    pieces = [summit for summit in standing[1:] if summit.height >= least]
    for summit in (*standing[:1], *pieces):
        if summit.core is None:
            summit.core = before == before[summit.y, summit.x]
    return [*standing[:1], *pieces, *lobes], necks + [0.0] * len(pieces)


def _summit(height: NDArray[np.float32], island: Mask) -> _Summit:
    _, highest, _, (x, y) = cv2.minMaxLoc(height, island.view(np.uint8))
    return _Summit(float(highest), int(x), int(y))


def _divide(nucleus: Mask, lobes: list[_Summit]) -> NDArray[np.int32]:
    """Give every pixel of the nucleus to the lobe with the nearest core."""
    cores = np.zeros(nucleus.shape, np.int32)
    for label, lobe in enumerate(lobes, start=1):
        cores[lobe.core] = label
    _, nearest = cv2.distanceTransformWithLabels(
        (cores == 0).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    lobe_of = np.zeros(int(nearest.max()) + 1, np.int32)
    lobe_of[nearest[cores > 0]] = cores[cores > 0]
    return np.where(nucleus, lobe_of[nearest], 0).astype(np.int32)
