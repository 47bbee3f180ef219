"""Vacuoles: clear round holes with a crisp edge, in the cytoplasm and over the nucleus' edge.

Their decoys are as many soft pale patches, sharp dark granules and sharp tinted discs: neither
brightness without an edge nor an edge without brightness is a vacuole.
"""

from dataclasses import dataclass

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
    shrink,
    soften,
)

_LEAST_OF_LARGEST = 2.8
"""Radius in pixels of a usual crop of a cell's largest vacuole."""
_CLEARER, _LEAST_AREA, _MORE = 27.0, 28.0, 4
"""Grey levels, square pixels of a usual crop, and how many vacuoles may be added to get there."""
_FEW = 2
_VISIBLE = 35.0
"""Grey levels that a hole must stand out by, with its rim."""
_SOFT, _GRANULE = 0.45, 0.85
"""Of the decoys: the first part is soft, what comes then up to here is granules."""
_WHITE = np.array([250, 248, 247], np.float32)


@dataclass(frozen=True)
class _Look:
    """What the vacuoles of one cell have in common."""

    edge: float
    filling: Colour
    opacity: float
    rim: float
    roundness: float


def paint_vacuoles(canvas: Canvas, draw: Draw) -> Colour | None:
    """Draw one or several vacuoles, or as many decoys; None where the cell has no room."""
    inside = np.pad(canvas.masks.cell, 1).astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1].astype(np.float32)
    beside = ~grow(canvas.masks.nucleus, 3 * canvas.scale)
    if (beside & (depth > 4 * canvas.scale)).sum() < 60 * canvas.scale**2:
        return None
    over = grow(canvas.masks.nucleus, 3 * canvas.scale) & ~shrink(
        canvas.masks.nucleus, (7 if draw.wide else 3) * canvas.scale
    )
    radii = _radii(draw)
    colour, look = canvas.colour.copy(), _look(canvas, draw, len(radii))
    centre: Polygon | None = None
    for radius in [*radii, *draw.rng.uniform(3.5, 5.0, _MORE)]:
        if radius not in radii and (draw.decoy or _visible(canvas, colour)):
            break
        room = over if draw.happens(0.3 if draw.wide else 0.15) else beside
        found = _place(canvas, depth, room, radius, centre if draw.happens(0.3) else None, draw)
        if found is not None:
            centre, size = found
            colour = (_decoy if draw.decoy else _hole)(canvas, colour, centre, size, look, draw)
    return colour if draw.decoy or _visible(canvas, colour) else None


def _visible(canvas: Canvas, colour: Colour) -> bool:
    """Whether enough of the cell became clearer for a reader to see it."""
    gain = np.abs(colour - canvas.colour).max(axis=2)
    return bool((gain > _CLEARER).sum() >= _LEAST_AREA * canvas.scale**2)


def _radii(draw: Draw) -> NDArray[np.float64]:
    """Pixels of a usual crop, smallest last; in VEXAS often few, and of different sizes."""
    if not draw.wide:
        count = int(np.clip(np.rint(np.exp(draw.rng.normal(1.1, 0.7))), 1, 12))
        radii = np.sort(np.clip(np.exp(draw.rng.normal(1.15, 0.35, count)), 2.0, 7.0))[::-1]
        # A single speck of the smallest size would not be called.
        return np.concatenate([[max(float(radii[0]), _LEAST_OF_LARGEST)], radii[1:]])
    count = int(draw.rng.choice([1, 2, 3, 4, 6, 9, 14]))
    largest = np.exp(draw.rng.uniform(np.log(_LEAST_OF_LARGEST), np.log(15.0)))
    smaller = np.exp(-draw.rng.exponential(0.5, count - 1))
    return np.concatenate([[largest], np.sort(np.clip(largest * smaller, 2.0, None))[::-1]])


def _look(canvas: Canvas, draw: Draw, count: int) -> _Look:
    """Filled with the colour of the smear, or with what a camera makes of it."""
    filling = canvas.background
    if draw.wide and draw.happens(0.5):
        # Blown out to white, or with a breath of blue or pink.
        filling = filling + (_WHITE - filling) * draw.rng.uniform(0.3, 1.0)
        filling = np.clip(filling + draw.rng.normal(0, 6, 3), 0, 255).astype(np.float32)
    rim = draw.uniform((0.0, 14.0), (0.0, 40.0)) * (not draw.wide or draw.happens(0.6))
    return _Look(
        edge=draw.uniform((0.5, 1.3), (0.25, 1.2)),
        filling=filling,
        # Many may be milky, as real ones often are; one or two must be clear to be seen.
        opacity=draw.uniform((0.55, 1.0), (0.65, 1.0))
        if count > _FEW
        else draw.rng.uniform(0.8, 1),
        # In cytoplasm as pale as the smear, a vacuole shows by its rim only.
        rim=max(rim, _VISIBLE - _contrast(canvas, filling)),
        roundness=draw.uniform((0.8, 0.8), (0.6, 0.97)),
    )


def _contrast(canvas: Canvas, filling: Colour) -> float:
    """Grey levels by which a hole stands out, in the channel that shows it best."""
    tone = canvas.cytoplasm_tone[canvas.masks.cytoplasm].mean(axis=0)
    return float((filling - tone).max())


def _place(
    canvas: Canvas,
    depth: NDArray[np.float32],
    room: Mask,
    radius: float,
    near: Polygon | None,
    draw: Draw,
) -> tuple[Polygon, float] | None:
    """A centre where a hole of this radius, or of a smaller one, lies inside the cell."""
    for size in (radius, 0.7 * radius, 2.5):
        rows, columns = np.nonzero(room & (depth > (size + 2.5) * canvas.scale))
        if near is not None and len(rows):
            # Vacuoles often lie in groups.
            close = np.hypot(columns - near[0], rows - near[1]) < (8 + 2 * size) * canvas.scale
            if close.any():
                rows, columns = rows[close], columns[close]
        if len(rows):
            chosen = draw.rng.integers(len(rows))
            return np.array([columns[chosen], rows[chosen]], np.float64), size * canvas.scale
    return None


def _hole(
    canvas: Canvas, colour: Colour, centre: Polygon, radius: float, look: _Look, draw: Draw
) -> Colour:
    """One hole; what shows in it is the smear below the cell."""
    outline = blob(centre, radius, draw.rng, roundness=look.roundness)
    # Blurred over its own size a small hole would be no more than a shimmer.
    edge = min(look.edge, 0.45 * radius / canvas.scale)
    inside = alpha_of([outline], canvas, edge) * _within(canvas)
    rim = alpha_of([centre + (outline - centre) * (1 + 1.2 * canvas.scale / radius)], canvas, 0.6)
    darker = colour - look.rim * (np.clip(rim - inside, 0, 1) * _within(canvas))[:, :, None]
    opacity = look.opacity
    filled = blend(darker, np.broadcast_to(look.filling, colour.shape), inside * opacity)
    # What shines through is cytoplasm, also where the hole lies over chromatin.
    through = canvas.cytoplasm_tone + (look.filling - canvas.cytoplasm_tone) * opacity
    return blend(filled, through, inside * canvas.masks.nucleus)


def _within(canvas: Canvas) -> NDArray[np.float32]:
    """(height, width) 1 in the cell, falling to 0 at its edge."""
    return soften(shrink(canvas.masks.cell, 1.5 * canvas.scale), 0.7 * canvas.scale)


def _decoy(
    canvas: Canvas, colour: Colour, centre: Polygon, radius: float, look: _Look, draw: Draw
) -> Colour:
    """What a vacuole is not: pale without an edge, or sharp without being clear."""
    tone = canvas.cytoplasm_tone
    kind = draw.rng.random()
    if kind < _SOFT:
        # Thin cytoplasm; a large patch may be paler, since its edge is all the softer.
        soft = draw.uniform((1.2, 2.2), (1.5, 3.0)) + 0.8 * radius / canvas.scale
        alpha = alpha_of([blob(centre, radius, draw.rng, roundness=0.6)], canvas, soft)
        alpha = alpha * (1 - soften(canvas.masks.nucleus, canvas.scale)) * _within(canvas)
        paler = draw.uniform((-0.15, 0.2), (-0.2, 0.3))
        return blend(colour, tone + (canvas.background - tone) * paler, alpha)
    small = min(0.7 * radius, 3.5 * canvas.scale)
    outline = blob(centre, max(small, 1.2), draw.rng, roundness=look.roundness)
    alpha = alpha_of([outline], canvas, min(look.edge, 0.6))
    if kind < _GRANULE or not draw.wide:
        # A disc in the colour of the cytoplasm, or darker, as a granule is.
        darker = draw.uniform((0.0, 45.0), (5.0, 90.0))
        return blend(colour, tone - darker, alpha * draw.rng.uniform(0.4, 0.95))
    # Stained precipitate or a platelet on the cell: sharp, and of another colour.
    other = canvas.chromatin + (tone - canvas.chromatin) * draw.rng.uniform(0.3, 0.8)
    return blend(colour, other + draw.rng.normal(0, 6, 3).astype(np.float32), alpha)
