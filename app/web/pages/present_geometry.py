"""The measured geometry of a cell: its table, and the outlines over its picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from app.domain.message import message
from app.imaging.morphometry import Examined, Hole, Line, Morphometry, NotMeasured, Outlines
from app.imaging.morphometry_reference import CELL_COUNT, RANGES, SOURCE
from app.web.language import gettext, localised, translated
from app.web.pages.geometry_contexts import GeometryPart, GeometryRow, OutlineShape
from app.web.pages.wording import DASH, count

_LABEL_SHARE = 24
_INSIDE = ("", "")
_BELOW = ("▼", message("below the usual range"))
_ABOVE = ("▲", message("above the usual range"))


@dataclass(frozen=True)
class _Measure:
    """How one field of `Morphometry` is shown; `compares` is whether it has a usual range."""

    field: str
    name: str
    unit: str
    factor: float = 1
    decimals: int = 0
    compares: bool = True


_OF_DIAMETER = message("% of cell diameter")
_MEASURES = (
    _Measure("lobe_count", message("Lobes of the nucleus"), ""),
    _Measure("narrowest_neck", message("Narrowest neck"), message("% of lobe width"), 100),
    _Measure("protrusion_count", message("Protrusions"), ""),
    _Measure(
        "longest_protrusion", message("Longest protrusion"), message("% of cell diameter"), 100, 1
    ),
    _Measure("solidity", message("Solidity of the nucleus"), "", 1, 2),
    _Measure("circularity", message("Circularity of the nucleus"), "", 1, 2),
    _Measure("nucleus_share", message("Nucleus"), message("% of cell area"), 100),
    _Measure("nucleus_to_cytoplasm", message("Nucleus to cytoplasm"), message("ratio"), 1, 2),
    _Measure("chromatin_density", message("Chromatin density"), message("OD"), 1, 2),
    _Measure("chromatin_contrast", message("Chromatin contrast"), message("% of density"), 100),
    _Measure("cytoplasm_density", message("Cytoplasm density"), message("OD"), 1, 3),
    _Measure("eosin_tint", message("Eosin tint"), "", 1, 2),
    _Measure("granule_contrast", message("Granule contrast"), message("mOD"), 1000, 1),
    _Measure("granules_per_area", message("Granules"), message("per 1 % of cell area"), 1, 1),
    _Measure("hole_count", message("Clear holes"), ""),
    _Measure("largest_hole", message("Largest hole"), _OF_DIAMETER, 100, 1),
    _Measure("cell_diameter_px", message("Cell diameter"), "px", compares=False),
)


def geometry_part(examined: Examined | NotMeasured, width_px: int) -> GeometryPart:
    """The geometry of one cell in words; `width_px` is its crop's."""
    source = gettext("5th to 95th percentile of {count} neutrophils of {source}").format(
        count=count(CELL_COUNT), source=translated(SOURCE)
    )
    source = source if RANGES else ""
    if isinstance(examined, NotMeasured):
        return GeometryPart(translated(examined.reason), (), (), "", source)
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
        return _row_of(measure, shown, "", _INSIDE)
    low, high = _shown(limits[0], measure), _shown(limits[2], measure)
    place = _place(shown, low, high) if value is not None else _INSIDE
    return _row_of(measure, shown, f"{low}{DASH}{high}", place)


def _row_of(measure: _Measure, shown: str, usual: str, place: tuple[str, str]) -> GeometryRow:
    mark, outside = place
    return GeometryRow(
        name=translated(measure.name),
        value=localised(shown),
        unit=translated(measure.unit),
        usual=localised(usual),
        mark=mark,
        outside=translated(outside),
    )


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
