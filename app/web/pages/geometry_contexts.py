"""What the larger view of a cell may know of its measured geometry."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GeometryRow:
    """One measure.

    Parameters
    ----------
    usual
        5th to 95th percentile among healthy neutrophils; empty where they do not compare.
    mark
        An arrow where the value lies outside of it, explained by `outside`; both empty inside.
    """

    name: str
    value: str
    unit: str
    usual: str
    mark: str
    outside: str


@dataclass(frozen=True)
class OutlineShape:
    """One line over the picture, in pixels of the crop.

    Parameters
    ----------
    kind
        ``cell``, ``lobe``, ``protrusion`` or ``hole``.
    path
        SVG path data.
    label
        Number of the part, written at (`x`, `y`); empty for the cell.
    """

    kind: str
    path: str
    label: str
    x: str
    y: str


@dataclass(frozen=True)
class GeometryPart:
    """The table and the outlines.

    Parameters
    ----------
    reason
        Why the cell could not be measured; then there are no rows and no shapes.
    source
        Whose usual range it is; empty where no range was measured.
    """

    reason: str | None
    rows: tuple[GeometryRow, ...]
    shapes: tuple[OutlineShape, ...]
    label_size: str
    source: str
