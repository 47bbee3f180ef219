"""Nuclear spikes: thorns and threads of chromatin that stand out from the nucleus' outline.

Their decoys are blunt bulges and buds, dark specks and threads that do not touch the nucleus,
and clefts that lead inwards.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from app.training.painting import (
    Canvas,
    Colour,
    Draw,
    Polygon,
    alpha_of,
    blend,
    blob,
    shrink,
    soften,
    strand,
)

_MOSTLY, _PARTLY = 0.85, 0.1
"""Share of an outline that must lie on cytoplasm: of a spike, and of what has a broad base."""
_LEAST_HEIGHT = 3.5
"""Pixels of a usual crop by which a spike must stand out from the nucleus."""
_LEAST_AREA, _MORE = 18.0, 4
"""Square pixels of a usual crop that all spikes of a cell cover, and how many may be added."""
_ROOT = 3.5
"""Pixels of a usual crop by which a protrusion is rooted in the nucleus."""


def paint_spikes(canvas: Canvas, draw: Draw) -> Colour | None:
    """Draw one or several spikes, or as many decoys; None where the cell has no room."""
    count = int(draw.rng.choice([1, 2, 3, 4, 5], p=[0.35, 0.25, 0.2, 0.1, 0.1]))
    if draw.wide and draw.happens(0.3):
        count += int(draw.rng.integers(1, 6))
    shapes = [_shape(draw)] * count if draw.decoy else [_shape(draw) for _ in range(count)]
    edge, softness = _edge_points(canvas), draw.uniform((0.55, 0.7), (0.2, 0.9))
    outlines = [o for shape in shapes for o in _somewhere(canvas, edge, shape, draw)]
    alpha = alpha_of(outlines, canvas, softness)
    for _ in range(_MORE):
        if draw.decoy or _visible(canvas, alpha):
            break
        outlines += _somewhere(canvas, edge, _shape(draw), draw)
        alpha = alpha_of(outlines, canvas, softness)
    if not (outlines if draw.decoy else _visible(canvas, alpha)):
        return None
    shade = _shade(canvas, draw, inwards=_cleft in shapes)
    if _cleft not in shapes:
        # Inside, the nucleus keeps its own texture: no root shows.
        alpha = alpha * (1 - soften(shrink(canvas.masks.nucleus, 3 * canvas.scale), canvas.scale))
    return blend(canvas.colour, shade, alpha * draw.uniform((0.88, 1.0), (0.85, 1.0)))


def _visible(canvas: Canvas, alpha: NDArray[np.float32]) -> bool:
    """Whether enough chromatin stands outside the nucleus for a reader to see it."""
    beyond = canvas.from_nucleus > canvas.scale
    return bool(alpha[beyond].sum() >= _LEAST_AREA * canvas.scale**2)


Path = Callable[[float], Polygon]
Shape = Callable[[Path, Draw, float], list[Polygon]]
"""From the way to go, how to draw, and the canvas' scale to outlines."""


def _shape(draw: Draw) -> Shape:
    if not draw.wide:
        return _bulge if draw.decoy else _spike
    kinds = _WIDE_DECOYS if draw.decoy else _WIDE_SPIKES
    return kinds[int(draw.rng.integers(len(kinds)))]


def _shade(canvas: Canvas, draw: Draw, *, inwards: bool) -> Colour:
    if inwards:
        return canvas.cytoplasm_tone
    shade = canvas.chromatin + draw.rng.normal(0, 4, 3) - draw.uniform((0, 0), (-6, 22))
    return np.broadcast_to(np.clip(shade, 0, 255).astype(np.float32), canvas.colour.shape)


def _somewhere(canvas: Canvas, edge: Polygon, shape: Shape, draw: Draw) -> list[Polygon]:
    """Try places at the nucleus' edge until the shape finds room."""
    for _ in range(12):
        start = int(draw.rng.integers(len(edge)))
        outward = _outward(edge[start], canvas)
        bent = draw.wide and not draw.decoy
        turn = draw.rng.normal(0, 0.5 if bent else 0.3)
        bend = draw.rng.normal(0, 0.9 if bent and draw.happens(0.5) else 0.4)

        outlines = shape(
            partial(_curve, edge[start], outward, turn, bend, canvas.scale), draw, canvas.scale
        )
        if _fits(canvas, shape, edge[start], outlines):
            return outlines
    return []


def _fits(canvas: Canvas, shape: Shape, root: NDArray[np.float64], outlines: list[Polygon]) -> bool:
    """Whether the place makes of the shape what it is meant to be."""
    if shape is _cleft:
        return True
    broad = shape in (_bulge, _bud)
    if not _on_cytoplasm(canvas, root, outlines, _PARTLY if broad else _MOSTLY):
        return False
    height, width = canvas.masks.nucleus.shape
    # A part may reach over the border of the picture, where the nucleus is as far as at it.
    x, y = np.clip(np.rint(np.concatenate(outlines)).astype(int), 0, (width - 1, height - 1)).T
    away = canvas.from_nucleus[y, x] / canvas.scale
    if shape is _loose:
        return bool(away.min() >= _LEAST_HEIGHT)
    # A spike that bends back onto its nucleus cannot be told.
    return broad or bool(away.max() >= _LEAST_HEIGHT)


def _spike(path: Path, draw: Draw, scale: float) -> list[Polygon]:
    """A tapered thorn."""
    points = path(draw.rng.uniform(5.0, 15.0))
    step = np.linspace(0, 1, len(points))
    widths = draw.rng.uniform(2.0, 4.6) * (1 - step) ** draw.rng.uniform(0.5, 1.2)
    return [strand(points, np.maximum(widths, draw.rng.uniform(0.5, 1.1)) * scale)]


def _short(path: Path, draw: Draw, scale: float) -> list[Polygon]:
    """A thorn as short as can still be told."""
    step = np.linspace(0, 1, 12)
    widths = draw.rng.uniform(2.2, 5.0) * (1 - step) ** draw.rng.uniform(0.4, 1.0)
    return [strand(path(draw.rng.uniform(4.0, 8.0)), np.maximum(widths, 0.5) * scale)]


def _needle(path: Path, draw: Draw, scale: float) -> list[Polygon]:
    """Long, and tapered to its end."""
    widths = np.maximum(draw.rng.uniform(1.8, 5.2) * np.linspace(1, 0, 12), 0.5)
    return [strand(path(_length(draw)), widths * scale)]


def _thread(path: Path, draw: Draw, scale: float) -> list[Polygon]:
    """Of even width."""
    return [strand(path(_length(draw)), np.full(12, draw.rng.uniform(0.6, 1.8) * scale))]


def _knobbed(path: Path, draw: Draw, scale: float) -> list[Polygon]:
    """A thread that ends in a small knob."""
    points, width = path(_length(draw)), draw.rng.uniform(0.6, 1.6)
    knob = min(draw.rng.uniform(1.3, 2.2) * width, 2.8)
    return [strand(points, np.full(12, width * scale)), blob(points[-1], knob * scale, draw.rng)]


def _length(draw: Draw) -> float:
    return float(np.exp(draw.rng.uniform(np.log(6.0), np.log(26.0))))


def _bulge(path: Path, draw: Draw, scale: float) -> list[Polygon]:
    """Broad, low and blunt: the cap of a disc."""
    height, radius = draw.uniform((1.5, 3.0), (1.5, 4.0)), draw.uniform((4.0, 7.0), (4.5, 8.0))
    return _cap(path, height, radius, draw, scale)


def _bud(path: Path, draw: Draw, scale: float) -> list[Polygon]:
    """A small round lobe on a broad base."""
    radius = draw.rng.uniform(4.5, 7.5)
    return _cap(path, draw.rng.uniform(0.6, 1.2) * radius, radius, draw, scale)


def _cap(path: Path, height: float, radius: float, draw: Draw, scale: float) -> list[Polygon]:
    """A disc that stands out by its height; the rest of it lies on the nucleus."""
    points = path(height)
    outward = (points[-1] - points[0]) / max(float(np.linalg.norm(points[-1] - points[0])), 1e-6)
    return [blob(points[-1] - radius * scale * outward, radius * scale, draw.rng, roundness=0.8)]


def _loose(path: Path, draw: Draw, scale: float) -> list[Polygon]:
    """A dark speck or short thread in the cytoplasm, clearly apart from the nucleus."""
    apart = draw.rng.uniform(5.0, 10.0)
    end = path(apart + draw.rng.uniform(1.0, 8.0))
    start = path(apart)[-1]
    if draw.happens(0.5):
        return [blob(start, draw.rng.uniform(1.2, 2.6) * scale, draw.rng, roundness=0.6)]
    step = np.linspace(0, 1, 12)[:, None]
    thread = start + (end[-1] - start) * step
    return [strand(thread, np.full(12, draw.rng.uniform(0.6, 1.6) * scale))]


def _cleft(path: Path, draw: Draw, scale: float) -> list[Polygon]:
    """A thin wedge of cytoplasm that leads into the nucleus."""
    outside = path(2.0)
    inwards = outside[0] - (outside[-1] - outside[0]) * draw.rng.uniform(0.6, 2.0)
    step = np.linspace(0, 1, 12)
    wedge = outside[-1] + (inwards - outside[-1]) * step[:, None]
    return [strand(wedge, (draw.rng.uniform(0.8, 2.2) * (1 - 0.7 * step)) * scale)]


def _curve(
    start: Polygon, outward: Polygon, turn: float, bend: float, scale: float, length: float
) -> Polygon:
    """(12, 2) Points from a little inside the nucleus outwards, slightly bent."""
    step = np.linspace(0, 1, 12)
    heading = np.arctan2(outward[1], outward[0]) + turn + bend * step
    stride = (length + _ROOT) * scale / (len(step) - 1)
    moves = np.stack([np.cos(heading), np.sin(heading)], axis=1) * stride
    return np.asarray(start - _ROOT * scale * outward + np.cumsum(moves, axis=0) - moves[0])


def _edge_points(canvas: Canvas) -> Polygon:
    contours, _ = cv2.findContours(
        canvas.masks.nucleus.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    return np.concatenate([contour[:, 0, :] for contour in contours]).astype(np.float64)


def _outward(point: NDArray[np.float64], canvas: Canvas) -> NDArray[np.float64]:
    """Unit vector away from the chromatin at one point of its edge."""
    depth = canvas.nucleus_depth
    x, y = point.astype(int)
    slope = np.array(
        [
            depth[y, min(x + 1, depth.shape[1] - 1)] - depth[y, max(x - 1, 0)],
            depth[min(y + 1, depth.shape[0] - 1), x] - depth[max(y - 1, 0), x],
        ],
        np.float64,
    )
    return -slope / max(float(np.linalg.norm(slope)), 1e-6)


def _on_cytoplasm(canvas: Canvas, root: Polygon, outlines: list[Polygon], share: float) -> bool:
    """Whether what lies beyond the root has the cytoplasm to itself, inside the cell."""
    points = np.concatenate(outlines)
    points = np.rint(
        points[np.linalg.norm(points - root, axis=1) > (_ROOT + 0.5) * canvas.scale]
    ).astype(int)
    height, width = canvas.masks.nucleus.shape
    x, y = points[:, 0], points[:, 1]
    if len(points) == 0:
        return True
    if (points < 1).any() or (x >= width - 1).any() or (y >= height - 1).any():
        return False
    return bool(canvas.masks.cell[y, x].all() and (~canvas.masks.nucleus[y, x]).mean() >= share)


_WIDE_SPIKES: tuple[Shape, ...] = (_short, _short, _needle, _thread, _knobbed)
_WIDE_DECOYS: tuple[Shape, ...] = (_bulge, _bud, _loose, _cleft)
