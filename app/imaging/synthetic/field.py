"""What lies around the leukocyte: red cells and, here and there, a platelet."""

import numpy as np
from numpy.typing import NDArray

from app.imaging.synthetic.canvas import Canvas, Plane, Points
from app.imaging.synthetic.noise import band_noise
from app.imaging.synthetic.spec import Part, SyntheticCell

_RED_RADIUS_PX = 33.0
_REACH_PX = 330.0
"""Half the side of the square that is populated around the leukocyte; larger than any window."""


def red_cell_density(spec: SyntheticCell, canvas: Canvas, scale: float) -> Plane:
    """Optical density of the red cells (height, width), relative to one thick layer.

    Parameters
    ----------
    scale
        Magnification relative to crops of natural size.
    """
    rng = spec.stream(Part.SURROUNDINGS)
    natural = canvas.unit_px / scale
    density = np.zeros((canvas.height_px, canvas.width_px), np.float32)
    pallor = rng.uniform(0.25, 0.75)
    for centre in _red_cell_centres(natural, rng):
        # Every cell takes its numbers, seen or not: a crop and a frame must agree.
        numbers = rng.normal(0, 1, 6)
        _add_red_cell(density, canvas, centre, numbers, pallor, _RED_RADIUS_PX / natural)
    return density


def platelet_density(spec: SyntheticCell, canvas: Canvas, scale: float) -> Plane:
    """Optical density of the platelets (height, width), relative to a granule."""
    rng = spec.stream(Part.PLATELETS)
    natural = canvas.unit_px / scale
    x, y = canvas.grid()
    density = np.zeros((canvas.height_px, canvas.width_px), np.float32)
    for _ in range(rng.poisson(2.0)):
        centre = rng.uniform(-_REACH_PX, _REACH_PX, 2) / natural
        radius = rng.uniform(6, 10) / natural
        if np.hypot(*centre) < 1.05 + radius:
            continue
        away = ((x - centre[0]) / radius) ** 2 + ((y - centre[1]) / radius / 0.85) ** 2
        density += np.exp(-(away**1.5))
    grit = band_noise(rng, density.shape, 0.025 * canvas.unit_px)
    return np.asarray(np.clip(density * (0.7 + 0.35 * grit), 0, 1.3), np.float32)


def _red_cell_centres(natural: float, rng: np.random.Generator) -> Points:
    """Positions (count, 2) on a loosely shaken grid, clear of the leukocyte."""
    spacing = rng.uniform(64, 88)
    steps = np.arange(-_REACH_PX, _REACH_PX + spacing, spacing)
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    grid = grid + rng.uniform(-0.5, 0.5, 2) * spacing
    centres = (grid + rng.normal(0, 0.24 * spacing, grid.shape)) / natural
    present = rng.random(len(centres)) < rng.uniform(0.6, 0.95)
    clear = np.hypot(centres[:, 0], centres[:, 1]) > 0.97 + _RED_RADIUS_PX / natural
    return np.asarray(centres[present & clear])


def _add_red_cell(
    density: Plane,
    canvas: Canvas,
    centre: NDArray[np.float64],
    numbers: NDArray[np.float64],
    pallor: float,
    radius: float,
) -> None:
    """Add one biconcave disc, shaped by six standard normal `numbers`, to the window."""
    size = radius * (1 + 0.09 * numbers[0])
    window = _window(canvas, centre, 1.35 * size)
    x, y = canvas.grid()
    dx, dy = x[:, window[1]] - centre[0], y[window[0]] - centre[1]
    if dx.size == 0 or dy.size == 0:
        return
    angle = np.arctan2(dy, dx)
    oval = 1 + 0.07 * numbers[1] * np.cos(2 * angle + numbers[2] * 3)
    oval += 0.025 * numbers[3] * np.cos(3 * angle + numbers[4] * 3)
    away = np.hypot(dx, dy) / (size * oval)
    disc = np.clip((1.02 - away) / 0.07, 0, 1)
    hollow = np.exp(-((away / 0.48) ** 3)) * np.clip(pallor + 0.15 * numbers[5], 0.05, 0.9)
    ring = 0.9 + 0.14 * np.exp(-(((away - 0.72) / 0.2) ** 2))
    # A second layer darkens less than the first: cells in a pile are squeezed thin.
    density[window] += (
        disc
        * disc
        * (3 - 2 * disc)
        * ring
        * (1 - hollow)
        * (1 - 0.55 * np.clip(density[window], 0, 1))
    )


def _window(canvas: Canvas, centre: NDArray[np.float64], reach: float) -> tuple[slice, slice]:
    low = (centre - reach) * canvas.unit_px + np.asarray(canvas.origin_px)
    high = (centre + reach) * canvas.unit_px + np.asarray(canvas.origin_px)
    left, top = np.maximum(0, np.floor(low)).astype(int)
    right, bottom = np.maximum(0, np.ceil(high)).astype(int)
    return slice(int(top), int(bottom)), slice(int(left), int(right))
