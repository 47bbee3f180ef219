"""The nucleus of a real cell replaced: by a pseudo-Pelger one, or as decoy by a healthy shape.

The old nucleus is painted over with the cell's own cytoplasm; the new one is filled with its
own chromatin. Decoys take the same way with a band, three or four lobes, or the old outline, so
only the shape (and the density that goes with it) tells the two apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from app.imaging.segmentation import Mask
from app.training.painting import (
    Canvas,
    Colour,
    Draw,
    Polygon,
    alpha_of,
    blend,
    blob,
    grow,
    happens,
    restitch,
    shrink,
    smooth,
    soften,
    strand,
)

_VISIBLE, _HALF = 0.08, 0.5
_FEW_PIXELS, _FEW_POINTS = 50, 8


@dataclass(frozen=True)
class _Shape:
    """What decides the outline: one set of arguments for all shapes."""

    canvas: Canvas
    draw: Draw
    centre: Polygon
    area: float

    @property
    def rng(self) -> np.random.Generator:
        return self.draw.rng


Outline = Callable[[_Shape], list[Polygon]]


def redraw_nucleus(canvas: Canvas, draw: Draw) -> Colour | None:
    """Give the cell another nucleus; None where none fits into the cell."""
    shapes = _HEALTHY if draw.decoy else _WIDE_PELGER if draw.wide else _PELGER
    alpha = _fitting(canvas, shapes[int(draw.rng.integers(len(shapes)))], draw)
    if alpha is None:
        return None
    return blend(_without_nucleus(canvas, draw), _chromatin(canvas, alpha, draw), alpha)


def _fitting(canvas: Canvas, shape: Outline, draw: Draw) -> NDArray[np.float32] | None:
    """Try sizes and places until the whole outline lies inside the cell."""
    room = shrink(canvas.masks.cell, 4 * canvas.scale)
    rows, columns = np.nonzero(room)
    if len(rows) == 0:
        return None
    middle = np.array([columns.mean(), rows.mean()])
    area = float(canvas.masks.nucleus.sum()) * draw.uniform((0.75, 1.0), (0.6, 1.1))
    edge = draw.uniform((0.75, 0.75), (0.35, 1.1))
    for attempt in range(30):
        centre = middle + draw.rng.normal(0, 0.12 * np.sqrt(len(rows)), 2)
        outlines = shape(_Shape(canvas, draw, centre, area * 0.98**attempt))
        if _inside(room, np.concatenate(outlines)):
            return alpha_of(outlines, canvas, edge)
    return None


def _inside(room: Mask, points: Polygon) -> bool:
    x, y = np.rint(points).astype(int).T
    height, width = room.shape
    if x.min() < 0 or y.min() < 0 or x.max() >= width or y.max() >= height:
        return False
    return bool(room[y, x].all())


def _without_nucleus(canvas: Canvas, draw: Draw) -> Colour:
    """The cell with cytoplasm where its nucleus was."""
    detail = canvas.colour - canvas.cytoplasm_tone
    hole = grow(canvas.masks.nucleus, 2.5 * canvas.scale) & shrink(canvas.masks.cell, 1)
    patch = grow(hole, 3 * canvas.scale)
    grain = restitch(detail, canvas.clean_cytoplasm, patch, draw.rng)
    filled = canvas.cytoplasm_tone + grain * draw.uniform((1, 1), (0.3, 1.1))
    return blend(canvas.colour, filled, soften(hole, 0.8 * canvas.scale))


def _chromatin(canvas: Canvas, alpha: NDArray[np.float32], draw: Draw) -> Colour:
    """The cell's chromatin over the whole image: its texture inside, its dense rim outside."""
    core = shrink(canvas.masks.nucleus, 3 * canvas.scale)
    if core.sum() < _FEW_PIXELS:
        core = canvas.masks.nucleus
    tone = smooth(canvas.colour, core, 6 * canvas.scale)
    detail = restitch(canvas.colour - tone, core, grow(alpha > _VISIBLE, 2), draw.rng)
    density = draw.uniform((-2, 8), (-6, 28))
    inside = canvas.colour[core].mean(axis=0) - density
    inside = inside + detail * draw.uniform((0.8, 1.3), (0.1, 1.5))
    if draw.wide and draw.happens(0.5):
        inside = inside + _clumps(canvas, draw)
    solid = soften(shrink(alpha > _HALF, 2.5 * canvas.scale), 1.0 * canvas.scale)
    rim = np.minimum(canvas.chromatin, canvas.chromatin - density / 2) + 0.15 * detail
    rim = inside + (rim - inside) * draw.uniform((1, 1), (0, 1))
    return blend(rim, inside, solid)


def _clumps(canvas: Canvas, draw: Draw) -> Colour:
    """Coarse clumping: dense blocks of chromatin, pale between them; the mean stays."""
    noise = draw.rng.standard_normal(canvas.rgb.shape[:2]).astype(np.float32)
    coarse = soften(noise, draw.rng.uniform(1.8, 3.5) * canvas.scale)
    coarse = np.tanh(1.5 * coarse / max(float(coarse.std()), 1e-6))
    # Paler chromatin is above all redder and greener: towards the cytoplasm.
    paler = np.array([14, 12, 7], np.float32) * np.float32(draw.rng.uniform(0.4, 1.2))
    return np.asarray(coarse[:, :, None] * paler, np.float32)


def _pince_nez(shape: _Shape) -> list[Polygon]:
    """Two round lobes joined by a thin filament."""
    rng, scale = shape.rng, shape.canvas.scale
    share = shape.draw.uniform((0.42, 0.58), (0.32, 0.68))
    radii = np.sqrt(shape.area * np.array([share, 1 - share]) / np.pi)
    distance = radii.sum() + scale * shape.draw.uniform((0.5, 9.0), (-1.0, 16.0))
    return _pair(shape, radii, distance, joined=not (shape.draw.wide and happens(rng, 0.15)))


def _touching(shape: _Shape) -> list[Polygon]:
    """Two round lobes that touch or overlap a little: a dumbbell with a narrow waist."""
    share = shape.rng.uniform(0.38, 0.62)
    radii = np.sqrt(shape.area * np.array([share, 1 - share]) / np.pi)
    return _pair(shape, radii, radii.sum() * shape.rng.uniform(0.82, 1.0), joined=True)


def _pair(
    shape: _Shape, radii: NDArray[np.float64], distance: float, *, joined: bool
) -> list[Polygon]:
    turn = shape.rng.uniform(0, 2 * np.pi)
    axis = np.array([np.cos(turn), np.sin(turn)])
    ends = [shape.centre - axis * distance / 2, shape.centre + axis * distance / 2]
    roundness = shape.draw.uniform((0.82, 0.82), (0.65, 0.95))
    lobes = [
        blob(end, radius, shape.rng, roundness=roundness)
        for end, radius in zip(ends, radii, strict=True)
    ]
    return [*lobes, _filament(ends[0], ends[1], shape)] if joined else lobes


def _round(shape: _Shape) -> list[Polygon]:
    """One round or oval, dense nucleus."""
    area = shape.area * shape.draw.uniform((0.65, 0.9), (0.5, 1.0))
    roundness = shape.draw.uniform((0.85, 0.85), (0.65, 0.97))
    return [blob(shape.centre, np.sqrt(area / np.pi), shape.rng, roundness=roundness)]


def _filament(start: Polygon, end: Polygon, shape: _Shape) -> Polygon:
    step = np.linspace(0, 1, 16)[:, None]
    axis = end - start
    sag = np.array([-axis[1], axis[0]]) * shape.rng.normal(0, 0.06)
    path = start + axis * step + sag * 4 * step * (1 - step)
    thin = shape.canvas.scale * shape.draw.uniform((0.7, 1.5), (0.6, 3.5))
    return strand(path, np.full(16, thin))


def _lobes(shape: _Shape) -> list[Polygon]:
    """Three to five lobes on an arc, joined by filaments or broader bridges."""
    rng = shape.rng
    count = int(rng.choice([3, 4, 5] if shape.draw.wide else [3, 4]))
    weights = rng.uniform(0.7, 1.3, count)
    radii = np.sqrt(shape.area * weights / weights.sum() / np.pi)
    gaps = radii[:-1] + radii[1:] + shape.canvas.scale * rng.uniform(-1, 4, count - 1)
    bend = rng.choice([-1, 1]) * rng.uniform(0.6, 1.5)
    heading = rng.uniform(0, 2 * np.pi) + bend * np.arange(count - 1)
    moves = np.stack([np.cos(heading), np.sin(heading)], axis=1) * gaps[:, None]
    centres = np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)])
    centres += shape.centre - centres.mean(axis=0)
    joins = [_filament(a, b, shape) for a, b in pairwise(centres)]
    bodies = [blob(c, r, rng, roundness=0.6) for c, r in zip(centres, radii, strict=True)]
    return bodies + joins


def _band(shape: _Shape) -> list[Polygon]:
    """A horseshoe of even thickness, with or without a slight waist."""
    rng = shape.rng
    aspect = rng.uniform(2.2, 4.0)
    # Bent more closely than its own thickness, the outline would cross itself.
    sweep = min(rng.uniform(1.2, 4.2), 1.5 * aspect)
    half = np.sqrt(shape.area / aspect) / 2
    radius = 2 * half * aspect / sweep
    angle = rng.uniform(0, 2 * np.pi) + np.linspace(-sweep / 2, sweep / 2, 40)
    path = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius
    path += shape.centre - path.mean(axis=0)
    step = np.linspace(-1, 1, 40)
    # A deeper waist would make two lobes of it.
    waist = 1 - rng.uniform(0, 0.25) * np.exp(-((step / 0.35) ** 2))
    widths = half * waist * np.clip(1 - np.abs(step) ** 6, 0, 1) ** 0.5
    return [strand(path, widths)]


def _own(shape: _Shape) -> list[Polygon]:
    """The cell's own outline, turned a little about its middle."""
    nucleus = shape.canvas.masks.nucleus
    contours, _ = cv2.findContours(
        nucleus.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    points = np.concatenate([c[:, 0, :] for c in contours]).astype(np.float64)
    middle = points.mean(axis=0)
    turn = shape.rng.normal(0, 0.2)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    size = np.sqrt(min(1.0, shape.area / max(float(nucleus.sum()), 1.0)))
    return [(c[:, 0, :] - middle) @ spin * size + middle for c in contours if len(c) > _FEW_POINTS]


_PELGER = (_pince_nez, _pince_nez, _round)
_WIDE_PELGER = (_pince_nez, _touching, _round)
_HEALTHY = (_own, _lobes, _band)
