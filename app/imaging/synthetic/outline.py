"""The contour of a leukocyte and the window that an analyser would cut around it."""

import numpy as np

from app.imaging.synthetic.canvas import Canvas, Points
from app.imaging.synthetic.spec import CellKind, Part, SyntheticCell

_CORNERS = 160
_WIDEST_MARGIN_PX = 4
# Crops of real analysers: neutrophils 129-180 px across (5th to 95th percentile), median 148;
# lymphocytes 89-136 px, median 109.
_RADIUS_PX = {CellKind.PMN: 70.5, CellKind.LYMPHOCYTE: 52.0}
_RADIUS_SPREAD = {CellKind.PMN: 0.075, CellKind.LYMPHOCYTE: 0.11}


def cell_outline(spec: SyntheticCell) -> Points:
    """Draw the contour, in cell units."""
    rng = spec.stream(Part.OUTLINE)
    angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    # One neutrophil in four is visibly out of round, pressed by its neighbours.
    unrest = rng.choice([0.7, 1.2, 2.3], p=[0.4, 0.35, 0.25])
    radius = np.ones_like(angle)
    for order, amplitude in (
        (2, 0.032),
        (3, 0.016),
        (4, 0.009),
        (5, 0.006),
        (9, 0.004),
        (16, 0.002),
        (23, 0.0012),
    ):
        radius += unrest * amplitude * rng.normal() * np.cos(order * angle + rng.uniform(0, 7))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def natural_unit_px(spec: SyntheticCell) -> float:
    """Pixels per cell unit at the magnification of the real crops."""
    rng = spec.stream(Part.SIZE)
    spread = _RADIUS_SPREAD[spec.kind]
    return _RADIUS_PX[spec.kind] * float(np.exp(np.clip(rng.normal(0, spread), -0.2, 0.24)))


def tight_canvas(spec: SyntheticCell, outline: Points, unit_px: float) -> Canvas:
    """The window cut tight to the cell, with the few pixels' slack of a real detector."""
    rng = spec.stream(Part.SLACK)
    slack = rng.uniform(0.5, _WIDEST_MARGIN_PX, 4)
    low = -outline.min(axis=0) * unit_px + slack[:2]
    high = outline.max(axis=0) * unit_px + slack[2:]
    width, height = np.ceil(low + high).astype(int).tolist()
    return Canvas(width, height, (float(low[0]), float(low[1])), unit_px)
