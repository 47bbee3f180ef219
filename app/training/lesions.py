"""Abnormalities drawn onto real neutrophils, and decoys that share all but the abnormality.

The public images of single cells carry no label for three of the four abnormalities, so the
classifier learns those from edits. A decoy passes through the same painting without the
abnormality: what the network learns must not be the trace of an edit. All colours and textures
come from the edited cell. Everything is decided by the random generator that is passed in.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.training.nuclei import redraw_nucleus
from app.training.painting import (
    Canvas,
    Colour,
    alpha_of,
    blend,
    blob,
    disc,
    grow,
    happens,
    restitch,
    shrink,
    smooth,
    soften,
    strand,
    to_pixels,
)

RGB = NDArray[np.uint8]
_ON_CYTOPLASM = 0.9
"""Share of a protrusion that must lie on cytoplasm."""


@dataclass(frozen=True)
class Edit:
    """One thing to draw: an abnormality, or (`decoy`) the same painting without it."""

    abnormality: Abnormality
    decoy: bool = False


def draw(rgb: RGB, edit: Edit, rng: np.random.Generator) -> RGB | None:
    """Draw one edit onto a tight crop of a neutrophil.

    Parameters
    ----------
    rgb
        (height, width, 3), 0-255, RGB order; not changed.

    Returns
    -------
    The edited crop, of the same shape; None where the cell leaves no room for it or could not
    be segmented.
    """
    canvas = Canvas.of(rgb)
    if not canvas.masks.usable or canvas.clean_cytoplasm.sum() < 0.08 * canvas.masks.cell.sum():
        return None
    colour = _PAINTERS[edit.abnormality](canvas, rng, edit.decoy)
    return None if colour is None else to_pixels(colour)


def draw_all(
    rgb: RGB, edits: tuple[Edit, ...], rng: np.random.Generator
) -> tuple[RGB, tuple[Edit, ...]]:
    """Draw several edits, nucleus first, vacuoles last; return also those that found room."""
    done = []
    for edit in sorted(edits, key=lambda e: _ORDER.index(e.abnormality)):
        drawn = draw(rgb, edit, rng)
        if drawn is not None:
            rgb = drawn
            done.append(edit)
    return rgb, tuple(done)


def _vacuoles(canvas: Canvas, rng: np.random.Generator, decoy: bool) -> Colour | None:  # noqa: FBT001
    """Clear holes with a sharp edge; the decoy is as many blurred or darker patches."""
    places = shrink(canvas.masks.cell, 4 * canvas.scale)
    room = places & ~shrink(canvas.masks.nucleus, 3 * canvas.scale)
    clear = room & ~grow(canvas.masks.nucleus, 3 * canvas.scale)
    if clear.sum() < 60 * canvas.scale**2:
        return None
    colour = canvas.colour.copy()
    count = int(np.clip(np.rint(np.exp(rng.normal(1.1, 0.7))), 1, 12))
    centre = _random_point(clear, rng)
    for _ in range(count):
        # Vacuoles often lie in groups; one in five may lie over the edge of the nucleus.
        if happens(rng, 0.7):
            centre = _random_point(room if happens(rng, 0.2) else clear, rng)
        else:
            centre = _near(centre, 12 * canvas.scale, clear, rng)
        colour = (_smudge if decoy else _hole)(canvas, colour, centre, rng)
    return colour


def _hole(
    canvas: Canvas, colour: Colour, centre: NDArray[np.float64], rng: np.random.Generator
) -> Colour:
    radius = canvas.scale * float(np.clip(np.exp(rng.normal(1.1, 0.35)), 1.8, 7.0))
    outline = blob(centre, radius, rng, roundness=0.8)
    inside = alpha_of([outline], canvas, rng.uniform(0.5, 1.0))
    clearness = rng.uniform(0.6, 1.0)
    filling = blend(
        canvas.cytoplasm_tone,
        np.broadcast_to(canvas.background, colour.shape),
        np.full(inside.shape, clearness, np.float32),
    )
    rim = np.clip(alpha_of([centre + (outline - centre) * 1.25], canvas, 0.6) - inside, 0, 1)
    darker = colour - rng.uniform(0, 14) * rim[:, :, None]
    return blend(darker, filling, inside * rng.uniform(0.85, 1.0))


def _smudge(
    canvas: Canvas, colour: Colour, centre: NDArray[np.float64], rng: np.random.Generator
) -> Colour:
    radius = canvas.scale * float(np.clip(np.exp(rng.normal(1.1, 0.35)), 1.8, 7.0))
    if happens(rng, 0.5):
        # A pale patch without an edge: thin cytoplasm, not a vacuole.
        alpha = alpha_of([blob(centre, radius, rng, roundness=0.6)], canvas, 1.2 + radius)
        return blend(colour, canvas.cytoplasm_tone + rng.uniform(-6, 8), alpha)
    # The same sharp disc in the colour of the cytoplasm, or a little darker, as a granule is.
    alpha = alpha_of([blob(centre, 0.7 * radius, rng, roundness=0.8)], canvas, 0.5)
    return blend(colour, canvas.cytoplasm_tone - rng.uniform(0, 45), alpha * rng.uniform(0.4, 0.9))


def _hypogranularity(canvas: Canvas, rng: np.random.Generator, decoy: bool) -> Colour | None:  # noqa: FBT001
    """Granules fade and the cytoplasm pales, graded; the decoy pales slightly, granules kept."""
    grade = rng.uniform(0.0, 0.2) if decoy else rng.uniform(0.6, 1.0)
    paling = rng.uniform(0.0, 0.2) if decoy else grade * rng.uniform(0.25, 0.6)
    # Closing removes what is darker and smaller than its disc: the granules.
    without = cv2.morphologyEx(canvas.rgb, cv2.MORPH_CLOSE, disc(2.5 * canvas.scale))
    source = canvas.masks.cytoplasm & ~grow(canvas.masks.nucleus, 2 * canvas.scale)
    tone = smooth(without.astype(np.float32), source, 3.5 * canvas.scale)
    tone = tone + (canvas.background - tone) * paling
    grain = restitch(
        canvas.colour - canvas.cytoplasm_tone, canvas.clean_cytoplasm, canvas.masks.cell, rng
    )
    own = canvas.colour - smooth(canvas.colour, source, 3.5 * canvas.scale)
    detail = own if happens(rng, 0.6) else grain
    inner = canvas.masks.cell & ~grow(canvas.masks.nucleus, 1.0 * canvas.scale)
    alpha = soften(shrink(inner, 1.5 * canvas.scale), 1.2 * canvas.scale)
    return blend(canvas.colour, tone + detail * (1 - grade), alpha)


def _spikes(canvas: Canvas, rng: np.random.Generator, decoy: bool) -> Colour | None:  # noqa: FBT001
    """Thin tapered protrusions of chromatin; the decoy's are short, broad and blunt."""
    count = int(rng.choice([1, 2, 3, 4, 5], p=[0.35, 0.25, 0.2, 0.1, 0.1]))
    outlines = [o for _ in range(count) if (o := _protrusion(canvas, rng, blunt=decoy)) is not None]
    if not outlines:
        return None
    alpha = alpha_of(outlines, canvas, 0.65)
    shade = canvas.chromatin + rng.normal(0, 4, 3).astype(np.float32)
    painted = np.broadcast_to(shade, canvas.colour.shape)
    return blend(canvas.colour, painted, alpha * rng.uniform(0.88, 1.0))


def _protrusion(
    canvas: Canvas, rng: np.random.Generator, *, blunt: bool
) -> NDArray[np.float64] | None:
    """Find room for one protrusion: most of it must lie on cytoplasm."""
    edge = _edge_points(canvas)
    for _ in range(12):
        start = rng.integers(len(edge))
        outward = _outward(edge, int(start), canvas)
        turn = rng.normal(0, 0.3)
        length = canvas.scale * (rng.uniform(1.5, 3.0) if blunt else rng.uniform(5.0, 15.0))
        path = _curve(edge[start], outward, turn, length, rng)
        if _on_cytoplasm(canvas, path[-2:] if blunt else path[4:]):
            step = np.linspace(0, 1, len(path))
            if blunt:
                widths = rng.uniform(3.5, 7.0) * np.sqrt(np.clip(1 - step**2, 0, 1)) + 0.2
            else:
                widths = rng.uniform(1.6, 3.6) * (1 - step) ** rng.uniform(0.5, 1.2)
                widths = np.maximum(widths, rng.uniform(0.5, 1.1))
            return strand(path, widths * canvas.scale)
    return None


def _curve(
    start: NDArray[np.float64],
    outward: NDArray[np.float64],
    turn: float,
    length: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """(12, 2) Points from a little inside the nucleus outwards, slightly bent."""
    step = np.linspace(0, 1, 12)
    heading = np.arctan2(outward[1], outward[0]) + turn + rng.normal(0, 0.4) * step
    stride = (length + 2) / (len(step) - 1)
    moves = np.stack([np.cos(heading), np.sin(heading)], axis=1) * stride
    return np.asarray(start - 2 * outward + np.cumsum(moves, axis=0) - moves[0])


def _edge_points(canvas: Canvas) -> NDArray[np.float64]:
    contours, _ = cv2.findContours(
        canvas.masks.nucleus.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    return np.concatenate([contour[:, 0, :] for contour in contours]).astype(np.float64)


def _outward(edge: NDArray[np.float64], index: int, canvas: Canvas) -> NDArray[np.float64]:
    """Unit vector away from the chromatin at one point of its edge."""
    depth = cv2.GaussianBlur(canvas.masks.nucleus.astype(np.float32), (0, 0), 2.5 * canvas.scale)
    x, y = edge[index].astype(int)
    slope = np.array(
        [
            depth[y, min(x + 1, depth.shape[1] - 1)] - depth[y, max(x - 1, 0)],
            depth[min(y + 1, depth.shape[0] - 1), x] - depth[max(y - 1, 0), x],
        ],
        np.float64,
    )
    return -slope / max(float(np.linalg.norm(slope)), 1e-6)


def _on_cytoplasm(canvas: Canvas, path: NDArray[np.float64]) -> bool:
    outer = np.rint(path).astype(int)
    height, width = canvas.masks.nucleus.shape
    if (outer < 1).any() or (outer[:, 0] >= width - 1).any() or (outer[:, 1] >= height - 1).any():
        return False
    return bool(canvas.masks.cytoplasm[outer[:, 1], outer[:, 0]].mean() > _ON_CYTOPLASM)


def _random_point(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float64]:
    rows, columns = np.nonzero(mask)
    chosen = rng.integers(len(rows))
    return np.array([columns[chosen], rows[chosen]], np.float64)


def _near(
    point: NDArray[np.float64], reach: float, mask: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64]:
    rows, columns = np.nonzero(mask)
    close = np.hypot(columns - point[0], rows - point[1]) < reach
    if not close.any():
        return _random_point(mask, rng)
    chosen = rng.choice(np.flatnonzero(close))
    return np.array([columns[chosen], rows[chosen]], np.float64)


_PAINTERS: dict[Abnormality, Callable[[Canvas, np.random.Generator, bool], Colour | None]] = {
    Abnormality.PSEUDO_PELGER: redraw_nucleus,
    Abnormality.NUCLEAR_SPIKE: _spikes,
    Abnormality.VACUOLE: _vacuoles,
    Abnormality.HYPOGRANULARITY: _hypogranularity,
}
_ORDER = (
    Abnormality.PSEUDO_PELGER,
    Abnormality.HYPOGRANULARITY,
    Abnormality.NUCLEAR_SPIKE,
    Abnormality.VACUOLE,
)
