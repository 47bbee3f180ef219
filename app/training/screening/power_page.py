"""The result of `vexascope score power` as one page that needs nothing else."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.domain.report import RESEARCH_USE_NOTICE

WIDTH, HEIGHT = 340.0, 200.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 10.0, 10.0, 24.0
_STEPS = 4
_TITLES = {
    "auc": "Area under the ROC curve",
    "sensitivity": "Sensitivity at the cut-off",
    "specificity": "Specificity at the cut-off",
    "changed": "Patients with another recommendation",
}
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Mark:
    """One number of PMN in a chart, in the units of the view box."""

    x: float
    y: float
    low_y: float
    high_y: float
    text: str


@dataclass(frozen=True)
class Tick:
    """One labelled place of an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Chart:
    """One measure against the number of PMN.

    Parameters
    ----------
    line, band
        Points of the mean's line, and of the area that holds 95 % of the cohorts.
    minimum_x
        Where the rule's minimum of cells lies; None where that is beyond the chart.
    """

    title: str
    width: float
    height: float
    marks: tuple[Mark, ...]
    line: str
    band: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    left: float
    right: float
    top: float
    bottom: float
    minimum_x: float | None


def power_page(content: Mapping[str, Any]) -> str:
    """HTML of what `power_content` gives."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows, minimum = content["rows"], int(content["minimum_cells"])
    charts = [_chart(name, title, rows, minimum) for name, title in _TITLES.items()]
    return environment.get_template("power.html").render(
        content=content, charts=charts, titles=_TITLES, notice=RESEARCH_USE_NOTICE
    )


def _chart(name: str, title: str, rows: Sequence[Mapping[str, Any]], minimum: int) -> Chart:
    most = max(int(row["cells"]) for row in rows)
    spreads = [row[name]["middle_95_of_cohorts"] for row in rows]
    lowest, highest = min(ends[0] for ends in spreads), max(ends[1] for ends in spreads)
    low, high = _ends(float(lowest), float(highest))

    def x(cells: float) -> float:
        return round(_LEFT + cells / most * (WIDTH - _LEFT - _RIGHT), 2)

    def y(value: float) -> float:
        share = (value - low) / (high - low)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 2)

    marks = tuple(
        Mark(x(row["cells"]), y(row[name]["value"]), y(ends[0]), y(ends[1]), _said(row, name))
        for row, ends in zip(rows, spreads, strict=True)
    )
    outline = [(mark.x, mark.high_y) for mark in marks]
    outline += [(mark.x, mark.low_y) for mark in reversed(marks)]
    return Chart(
        title=title,
        width=WIDTH,
        height=HEIGHT,
        marks=marks,
        line=_points([(mark.x, mark.y) for mark in marks]),
        band=_points(outline),
        x_ticks=tuple(Tick(x(cells), f"{cells:g}") for cells in _round_numbers(most)),
        y_ticks=tuple(
            Tick(y(value), f"{value * 100:.3g}")
            for value in (low + (high - low) * step / _STEPS for step in range(_STEPS + 1))
        ),
        left=_LEFT,
        right=WIDTH - _RIGHT,
        top=_TOP,
        bottom=HEIGHT - _BOTTOM,
        minimum_x=x(minimum) if minimum <= most else None,
    )


def _ends(least: float, most: float) -> tuple[float, float]:
    """Ends of the scale in whole fifths of what is shown, within 0 and 1."""
    low, high = math.floor(least * 5) / 5, math.ceil(most * 5) / 5
    return (low, high) if high > low else (max(0.0, low - 0.2), min(1.0, low + 0.2))


def _round_numbers(most: int) -> list[int]:
    """At most six round numbers from 0 to the end of the axis."""
    step = 10 ** math.floor(math.log10(max(most, 10)))
    for factor in (0.1, 0.2, 0.5, 1, 2, 5):
        width = max(1, round(step * factor))
        if most / width <= 5:  # noqa: PLR2004
            return list(range(0, most + 1, width))
    return [0, most]


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in pairs)


def _said(row: Mapping[str, Any], name: str) -> str:
    low, high = row[name]["middle_95_of_cohorts"]
    return (
        f"{row['cells']} PMN: {row[name]['value']:.1%}; 95 % of the cohorts lie between "
        f"{low:.1%} and {high:.1%}"
    )
