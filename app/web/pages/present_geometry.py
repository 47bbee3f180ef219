"""The measured geometry of a cell: its table, and the outlines over its picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from app.imaging.morphometry import Examined, Hole, Line, Morphometry, NotMeasured, Outlines
from app.imaging.morphometry_reference import CELL_COUNT, RANGES, SOURCE
from app.web.pages.geometry_contexts import GeometryPart, GeometryRow, OutlineShape
from app.web.pages.wording import DASH

_LABEL_SHARE = 24
_INSIDE = ("", "")
_BELOW, _ABOVE = ("▼", "below the usual range"), ("▲", "above the usual range")


@dataclass(frozen=True)
class _Measure:
    """How one field of `Morphometry` is shown; `compares` is whether it has a usual range."""

    field: str
    name: str
    unit: str
    factor: float = 1
    decimals: int = 0
    compares: bool = True


_MEASURES = (
    _Measure("lobe_count", "Lobes of the nucleus", ""),
    _Measure("narrowest_neck", "Narrowest neck", "% of lobe width", 100),
    _Measure("protrusion_count", "Protrusions", ""),
    _Measure("longest_protrusion", "Longest protrusion", "% of cell diameter", 100, 1),
    _Measure("solidity", "Solidity of the nucleus", "", 1, 2),
    _Measure("circularity", "Circularity of the nucleus", "", 1, 2),
    _Measure("nucleus_share", "Nucleus", "% of cell area", 100),
    _Measure("nucleus_to_cytoplasm", "Nucleus to cytoplasm", "ratio", 1, 2),
    _Measure("chromatin_density", "Chromatin density", "OD", 1, 2),
    _Measure("chromatin_contrast", "Chromatin contrast", "% of density", 100),
    _Measure("cytoplasm_density", "Cytoplasm density", "OD", 1, 3),
    _Measure("eosin_tint", "Eosin tint", "", 1, 2),
    _Measure("granule_contrast", "Granule contrast", "mOD", 1000, 1),
    _Measure("granules_per_area", "Granules", "per 1 % of cell area", 1, 1),
    _Measure("hole_count", "Clear holes", ""),
    _Measure("largest_hole", "Largest hole", "% of cell diameter", 100, 1),
    _Measure("cell_diameter_px", "Cell diameter", "px", compares=False),
)


def geometry_part(examined: Examined | NotMeasured, width_px: int) -> GeometryPart:
    """The geometry of one cell in words; `width_px` is its crop's."""
    source = f"5th to 95th percentile of {CELL_COUNT:,} neutrophils of {SOURCE}" if RANGES else ""
    if isinstance(examined, NotMeasured):
        return GeometryPart(examined.reason, (), (), "", source)
    return GeometryPart(
        reason=None,
        rows=tuple(_row(measure, examined.morphometry) for measure in _MEASURES),
        shapes=_shapes(examined.outlines),
        label_size=f"{width_px / _LABEL_SHARE:.1f}",
        source=source,
    )


def _row(measure: _Measure, morphometry: Morphometry) -> GeometryRow:
    value = getattr(morphometry, measure.field)
    shown, limits = _shown(value, measure), RANGES.get(measure.field)
    if not measure.compares or limits is None:
        return GeometryRow(measure.name, shown, measure.unit, "", "", "")
    low, high = _shown(limits[0], measure), _shown(limits[2], measure)
    mark, outside = _place(shown, low, high) if value is not None else _INSIDE
    return GeometryRow(measure.name, shown, measure.unit, f"{low}{DASH}{high}", mark, outside)


def _place(shown: str, low: str, high: str) -> tuple[str, str]:
    """Compare as shown: a value that reads as the limit is not outside of it."""
    if float(shown) < float(low):
        return _BELOW
    return _ABOVE if float(shown) > float(high) else _INSIDE


def _shown(value: float | None, measure: _Measure) -> str:
    """A number with the decimals of its measure; no neck, no number."""
    return DASH if value is None else f"{value * measure.factor:.{measure.decimals}f}"


def _shapes(outlines: Outlines) -> tuple[OutlineShape, ...]:
    cell = (OutlineShape("cell", _path(outlines.cell), "", "", ""),)
    lobes = (
        _labelled("lobe", lines, str(number))
        for number, lines in enumerate(outlines.lobes, start=1)
    )
    protrusions = (
        _labelled("protrusion", [line], f"P{number}")
        for number, line in enumerate(outlines.protrusions, start=1)
    )
    holes = (_hole(hole, f"H{number}") for number, hole in enumerate(outlines.holes, start=1))
    return (*cell, *chain(lobes, protrusions, holes))


def _labelled(kind: str, lines: Sequence[Line], label: str) -> OutlineShape:
    points = [point for line in lines for point in line]
    x, y = (
        (min(point[axis] for point in points) + max(point[axis] for point in points)) / 2
        for axis in (0, 1)
    )
    return OutlineShape(kind, _path(lines), label, f"{x:.1f}", f"{y:.1f}")


def _hole(hole: Hole, label: str) -> OutlineShape:
    # Two half circles around the hole, clear of its edge.
    radius = hole.radius_px + max(1.0, 0.3 * hole.radius_px)
    half = f"a{radius:.1f} {radius:.1f} 0 1 0"
    path = (
        f"M{hole.x - radius:.1f} {hole.y:.1f}{half} {2 * radius:.1f} 0{half} {-2 * radius:.1f} 0Z"
    )
    above = hole.y - radius - math.ceil(radius / 4)
    return OutlineShape("hole", path, label, f"{hole.x:.1f}", f"{above:.1f}")


def _path(lines: Sequence[Line]) -> str:
    """Closed lines as SVG path data, to a tenth of a pixel."""
    return "".join(
        "M" + "L".join(f"{point[0]:.1f} {point[1]:.1f}" for point in line) + "Z" for line in lines
    )
