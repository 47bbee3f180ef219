"""The nucleus of a real cell replaced: by a pseudo-Pelger one, or as decoy by a healthy shape.

The old nucleus is painted over with the cell's own cytoplasm; the new one is filled with its
own chromatin. Decoys take the same way with a band, three or four lobes, or the old outline, so
only the shape (and the density that goes with it) tells the two apart.
"""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from app.training.painting import (
    Canvas,
    Colour,
    Polygon,
    alpha_of,
    blend,
    blob,
    grow,
    restitch,
    shrink,
    smooth,
    soften,
    strand,
)

_VISIBLE, _HALF = 0.08, 0.5
_FEW_PIXELS, _FEW_POINTS = 50, 8


def redraw_nucleus(canvas: Canvas, rng: np.random.Generator, decoy: bool) -> Colour | None:  # noqa: FBT001
    """Give the cell another nucleus; None where none fits into the cell."""
    shapes = _HEALTHY if decoy else _PELGER
    alpha = _fitting(canvas, shapes[int(rng.integers(len(shapes)))], rng)
    if alpha is None:
        return None
    emptied = _without_nucleus(canvas, rng)
    return blend(emptied, _chromatin(canvas, alpha, rng), alpha)


def _fitting(
    canvas: Canvas, shape: Callable[..., list[Polygon]], rng: np.random.Generator
) -> NDArray[np.float32] | None:
    """Try sizes and places until the whole outline lies inside the cell."""
    room = shrink(canvas.masks.cell, 4 * canvas.scale)
    rows, columns = np.nonzero(room)
    if len(rows) == 0:
        return None
    middle = np.array([columns.mean(), rows.mean()])
    area = float(canvas.masks.nucleus.sum()) * rng.uniform(0.75, 1.0)
    for attempt in range(30):
        spread = 0.12 * np.sqrt(len(rows))
        centre = middle + rng.normal(0, spread, 2)
        outlines = shape(canvas, centre, area * 0.98**attempt, rng)
        alpha = alpha_of(outlines, canvas, 0.75)
        if not (alpha[~room] > _VISIBLE).any():
            return alpha
    return None


def _without_nucleus(canvas: Canvas, rng: np.random.Generator) -> Colour:
    """The cell with cytoplasm where its nucleus was."""
    detail = canvas.colour - canvas.cytoplasm_tone
    hole = grow(canvas.masks.nucleus, 2.5 * canvas.scale) & shrink(canvas.masks.cell, 1)
    patch = grow(hole, 3 * canvas.scale)
    filled = canvas.cytoplasm_tone + restitch(detail, canvas.clean_cytoplasm, patch, rng)
    return blend(canvas.colour, filled, soften(hole, 0.8 * canvas.scale))


def _chromatin(canvas: Canvas, alpha: NDArray[np.float32], rng: np.random.Generator) -> Colour:
    """The cell's chromatin over the whole image: its texture inside, its dense rim outside."""
    core = shrink(canvas.masks.nucleus, 3 * canvas.scale)
    if core.sum() < _FEW_PIXELS:
        core = canvas.masks.nucleus
    tone = smooth(canvas.colour, core, 6 * canvas.scale)
    detail = restitch(canvas.colour - tone, core, grow(alpha > _VISIBLE, 2), rng)
    average = canvas.colour[core].mean(axis=0)
    clumping, density = rng.uniform(0.8, 1.3), rng.uniform(-2, 8)
    inside = average - density + detail * clumping
    solid = soften(shrink(alpha > _HALF, 2.5 * canvas.scale), 1.0 * canvas.scale)
    rim = np.broadcast_to(canvas.chromatin, inside.shape)
    return blend(rim + 0.15 * detail, inside, solid)


def _pince_nez(
    canvas: Canvas, centre: Polygon, area: float, rng: np.random.Generator
) -> list[Polygon]:
    """Two round lobes joined by a thin filament."""
    share = rng.uniform(0.42, 0.58)
    radii = np.sqrt(area * np.array([share, 1 - share]) / np.pi)
    distance = radii.sum() + canvas.scale * rng.uniform(0.5, 9.0)
    turn = rng.uniform(0, 2 * np.pi)
    axis = np.array([np.cos(turn), np.sin(turn)])
    ends = [centre - axis * distance / 2, centre + axis * distance / 2]
    lobes = [blob(end, r, rng, roundness=0.82) for end, r in zip(ends, radii, strict=True)]
    return [*lobes, _filament(ends[0], ends[1], canvas, rng)]


def _round(
    canvas: Canvas,  # noqa: ARG001 - the shapes share one signature
    centre: Polygon,
    area: float,
    rng: np.random.Generator,
) -> list[Polygon]:
    """One round, dense nucleus."""
    return [blob(centre, np.sqrt(area * rng.uniform(0.65, 0.9) / np.pi), rng, roundness=0.85)]


def _filament(start: Polygon, end: Polygon, canvas: Canvas, rng: np.random.Generator) -> Polygon:
    step = np.linspace(0, 1, 16)[:, None]
    axis = end - start
    sag = np.array([-axis[1], axis[0]]) * rng.normal(0, 0.06)
    path = start + axis * step + sag * 4 * step * (1 - step)
    thin = canvas.scale * rng.uniform(0.7, 1.5)
    return strand(path, np.full(16, thin))


def _lobes(canvas: Canvas, centre: Polygon, area: float, rng: np.random.Generator) -> list[Polygon]:
    """Three or four lobes on an arc, joined by filaments or broader bridges."""
    count = int(rng.choice([3, 4]))
    weights = rng.uniform(0.7, 1.3, count)
    radii = np.sqrt(area * weights / weights.sum() / np.pi)
    gaps = radii[:-1] + radii[1:] + canvas.scale * rng.uniform(-1, 4, count - 1)
    bend = rng.choice([-1, 1]) * rng.uniform(0.6, 1.5)
    heading = rng.uniform(0, 2 * np.pi) + bend * np.arange(count - 1)
    moves = np.stack([np.cos(heading), np.sin(heading)], axis=1) * gaps[:, None]
    centres = np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)])
    centres += centre - centres.mean(axis=0)
    joins = [_filament(a, b, canvas, rng) for a, b in pairwise(centres)]
    bodies = [blob(c, r, rng, roundness=0.6) for c, r in zip(centres, radii, strict=True)]
    return bodies + joins


def _band(
    canvas: Canvas,  # noqa: ARG001 - the shapes share one signature
    centre: Polygon,
    area: float,
    rng: np.random.Generator,
) -> list[Polygon]:
    """A horseshoe of even thickness, with or without a slight waist."""
    sweep = rng.uniform(1.2, 4.2)
    aspect = rng.uniform(2.2, 4.0)
    half = np.sqrt(area / aspect) / 2
    radius = 2 * half * aspect / sweep
    angle = rng.uniform(0, 2 * np.pi) + np.linspace(-sweep / 2, sweep / 2, 40)
    path = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius
    path += centre - path.mean(axis=0)
    step = np.linspace(-1, 1, 40)
    waist = 1 - rng.uniform(0, 0.45) * np.exp(-((step / 0.35) ** 2))
    widths = half * waist * np.clip(1 - np.abs(step) ** 6, 0, 1) ** 0.5
    return [strand(path, widths)]


def _own(
    canvas: Canvas,
    centre: Polygon,  # noqa: ARG001 - the shapes share one signature
    area: float,
    rng: np.random.Generator,
) -> list[Polygon]:
    """The cell's own outline, turned a little about its middle."""
    contours, _ = cv2.findContours(
        canvas.masks.nucleus.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    points = np.concatenate([c[:, 0, :] for c in contours]).astype(np.float64)
    middle = points.mean(axis=0)
    turn = rng.normal(0, 0.2)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    size = np.sqrt(min(1.0, area / max(float(canvas.masks.nucleus.sum()), 1.0)))
    return [(c[:, 0, :] - middle) @ spin * size + middle for c in contours if len(c) > _FEW_POINTS]


_PELGER = (_pince_nez, _pince_nez, _round)
_HEALTHY = (_own, _lobes, _band)
