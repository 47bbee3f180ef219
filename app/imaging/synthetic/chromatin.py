"""The texture inside a nucleus: clumped chromatin with light specks and a dark rim."""

import cv2
import numpy as np

from app.domain.abnormality import Abnormality
from app.imaging.synthetic.canvas import HALF, Plane
from app.imaging.synthetic.noise import band_noise, smooth_noise
from app.imaging.synthetic.spec import CellKind, Part, SyntheticCell

_THINNEST = 0.4
"""Chromatin lies above and below the gap, so no speck is as bright as the cytoplasm."""


def chromatin_density(spec: SyntheticCell, nucleus: Plane, unit_px: float) -> Plane:
    """Optical density of the chromatin (height, width), relative to the dense kind.

    Parameters
    ----------
    nucleus
        Coverage 0-1 (height, width).
    """
    rng = spec.stream(Part.CHROMATIN)
    inside = (nucleus > HALF).astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3) / unit_px
    rim = np.clip((depth - 0.035) / 0.045, 0, 1)
    light = _specks(spec, nucleus.shape, unit_px, rng) * rim
    open_core = 0.17 * np.clip((depth - 0.035) / 0.1, 0, 1)
    drift = smooth_noise(rng, nucleus.shape, 0.25 * unit_px)
    grit = band_noise(rng, nucleus.shape, 0.013 * unit_px)
    net = band_noise(rng, nucleus.shape, 0.05 * unit_px) * rim
    base = 1.08 if spec.shows(Abnormality.PSEUDO_PELGER) else 1.02
    density = base - open_core - 0.55 * light + 0.03 * drift + 0.065 * grit + 0.06 * net
    return np.asarray(np.clip(density, _THINNEST, None), np.float32)


def _specks(
    spec: SyntheticCell, shape: tuple[int, int], unit_px: float, rng: np.random.Generator
) -> Plane:
    """Light gaps between the clumps, 0-1 (height, width)."""
    if spec.kind is CellKind.LYMPHOCYTE:
        return np.asarray(np.clip(0.22 + 0.24 * band_noise(rng, shape, 0.026 * unit_px), 0, 1))
    fine = band_noise(rng, shape, 0.021 * unit_px)
    coarse = band_noise(rng, shape, 0.036 * unit_px)
    if spec.shows(Abnormality.PSEUDO_PELGER):
        return np.asarray(np.clip(0.8 * coarse - 0.6, 0, 1))
    openness = 0.1 * smooth_noise(rng, shape, 0.3 * unit_px)
    return np.asarray(np.clip(0.5 * fine + 0.35 * coarse - 0.12 + openness, 0, 1.25))
