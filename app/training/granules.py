"""Hypogranularity: the granules go and the cytoplasm turns pale, in part of the cell or in all.

The decoys pale, tint or blur the cytoplasm about as strongly, but their granules stay: colour
alone does not make a neutrophil hypogranular.
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
    blend,
    disc,
    grow,
    restitch,
    shrink,
    smooth,
    soften,
)

_FAINT = 5.0
"""Grey levels: a cell whose granules stand out less loses all of them, or nobody would see it."""

_PALE = 0.2


@dataclass(frozen=True)
class _Grade:
    """How much of the granules' contrast goes, and of the stain, and in how much of the cell."""

    loss: float
    paling: float
    share: float


def paint_hypogranularity(canvas: Canvas, draw: Draw) -> Colour | None:
    """Fade granules and stain; the decoy keeps its granules."""
    source = canvas.masks.cytoplasm & ~grow(canvas.masks.nucleus, 2 * canvas.scale)
    own = canvas.colour - smooth(canvas.colour, source, 3.5 * canvas.scale)
    grade = _decoy_grade(draw) if draw.decoy else _lesion_grade(draw, _contrast(own, source))
    tone = _tone(canvas, draw, source, grade)
    painted = tone + _detail(canvas, draw, own) * (1 - grade.loss)
    inner = shrink(canvas.masks.cell, draw.uniform((1.5, 2.5), (1, 3)) * canvas.scale)
    alpha = soften(inner & ~grow(canvas.masks.nucleus, 1.5 * canvas.scale), 0.8 * canvas.scale)
    return blend(canvas.colour, painted, alpha * _part(canvas, draw, source, grade.share))


def _contrast(own: Colour, source: Mask) -> float:
    """Grey levels (standard deviation) by which granules stand out in the cytoplasm."""
    return float(own[source].mean(axis=1).std())


def _lesion_grade(draw: Draw, contrast: float) -> _Grade:
    loss = draw.uniform((0.7, 1.0), (0.65, 1.0))
    paling = loss * draw.uniform((0.25, 0.6), (0.0, 0.85))
    share = 1.0
    if draw.wide and draw.happens(0.25):
        share, paling = float(draw.rng.uniform(0.5, 0.85)), 0.6 * paling
    if contrast < _FAINT:
        return _Grade(1.0, max(paling, 0.4), 1.0)
    if share < 1 or paling < _PALE:
        # Only some granules gone, in stained cytoplasm, is within what healthy cells show.
        loss = max(loss, 0.85)
    return _Grade(loss, paling, share)


def _decoy_grade(draw: Draw) -> _Grade:
    return _Grade(
        draw.uniform((0.0, 0.2), (-0.25, 0.15)), draw.uniform((0.0, 0.25), (-0.2, 0.45)), 1.0
    )


def _tone(canvas: Canvas, draw: Draw, source: Mask, grade: _Grade) -> Colour:
    """The cytoplasm without its granules, paler and perhaps of another tint."""
    without = canvas.colour
    if not draw.wide or draw.happens(0.5):
        # Closing removes what is darker and smaller than its disc: the granules.
        closed = cv2.morphologyEx(canvas.rgb, cv2.MORPH_CLOSE, disc(2.5 * canvas.scale))
        without = closed.astype(np.float32)
    tone = smooth(without, source, draw.uniform((3.5, 3.5), (3, 8)) * canvas.scale)
    if draw.wide and draw.happens(0.3):
        flat = tone[source].mean(axis=0) if source.any() else canvas.background
        tone = tone + (flat - tone) * draw.rng.uniform(0.5, 1.0)
    if draw.wide and draw.happens(0.5):
        # Cytoplasm without pink granules looks blue-grey.
        grey = tone.mean(axis=2, keepdims=True)
        tone = tone + (grey - tone) * draw.rng.uniform(0.0, 0.6)
        tone = tone + np.array([-10, 2, 12], np.float32) * draw.rng.uniform(0.0, 1.0)
    return np.asarray(tone + (canvas.background - tone) * grade.paling, np.float32)


def _detail(canvas: Canvas, draw: Draw, own: Colour) -> Colour:
    """The cell's granules where they are, or the same ones elsewhere."""
    if draw.happens(0.6):
        return own
    shifted = canvas.colour - canvas.cytoplasm_tone
    return restitch(shifted, canvas.clean_cytoplasm, canvas.masks.cell, draw.rng)


def _part(canvas: Canvas, draw: Draw, source: Mask, share: float) -> NDArray[np.float32]:
    """(height, width) Where the cytoplasm is affected, 0 to 1: all of it, or irregular parts."""
    if share >= 1 or not source.any():
        return np.ones(source.shape, np.float32)
    turn = draw.rng.uniform(0, 2 * np.pi)
    rows, columns = np.indices(source.shape)
    side = (columns * np.cos(turn) + rows * np.sin(turn)).astype(np.float32)
    ragged = soften(draw.rng.standard_normal(source.shape).astype(np.float32), 13 * canvas.scale)
    side += ragged / ragged.std() * canvas.scale * draw.rng.uniform(5, 30)
    level = np.quantile(side[source], share)
    return soften(side < level, draw.rng.uniform(3.0, 8.0) * canvas.scale)
