"""The outline of one leukocyte around its nucleus.

Pale cytoplasm between red cells has no colour of its own, so no threshold finds its edge. The
image is unrolled around the nucleus into rays; a very small network, fitted on boxes drawn by
people and on cells made paler (`tests/imaging/fit_outline.py`), says at each point of a ray how
likely it is inside the cell and on its edge; the smoothest closed line through the likeliest edge
is the outline.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.imaging.outline_weights import LAYERS
from app.imaging.stain import Stain

RAYS = 36
STEPS = 32
# How far the rays reach: first in radii of the nucleus, then in radii of the first outline.
FIRST_REACH = 3.4
SECOND_REACH = 1.9
_OFFSETS = np.array([-6, -4, -2, -1, 0, 1, 2, 4, 6])
_CONTEXT = np.clip(np.arange(STEPS)[:, None] + _OFFSETS, 0, STEPS - 1)
_ANGLES = np.arange(RAYS) * 2 * np.pi / RAYS
_COSINE, _SINE = np.cos(_ANGLES), np.sin(_ANGLES)
# Half a turn to settle, then the turn that counts: the line closes without a seam.
_ORDER = [*range(RAYS // 2, RAYS), *range(RAYS)]
_LARGEST_JUMP = 3
_JUMP_COST = (2.0 * np.arange(-_LARGEST_JUMP, _LARGEST_JUMP + 1) ** 2).astype(np.float32)[:, None]
_INSIDE_WEIGHT = 0.4
_EDGE_WEIGHT = 2.0
_LARGEST_INSIDE_LOGIT = 3.0
_LEAST_EDGE_LOGIT = -6.0
# Beyond the image's edge: probably outside the cell, and no good place for its edge.
_INSIDE_LOGIT_OUT_OF_IMAGE = -0.5
_EDGE_LOGIT_OUT_OF_IMAGE = -3.0
# Red cells are looked for this many nucleus radii away, and below this share of the threshold.
_CLEAR_OF_NUCLEUS = 1.2
_PALE_SHARE = 0.6
_FEWEST_RED_CELL_PIXELS = 15
_TYPICAL_RED_CELL = np.array([0.15, 0.25, 0.15], np.float32)
_LEAST_RED_CELL_DENSITY = 0.08
_FAINT_DENSITY = 0.06
_LEAST_BEND = 0.1
# Where in its step the edge lies: set on the dev half.
_EDGE_IN_STEP = 0.6


@dataclass(frozen=True)
class Surroundings:
    """What the rays read, in working pixels.

    Parameters
    ----------
    layers
        (height, width, 4): density of red, green, blue; distance from the nucleus in its radii.
    red_cell
        (3,) typical density of the red cells of this image.
    nucleus_threshold
        As in `Stain`.
    radius_px
        Of a disc with the nucleus's area.
    centre
        x and y between the nucleus's centroid and the middle of its box.
    """

    layers: NDArray[np.float32]
    red_cell: NDArray[np.float32]
    nucleus_threshold: float
    radius_px: float
    centre: tuple[float, float]


def rough_outline(around: Surroundings) -> NDArray[np.float64]:
    """Return a first outline, seen from the nucleus, which may lie off the cell's middle.

    Returns
    -------
    (36, 2) x and y in working pixels; they may lie beyond the image's edge.
    """
    return _closed_line(around, around.centre, FIRST_REACH * around.radius_px)


def fine_outline(around: Surroundings, rough: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the outline (36, 2) as seen from the middle of a first one (36, 2)."""
    middle = (rough.min(axis=0) + rough.max(axis=0)) / 2
    radius_px = float(np.ptp(rough, axis=0).mean()) / 2
    return _closed_line(around, (middle[0], middle[1]), SECOND_REACH * radius_px)


def survey(stain: Stain, nucleus: NDArray[np.bool_]) -> Surroundings:
    """Gather what the rays read around a nucleus mask (height, width)."""
    radius_px = float(np.sqrt(np.count_nonzero(nucleus) / np.pi))
    outside = np.logical_not(nucleus).astype(np.uint8)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, 3) / radius_px
    density = cv2.GaussianBlur(stain.density, (5, 5), 0.8)
    planes = [*cv2.split(density), np.asarray(distance, np.float32)]
    layers = np.asarray(cv2.merge(planes), np.float32)
    red_cell = _red_cell_density(stain, np.asarray(distance, np.float32))
    return Surroundings(layers, red_cell, stain.nucleus_threshold, radius_px, _centre(nucleus))


def sample_rays(
    around: Surroundings, centre: tuple[float, float], reach_px: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Read the layers along 36 rays of 32 steps.

    Returns
    -------
    x and y of the points, (36, 32) each in working pixels, and the layers there (36, 32, 4).
    """
    radii = (np.arange(STEPS) + 0.5) * reach_px / STEPS
    x = (centre[0] + _COSINE[:, None] * radii).astype(np.float32)
    y = (centre[1] + _SINE[:, None] * radii).astype(np.float32)
    read = cv2.remap(around.layers, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return x, y, np.asarray(read, np.float32)


def ray_features(rays: NDArray[np.float32], around: Surroundings) -> NDArray[np.float32]:
    """Describe each point of the rays (36, 32, 4) by 51 numbers: its profile in and outwards."""
    green, blue, distance = rays[..., 1], rays[..., 2], rays[..., 3]
    unit = 1.0 / max(float(around.red_cell[1]), _LEAST_RED_CELL_DENSITY)
    purple = np.clip((green - blue) / around.nucleus_threshold, -0.5, 1.2) - 0.2
    scaled = np.clip(rays[..., :3] * unit, -1, 3) - 0.5
    # Pale cytoplasm differs from the background by next to nothing beside a red cell.
    faint = np.tanh(rays[..., 0] / _FAINT_DENSITY)
    profiles = np.concatenate([scaled, purple[..., None], faint[..., None]], axis=2)
    neighbours = np.roll(profiles, 1, 0) + np.roll(profiles, -1, 0)
    profiles = profiles / 2 + neighbours / 4
    features = np.empty((RAYS, STEPS, 51), np.float32)
    context = np.take(profiles, _CONTEXT, axis=1)
    features[..., :45] = context.reshape(RAYS, STEPS, 45)
    features[..., 45] = np.minimum(distance, 2.5) - 0.7
    features[..., 46] = np.minimum(distance, 0.5) - 0.3
    features[..., 47] = distance == 0
    features[..., 48] = around.red_cell[0] * unit / 2
    features[..., 49] = around.red_cell[2] * unit / 2
    features[..., 50] = around.nucleus_threshold * unit / 4
    return features


def _closed_line(
    around: Surroundings, centre: tuple[float, float], reach_px: float
) -> NDArray[np.float64]:
    x, y, rays = sample_rays(around, centre, reach_px)
    inside, edge = _logits(ray_features(rays, around))
    height, width = around.layers.shape[:2]
    is_out = (np.abs(x - (width - 1) / 2) > width / 2) | (np.abs(y - (height - 1) / 2) > height / 2)
    inside = np.clip(inside, -_LARGEST_INSIDE_LOGIT, _LARGEST_INSIDE_LOGIT)
    inside[is_out] = _INSIDE_LOGIT_OUT_OF_IMAGE
    edge = np.maximum(edge, _LEAST_EDGE_LOGIT)
    edge[is_out] = _EDGE_LOGIT_OUT_OF_IMAGE
    scores = _INSIDE_WEIGHT * np.cumsum(inside, axis=1) + _EDGE_WEIGHT * edge
    steps = _best_steps(scores)
    radii = (steps + _between_steps(scores, steps) + _EDGE_IN_STEP) * reach_px / STEPS
    return np.stack([centre[0] + _COSINE * radii, centre[1] + _SINE * radii], axis=1)


def _between_steps(scores: NDArray[np.float32], steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Tell where between the steps (36,) each ray's score peaks: the top of a parabola."""
    rays, middle = np.arange(RAYS), np.clip(steps, 1, STEPS - 2)
    before, at, after = (scores[rays, middle + by] for by in (-1, 0, 1))
    bend = np.minimum(before - 2 * at + after, -_LEAST_BEND)
    return np.asarray(np.clip((before - after) / (2 * bend), -0.5, 0.5), np.float64)


def _logits(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    # Ray by ray: one product of all would wake the threads of the linear algebra library.
    values: NDArray[np.float32] = features
    for weights, bias in LAYERS[:-1]:
        values = np.maximum(values @ weights + bias, 0)
    weights, bias = LAYERS[-1]
    logits = values @ weights + bias
    return logits[..., 0], logits[..., 1]


def _best_steps(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Choose one step per ray (36,) for the highest score with the least jumps (Viterbi)."""
    padded = np.full(STEPS + 2 * _LARGEST_JUMP, -1e9, np.float32)
    best = padded[_LARGEST_JUMP:-_LARGEST_JUMP]
    best[:] = 0
    shifted = np.lib.stride_tricks.sliding_window_view(padded, STEPS)
    jumps = np.empty((len(_ORDER), STEPS), np.int64)
    for turn, ray in enumerate(_ORDER):
        reached = shifted - _JUMP_COST
        reached.argmax(axis=0, out=jumps[turn])
        np.add(reached.max(axis=0), scores[ray], out=best)
    chosen = np.empty(RAYS, np.int64)
    step = int(best.argmax())
    for turn in range(len(_ORDER) - 1, len(_ORDER) - 1 - RAYS, -1):
        chosen[_ORDER[turn]] = step
        step += int(jumps[turn, step]) - _LARGEST_JUMP
    return chosen


def _red_cell_density(stain: Stain, distance: NDArray[np.float32]) -> NDArray[np.float32]:
    # Every fourth pixel is enough for a median.
    density, purple, distance = stain.density[::2, ::2], stain.purple[::2, ::2], distance[::2, ::2]
    is_stained = density[..., 1] > _LEAST_RED_CELL_DENSITY
    is_pale = purple < _PALE_SHARE * stain.nucleus_threshold
    found = density[(distance > _CLEAR_OF_NUCLEUS) & is_stained & is_pale]
    if len(found) < _FEWEST_RED_CELL_PIXELS:
        return _TYPICAL_RED_CELL
    return np.median(found, axis=0).astype(np.float32)


def _centre(nucleus: NDArray[np.bool_]) -> tuple[float, float]:
    y, x = np.nonzero(nucleus)
    return (
        float(0.5 * x.mean() + 0.25 * (x.min() + x.max())),
        float(0.5 * y.mean() + 0.25 * (y.min() + y.max())),
    )
