"""The geometry of one number over a patient's cases."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise

TREND_WIDTH, TREND_HEIGHT = 320.0, 128.0
# The plot lies between: room for the texts of both axes, and for half of a mark.
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 308.0, 8.0, 104.0
_AXIS_TEXT_BASE = 121.0
_TICK_COUNT = 4
_TEXT_DROP = 4.0
_RADIUS, _CURRENT_RADIUS = 3.5, 5.0


@dataclass(frozen=True)
class TrendValue:
    """One case's number with its 95 % interval.

    Parameters
    ----------
    series
        Values of different series do not compare: no line joins them.
    cut_off
        In force for this value; None where there is none.
    is_signed
        Whether the report that it is from is signed; another may still change.
    """

    at: datetime
    low: float
    value: float
    high: float
    series: str
    is_current: bool
    cut_off: float | None = None
    is_signed: bool = True


@dataclass(frozen=True)
class AxisText:
    """One text of an axis; `anchor` is ``start``, ``middle`` or ``end`` of it, at x."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True)
class TrendMark:
    """One value: a point on the line of its interval.

    That of the case at hand is filled; what nobody has signed is dashed.
    """

    x: float
    low_y: float
    value_y: float
    high_y: float
    radius: float
    is_current: bool
    is_signed: bool


@dataclass(frozen=True)
class TrendLine:
    """A straight line from one place to another."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class TrendChart:
    """One number over time.

    Parameters
    ----------
    grid
        Lines at the ticks of the vertical axis, the lowest first.
    joins
        Between neighbours in time that compare.
    cut_offs
        One for each run of values under the same cut-off.
    """

    width: float
    height: float
    grid: tuple[TrendLine, ...]
    value_texts: tuple[AxisText, ...]
    date_texts: tuple[AxisText, ...]
    marks: tuple[TrendMark, ...]
    joins: tuple[TrendLine, ...]
    cut_offs: tuple[TrendLine, ...]


def trend_chart(
    values: Sequence[TrendValue],
    high: float,
    value_text: Callable[[float], str],
    date_text: Callable[[datetime], str],
) -> TrendChart:
    """Draw at least one value, on a vertical axis from 0 to `high`.

    The horizontal axis is time, from the first value to the last.
    """
    ordered = sorted(values, key=lambda value: value.at)
    marks = [_mark(value, _x_of(value.at, ordered), high) for value in ordered]
    ticks = [high * step / _TICK_COUNT for step in range(_TICK_COUNT + 1)]
    return TrendChart(
        width=TREND_WIDTH,
        height=TREND_HEIGHT,
        grid=tuple(TrendLine(_LEFT, _y(tick, high), _RIGHT, _y(tick, high)) for tick in ticks),
        value_texts=tuple(
            AxisText(_LEFT - 6, _y(tick, high) + _TEXT_DROP, value_text(tick), "end")
            for tick in ticks[::2]
        ),
        date_texts=_date_texts(ordered, date_text),
        marks=tuple(marks),
        joins=_joins(ordered, marks),
        cut_offs=_cut_offs(ordered, marks, high),
    )


def _y(value: float, high: float) -> float:
    """0 at the bottom of the plot; values beyond an end lie at that end."""
    share = min(max(value, 0.0), high) / high
    return round(_BOTTOM - share * (_BOTTOM - _TOP), 2)


def _x_of(at: datetime, ordered: Sequence[TrendValue]) -> float:
    """In the middle where all values are of one time."""
    first, last = ordered[0].at, ordered[-1].at
    if first == last:
        return (_LEFT + _RIGHT) / 2
    # A mark's half stays clear of the axis texts.
    inner = _RIGHT - _LEFT - 2 * _CURRENT_RADIUS
    return round(_LEFT + _CURRENT_RADIUS + (at - first) / (last - first) * inner, 2)


def _mark(value: TrendValue, x: float, high: float) -> TrendMark:
    return TrendMark(
        x=x,
        low_y=_y(value.low, high),
        value_y=_y(value.value, high),
        high_y=_y(value.high, high),
        radius=_CURRENT_RADIUS if value.is_current else _RADIUS,
        is_current=value.is_current,
        is_signed=value.is_signed,
    )


def _date_texts(
    ordered: Sequence[TrendValue], date_text: Callable[[datetime], str]
) -> tuple[AxisText, ...]:
    first, last = date_text(ordered[0].at), date_text(ordered[-1].at)
    if first == last:
        return (AxisText((_LEFT + _RIGHT) / 2, _AXIS_TEXT_BASE, first, "middle"),)
    return (
        AxisText(_LEFT, _AXIS_TEXT_BASE, first, "start"),
        AxisText(_RIGHT, _AXIS_TEXT_BASE, last, "end"),
    )


def _joins(ordered: Sequence[TrendValue], marks: Sequence[TrendMark]) -> tuple[TrendLine, ...]:
    return tuple(
        TrendLine(mark.x, mark.value_y, following.x, following.value_y)
        for (value, mark), (after, following) in pairwise(zip(ordered, marks, strict=True))
        if value.series == after.series
    )


def _cut_offs(
    ordered: Sequence[TrendValue], marks: Sequence[TrendMark], high: float
) -> tuple[TrendLine, ...]:
    """Each from half-way to its neighbours; the outer ones to the ends of the plot."""
    between = [(mark.x + after.x) / 2 for mark, after in pairwise(marks)]
    edges = [_LEFT, *between, _RIGHT]
    lines = []
    for cut_off, run in groupby(range(len(ordered)), key=lambda index: ordered[index].cut_off):
        indices = list(run)
        if cut_off is not None:
            y = _y(cut_off, high)
            lines.append(
                TrendLine(round(edges[indices[0]], 2), y, round(edges[indices[-1] + 1], 2), y)
            )
    return tuple(lines)
