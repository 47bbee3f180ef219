"""Draw one cell as a tight crop, or as a frame with its surroundings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.imaging.synthetic.canvas import Canvas, Plane
from app.imaging.synthetic.chromatin import chromatin_density
from app.imaging.synthetic.cytoplasm import (
    azure_share,
    cytoplasm_density,
    granule_density,
    vacuole_coverage,
)
from app.imaging.synthetic.field import platelet_density, red_cell_density
from app.imaging.synthetic.nucleus import nucleus_coverage
from app.imaging.synthetic.optics import photograph
from app.imaging.synthetic.outline import cell_outline, natural_unit_px, tight_canvas
from app.imaging.synthetic.spec import CellKind, SyntheticCell
from app.imaging.synthetic.stain import StainLook

SMALLEST_PX = 64
_USUAL_FRAME_PX = 360
_BORDER_WIDTH = 0.014
_MEMBRANE_WIDTH = 0.009


@dataclass(frozen=True)
class _Leukocyte:
    """One drawn cell: its window, coverage (height, width) and density (height, width, 3)."""

    canvas: Canvas
    coverage: Plane
    density: NDArray[np.float32]


def render_cell(spec: SyntheticCell, size_px: int | None = None) -> NDArray[np.uint8]:
    """Draw a crop cut tight to the cell, as an automated analyser delivers it.

    Parameters
    ----------
    size_px
        The crop's longer side; None for the size the cell has at natural magnification
        (neutrophils 110-195 px).

    Returns
    -------
    (height, width, 3), 0-255, RGB order.
    """
    outline = cell_outline(spec)
    unit_px = natural_unit_px(spec)
    canvas = tight_canvas(spec, outline, unit_px)
    scale = 1.0
    if size_px is not None:
        _require_room(size_px)
        scale = size_px / max(canvas.width_px, canvas.height_px)
        canvas = canvas.scaled(scale, size_px)
    return _photographed(spec, canvas, _leukocyte(spec, canvas), scale)


def render_frame(
    spec: SyntheticCell, width_px: int = 360, height_px: int = 363
) -> NDArray[np.uint8]:
    """Draw the same cell in the middle of a field of red cells.

    Larger frames also magnify more, as the cameras that deliver them do: a neutrophil
    measures about 148 px in a frame of 360 px, and about 195 px in one of 575 px.

    Returns
    -------
    (height_px, width_px, 3), 0-255, RGB order.
    """
    side = min(width_px, height_px)
    _require_room(side)
    scale = (side / _USUAL_FRAME_PX) ** 0.6 if side > _USUAL_FRAME_PX else side / _USUAL_FRAME_PX
    cell = tight_canvas(spec, cell_outline(spec), natural_unit_px(spec) * scale)
    left, top = (width_px - cell.width_px) // 2, (height_px - cell.height_px) // 2
    origin = (cell.origin_px[0] + left, cell.origin_px[1] + top)
    window = Canvas(width_px, height_px, origin, cell.unit_px)
    return _photographed(spec, window, _leukocyte(spec, cell), scale)


def _require_room(size_px: int) -> None:
    if size_px < SMALLEST_PX:
        raise ValueError(f"a picture needs at least {SMALLEST_PX} px")


def _leukocyte(spec: SyntheticCell, canvas: Canvas) -> _Leukocyte:
    raster = canvas.raster()
    canvas.fill(raster, cell_outline(spec))
    body = canvas.soft(canvas.coverage(raster), _BORDER_WIDTH)
    nucleus = canvas.soft(nucleus_coverage(spec, canvas) * body, _MEMBRANE_WIDTH)
    ground = _ground(spec, canvas)
    granules = granule_density(spec, canvas)[..., None] * _granule_stain(spec.stain)
    chromatin = chromatin_density(spec, nucleus, canvas.unit_px)[..., None]
    inner = chromatin * spec.stain.density(spec.stain.nucleus)
    share = nucleus[..., None]
    full = (1 - 0.88 * vacuole_coverage(spec, canvas, body - nucleus))[..., None]
    density = body[..., None] * full * ((1 - share) * (ground + granules) + share * inner)
    return _Leukocyte(canvas, body, np.asarray(density, np.float32))


def _ground(spec: SyntheticCell, canvas: Canvas) -> NDArray[np.float32]:
    """Density (height, width, 3) of the cytoplasm without its granules."""
    stain = spec.stain
    layer = cytoplasm_density(spec, canvas)[..., None]
    if spec.kind is CellKind.LYMPHOCYTE:
        return np.asarray(layer * stain.density(stain.basophilic_cytoplasm), np.float32)
    azure = azure_share(spec, canvas)[..., None]
    pink, clear = stain.density(stain.cytoplasm), stain.density(stain.clear_cytoplasm)
    return np.asarray(layer * ((1 - azure) * pink + azure * clear), np.float32)


def _granule_stain(stain: StainLook) -> NDArray[np.float32]:
    return stain.density(stain.granule) - stain.density(stain.cytoplasm)


def _photographed(
    spec: SyntheticCell, window: Canvas, cell: _Leukocyte, scale: float
) -> NDArray[np.uint8]:
    stain = spec.stain
    density = red_cell_density(spec, window, scale)[..., None] * stain.density(stain.red_cell)
    density += platelet_density(spec, window, scale)[..., None] * stain.density(stain.granule)
    left = round(window.origin_px[0] - cell.canvas.origin_px[0])
    top = round(window.origin_px[1] - cell.canvas.origin_px[1])
    rows = slice(top, top + cell.canvas.height_px)
    columns = slice(left, left + cell.canvas.width_px)
    # The leukocyte hides most of what it touches: it is far thicker than a red cell's rim.
    density[rows, columns] *= 1 - 0.9 * cell.coverage[..., None]
    density[rows, columns] += cell.density
    return photograph(np.asarray(density, np.float32), spec, scale)
