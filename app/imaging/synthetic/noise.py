"""Random textures: smooth fields and granular bands."""

import cv2
import numpy as np

from app.imaging.synthetic.canvas import Plane


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], grain_px: float) -> Plane:
    """Smooth noise (height, width) of about unit spread, whose features measure `grain_px`."""
    height, width = shape
    grain = max(1.0, grain_px)
    coarse = (int(height / grain) + 3, int(width / grain) + 3)
    seeds = rng.standard_normal(coarse, dtype=np.float32)
    size = (int(coarse[1] * grain) + 1, int(coarse[0] * grain) + 1)
    field = cv2.resize(seeds, size, interpolation=cv2.INTER_CUBIC)
    # The interpolation's first and last half cells are flat: cut them away.
    edge = int(grain)
    # Interpolating between independent knots loses about a quarter of their spread.
    return np.asarray(field[edge : edge + height, edge : edge + width] / 0.75, np.float32)


def band_noise(rng: np.random.Generator, shape: tuple[int, int], grain_px: float) -> Plane:
    """Noise (height, width) of unit spread with features of one size: no slow drift."""
    white = rng.standard_normal(shape, dtype=np.float32)
    fine = cv2.GaussianBlur(white, (0, 0), grain_px)
    band = fine - cv2.GaussianBlur(fine, (0, 0), grain_px * 1.6)
    return np.asarray(band / (band.std() + 1e-6), np.float32)
