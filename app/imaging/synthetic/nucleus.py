"""The nucleus on the raster: organic contour, filaments and spikes."""

import cv2
import numpy as np

from app.domain.abnormality import Abnormality
from app.imaging.synthetic.canvas import FINENESS, HALF, Canvas, Plane, Points, Raster
from app.imaging.synthetic.noise import smooth_noise
from app.imaging.synthetic.spec import CellKind, Part, SyntheticCell
from app.imaging.synthetic.spine import Spine, curve, pelger_spine, round_spine, segmented_spine

_MOST_SPIKES = 7
_FURTHEST_TIP = 0.95


def nucleus_coverage(spec: SyntheticCell, canvas: Canvas) -> Plane:
    """Draw the nucleus: the share 0-1 of each pixel (height, width) that it covers."""
    raster = _nucleus_raster(spec, canvas)
    if spec.shows(Abnormality.NUCLEAR_SPIKE):
        _add_spikes(raster, canvas, spec)
    return canvas.coverage(raster)


def _nucleus_raster(spec: SyntheticCell, canvas: Canvas) -> Raster:
    rng = spec.stream(Part.NUCLEUS)
    if spec.kind is CellKind.LYMPHOCYTE:
        return _organic(canvas, round_spine(0.74 * np.pi, 0.1, rng), 0.7, rng)
    if spec.shows(Abnormality.PSEUDO_PELGER):
        return _organic(canvas, pelger_spine(spec.lobes, rng), 0.55, rng)
    return _organic(canvas, segmented_spine(spec.lobes, rng), 1.0, rng)


def _organic(canvas: Canvas, spine: Spine, unrest: float, rng: np.random.Generator) -> Raster:
    """Melt the discs into one body, with a contour as restless as that of real nuclei.

    Blurring the discs and cutting at half height fuses neighbours with soft fillets; noise
    added before the cut moves the contour in and out.
    """
    discs = canvas.raster()
    canvas.discs(discs, spine.centres, spine.radii, np.where(spine.solid, 255.0, 0.0))
    field = cv2.GaussianBlur(canvas.coverage(discs), (0, 0), 0.03 * canvas.unit_px)
    for grain, amplitude in ((0.16, 0.14), (0.07, 0.065)):
        noise = smooth_noise(rng, field.shape, grain * canvas.unit_px)
        field += unrest * np.clip(amplitude * noise, -0.22, 0.22)
    raster = (canvas.enlarge(np.asarray(field, np.float32)) > HALF).astype(np.uint8) * 255
    for line in spine.filaments:
        canvas.stroke(raster, line, rng.uniform(0.035, 0.065))
    return raster


def _add_spikes(raster: Raster, canvas: Canvas, spec: SyntheticCell) -> None:
    """Draw thin tapered protrusions out of the contour, where they find free cytoplasm."""
    rng = spec.stream(Part.SPIKES)
    wanted = max(1, round(spec.severity * rng.integers(3, _MOST_SPIKES + 1)))
    contours, _ = cv2.findContours(raster, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = canvas.units(np.asarray(max(contours, key=len)[:, 0], np.float64))
    body = raster.copy()
    for start in rng.permutation(len(contour))[: 12 * _MOST_SPIKES].tolist():
        if wanted == 0:
            break
        spike = _spike(contour, start, spec.severity, rng)
        if _is_free(body, canvas, spike):
            canvas.fill(raster, spike)
            canvas.fill(body, _surroundings(spike))
            wanted -= 1


def _spike(contour: Points, start: int, severity: float, rng: np.random.Generator) -> Points:
    """Outline (24, 2) of one spike: root on the contour, slightly bent, tip almost a point."""
    root = contour[start]
    ahead, behind = contour[(start + 12) % len(contour)], contour[start - 12]
    along = (ahead - behind) / (np.hypot(*(ahead - behind)) + 1e-9)
    # OpenCV walks outer contours so that the outside lies to this side.
    outward = np.array([-along[1], along[0]])
    length = rng.uniform(0.12, 0.25) * (0.6 + 0.4 * severity)
    tip = root + length * (outward + rng.normal(0, 0.3) * along)
    bent = root + length * 0.55 * (outward + rng.normal(0, 0.2) * along)
    line = curve(root - 0.05 * outward, bent, tip)
    half = np.linspace(1, 0, len(line))[:, None] ** 0.7 * rng.uniform(0.025, 0.048) + 0.008
    return np.concatenate([line + half * along, (line - half * along)[::-1]])


def _is_free(body: Raster, canvas: Canvas, spike: Points) -> bool:
    """Whether the outer half of a spike lies in the cell and off the nucleus."""
    middle = len(spike) // 2
    outer = spike[middle - 6 : middle + 6]
    if np.hypot(outer[:, 0], outer[:, 1]).max() > _FURTHEST_TIP:
        return False
    place = (outer * canvas.unit_px + np.asarray(canvas.origin_px)) * FINENESS
    x, y = np.rint(place).astype(int).T
    return not bool(body[np.clip(y, 0, len(body) - 1), np.clip(x, 0, body.shape[1] - 1)].any())


def _surroundings(spike: Points) -> Points:
    """A spike's outline made broader, so that no second one starts beside it."""
    middle = spike.mean(axis=0)
    return np.asarray(middle + (spike - middle) * 2.2)
