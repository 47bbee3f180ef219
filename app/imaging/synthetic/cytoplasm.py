"""The cytoplasm: its tint and mottling, its granules and its vacuoles."""

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.imaging.synthetic.canvas import HALF, Canvas, Plane, Points
from app.imaging.synthetic.noise import band_noise, smooth_noise
from app.imaging.synthetic.spec import CellKind, Part, SyntheticCell
from app.imaging.synthetic.spine import direction

_MEDIAN_GRANULES = 430
_GRANULE_SPREAD = 0.55
_CLUSTERED_SHARE = 0.3
_SHARE_ON_NUCLEUS = 0.1
"""A few may lie on the nucleus; those at its edge bite into it."""
_TRIES = 40
_GRANULES_LEFT = 0.05
"""The share of granules that severe hypogranularity leaves."""


def cytoplasm_density(spec: SyntheticCell, canvas: Canvas) -> Plane:
    """Optical density of the cytoplasm's ground (height, width), relative to an even layer."""
    rng = spec.stream(Part.CYTOPLASM)
    shape = (canvas.height_px, canvas.width_px)
    drift = smooth_noise(rng, shape, 0.5 * canvas.unit_px)
    mottle = smooth_noise(rng, shape, 0.09 * canvas.unit_px)
    grit = band_noise(rng, shape, 0.016 * canvas.unit_px)
    # Without granules the ground is smooth: clear, as on real hypogranular cells.
    calm = 1 - 0.65 * degranulation(spec)
    depth = rng.normal(1.09, 0.13)
    texture = 0.09 * drift + calm * (0.15 * mottle + 0.09 * grit)
    return np.asarray(np.clip(depth + texture, 0.2, 3), np.float32)


def azure_share(spec: SyntheticCell, canvas: Canvas) -> Plane:
    """How far the ground turns from pink to bluish, 0-1 (height, width)."""
    rng = spec.stream(Part.TINT)
    shape = (canvas.height_px, canvas.width_px)
    patches = np.clip(
        0.3 * smooth_noise(rng, shape, 0.5 * canvas.unit_px) + rng.normal(0.0, 0.12), 0, 0.75
    )
    return np.asarray(patches + (1 - patches) * 0.85 * degranulation(spec), np.float32)


def granule_density(spec: SyntheticCell, canvas: Canvas) -> Plane:
    """Optical density of the granules (height, width), relative to one full granule."""
    raster = canvas.raster()
    if spec.kind is CellKind.PMN:
        rng = spec.stream(Part.GRANULES)
        number = int(_MEDIAN_GRANULES * np.exp(np.clip(rng.normal(0, _GRANULE_SPREAD), -1.2, 1.0)))
        strength = rng.uniform(0.75, 1.3)
        centres = _scattered(number, rng)
        radii = rng.uniform(0.85, 1.3) * np.clip(
            0.01 * np.exp(rng.normal(0, 0.45, number)), 0.006, 0.026
        )
        depth = np.clip(rng.beta(1.6, 2.6, number) * 255 * strength, 15, 255)
        kept = rng.random(number) < 1 - (1 - _GRANULES_LEFT) * degranulation(spec)
        canvas.discs(raster, centres[kept], radii[kept], depth[kept])
    return np.asarray(canvas.coverage(raster) + _dust(spec, canvas), np.float32)


def vacuole_coverage(spec: SyntheticCell, canvas: Canvas, free: Plane) -> Plane:
    """The share 0-1 of each pixel (height, width) that vacuoles empty.

    Parameters
    ----------
    free
        The share 0-1 of each pixel (height, width) that is cytoplasm.
    """
    raster = canvas.raster()
    if not spec.shows(Abnormality.VACUOLE):
        return canvas.coverage(raster)
    rng = spec.stream(Part.VACUOLES)
    wanted = max(1, round(spec.severity * rng.integers(5, 13)))
    radii = np.sort(rng.uniform(0.03, 0.055 + 0.045 * spec.severity, wanted))[::-1]
    centres = _apart(radii, free, canvas, rng)
    clearness = rng.uniform(200, 255, len(centres))
    canvas.discs(raster, centres, radii[: len(centres)], clearness)
    return canvas.soft(canvas.coverage(raster), 0.008)


def degranulation(spec: SyntheticCell) -> float:
    """How far the cell has lost its granules, 0-1."""
    return spec.severity if spec.shows(Abnormality.HYPOGRANULARITY) else 0.0


def _dust(spec: SyntheticCell, canvas: Canvas) -> Plane:
    """Granules too fine to be told apart, in clouds (height, width)."""
    if spec.kind is not CellKind.PMN:
        return np.zeros((canvas.height_px, canvas.width_px), np.float32)
    rng = spec.stream(Part.DUST)
    shape = (canvas.height_px, canvas.width_px)
    clouds = np.clip(0.5 + 0.4 * smooth_noise(rng, shape, 0.3 * canvas.unit_px), 0.05, 1.5)
    grains = np.clip(band_noise(rng, shape, 0.015 * canvas.unit_px) - 0.2, 0, 2.5)
    amount = rng.uniform(0.1, 0.36) * (1 - degranulation(spec))
    return np.asarray(amount * clouds * grains, np.float32)


def _scattered(number: int, rng: np.random.Generator) -> Points:
    """Positions (number, 2) all over the cell, in loose clusters and denser near the border."""
    radius = np.sqrt(rng.random(number)) ** 0.9 * 0.99
    angle = rng.uniform(0, 2 * np.pi, number)
    even = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    hosts = even[rng.integers(0, max(1, number // 6), number)]
    clustered = hosts + rng.normal(0, 0.09, (number, 2))
    return np.where(rng.random((number, 1)) < _CLUSTERED_SHARE, clustered, even)


def _apart(
    radii: NDArray[np.float64], free: Plane, canvas: Canvas, rng: np.random.Generator
) -> Points:
    """Centres (up to len(radii), 2) that hardly overlap, most of them beside the nucleus."""
    placed: list[NDArray[np.float64]] = []
    for radius in radii:
        for _ in range(_TRIES):
            spot = direction(rng.uniform(0, 2 * np.pi)) * np.sqrt(rng.random()) * (0.95 - radius)
            anywhere = rng.random() < _SHARE_ON_NUCLEUS
            gaps = [np.hypot(*(spot - other)) - r for other, r in zip(placed, radii, strict=False)]
            if (anywhere or canvas.at(free, spot) > HALF) and all(g > 0.8 * radius for g in gaps):
                placed.append(spot)
                break
    return np.array(placed).reshape(-1, 2)
