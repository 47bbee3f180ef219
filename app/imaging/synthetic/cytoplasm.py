"""The cytoplasm: its tint and mottling, its granules and its vacuoles."""

import numpy as np

from app.domain.abnormality import Abnormality
from app.imaging.synthetic.canvas import HALF, Canvas, Plane, Points
from app.imaging.synthetic.noise import band_noise, smooth_noise
from app.imaging.synthetic.spec import CellKind, Part, SyntheticCell
from app.imaging.synthetic.spine import direction

_MEDIAN_GRANULES = 480
_GRANULE_SPREAD = 0.45
_CLUSTERED_SHARE = 0.3
_SHARE_ON_NUCLEUS = 0.1
_GRANULES_LEFT = 0.03
"""The share of granules that severe hypogranularity leaves."""


def cytoplasm_density(spec: SyntheticCell, canvas: Canvas) -> Plane:
    """Optical density of the cytoplasm's ground (height, width), relative to an even layer."""
    rng = spec.stream(Part.CYTOPLASM)
    shape = (canvas.height_px, canvas.width_px)
    drift = smooth_noise(rng, shape, 0.5 * canvas.unit_px)
    mottle = smooth_noise(rng, shape, 0.09 * canvas.unit_px)
    grit = band_noise(rng, shape, 0.016 * canvas.unit_px)
    # Without granules the ground is smooth: clear, as on real hypogranular cells.
    calm = 1 - 0.75 * degranulation(spec)
    depth = rng.normal(1.09, 0.13)
    texture = 0.07 * drift + calm * (0.14 * mottle + 0.12 * grit)
    return np.asarray(np.clip(depth + texture, 0.2, 3), np.float32)


def azure_share(spec: SyntheticCell, canvas: Canvas) -> Plane:
    """How far the ground turns from pink to bluish, 0-1 (height, width)."""
    rng = np.random.default_rng([spec.seed, 99])
    shape = (canvas.height_px, canvas.width_px)
    patches = np.clip(0.3 * smooth_noise(rng, shape, 0.5 * canvas.unit_px) + 0.02, 0, 0.7)
    return np.asarray(patches + (1 - patches) * 0.85 * degranulation(spec), np.float32)


def granule_density(spec: SyntheticCell, canvas: Canvas) -> Plane:
    """Optical density of the granules (height, width), relative to one full granule."""
    raster = canvas.raster()
    if spec.kind is CellKind.PMN:
        rng = spec.stream(Part.GRANULES)
        number = int(_MEDIAN_GRANULES * np.exp(np.clip(rng.normal(0, _GRANULE_SPREAD), -1, 0.9)))
        strength = rng.uniform(0.75, 1.3)
        centres = _scattered(number, rng)
        radii = np.clip(0.0125 * np.exp(rng.normal(0, 0.4, number)), 0.006, 0.026)
        depth = np.clip(rng.beta(1.6, 2.6, number) * 255 * strength, 15, 255)
        kept = rng.random(number) < 1 - (1 - _GRANULES_LEFT) * degranulation(spec)
        canvas.discs(raster, centres[kept], radii[kept], depth[kept])
    return canvas.coverage(raster)


def vacuole_coverage(spec: SyntheticCell, canvas: Canvas, nucleus: Plane) -> Plane:
    """The share 0-1 of each pixel (height, width) that vacuoles empty."""
    raster = canvas.raster()
    if not spec.shows(Abnormality.VACUOLE):
        return canvas.coverage(raster)
    rng = spec.stream(Part.VACUOLES)
    wanted = max(1, round(spec.severity * rng.integers(5, 13)))
    radii = np.sort(rng.uniform(0.03, 0.06 + 0.05 * spec.severity, wanted))[::-1]
    centres = _apart(radii, nucleus, canvas, rng)
    canvas.discs(raster, centres, radii[: len(centres)], np.full(len(centres), 255.0))
    return canvas.coverage(raster)


def degranulation(spec: SyntheticCell) -> float:
    """How far the cell has lost its granules, 0-1."""
    return spec.severity if spec.shows(Abnormality.HYPOGRANULARITY) else 0.0


def _scattered(number: int, rng: np.random.Generator) -> Points:
    """Positions (number, 2) all over the cell, in loose clusters and denser near the border."""
    radius = np.sqrt(rng.random(number)) ** 0.9 * 0.99
    angle = rng.uniform(0, 2 * np.pi, number)
    even = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    hosts = even[rng.integers(0, max(1, number // 6), number)]
    clustered = hosts + rng.normal(0, 0.09, (number, 2))
    return np.where(rng.random((number, 1)) < _CLUSTERED_SHARE, clustered, even)


def _apart(radii: Points, nucleus: Plane, canvas: Canvas, rng: np.random.Generator) -> Points:
    """Centres (up to len(radii), 2) that hardly overlap, most of them beside the nucleus."""
    placed: list[Points] = []
    for radius in radii:
        for _ in range(40):
            spot = direction(rng.uniform(0, 7)) * np.sqrt(rng.random()) * (0.95 - radius)
            x, y = np.rint(spot * canvas.unit_px + np.asarray(canvas.origin_px)).astype(int)
            # A few may lie on the nucleus; those at its edge bite into it.
            covered = nucleus[y, x] > HALF and rng.random() > _SHARE_ON_NUCLEUS
            gaps = [np.hypot(*(spot - other)) - r for other, r in zip(placed, radii, strict=False)]
            if not covered and all(gap > 0.8 * radius for gap in gaps):
                placed.append(spot)
                break
    return np.array(placed).reshape(-1, 2)
