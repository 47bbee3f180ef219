"""The geometry of a control chart: one number by week, with its limits."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from app.domain.control_chart import ChartPoint, ControlChart, Standing
from app.web.pages.charts_trend import AxisText, TrendLine

WIDTH, HEIGHT = 440.0, 176.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 430.0, 22.0, 146.0
_BASELINE_Y, _AXIS_TEXT_BASE, _CHANGE_TEXT_BASE = 150.0, 168.0, 12.0
_TEXT_DROP, _TICKS = 4.0, 4
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
# A text longer than this is cut: the chart is 440 wide.
_LONGEST_NAME = 24


@dataclass(frozen=True)
class ControlMark:
    """One week; `kind` is its form: how it stands, or ``loose`` where it has no limits."""

    x: float
    y: float
    kind: str


@dataclass(frozen=True)
class BundleStart:
    """Where another bundle's weeks begin."""

    x: float
    text: str
    text_x: float
    text_y: float
    anchor: str
    top: float
    bottom: float


@dataclass(frozen=True)
class ControlPlot:
    """One number by week.

    Parameters
    ----------
    limits
        Paths: the limits are steps, because they are wider in weeks with fewer cases.
    centres
        Of each bundle's baseline.
    baselines
        Under the axis: the weeks that limits were made from.
    starts
        Of every bundle but the first.
    """

    width: float
    height: float
    grid: tuple[TrendLine, ...]
    value_texts: tuple[AxisText, ...]
    date_texts: tuple[AxisText, ...]
    limits: tuple[str, ...]
    centres: tuple[TrendLine, ...]
    baselines: tuple[TrendLine, ...]
    joins: tuple[TrendLine, ...]
    marks: tuple[ControlMark, ...]
    starts: tuple[BundleStart, ...]


@dataclass(frozen=True)
class _Frame:
    """Both axes."""

    first: date
    last: date
    low: float
    high: float

    def x(self, week: date) -> float:
        """In the middle where there is one week alone."""
        span = (self.last - self.first).days
        share = (week - self.first).days / span if span else 0.5
        return round(_LEFT + 8 + share * (_RIGHT - _LEFT - 16), 2)

    def y(self, value: float) -> float:
        """Values beyond an end lie at that end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(_BOTTOM - share * (_BOTTOM - _TOP), 2)

    @property
    def half_week(self) -> float:
        """Half of the way from one week to the next."""
        weeks = max((self.last - self.first).days / 7, 1)
        return (_RIGHT - _LEFT - 16) / weeks / 2


def control_plot(
    charts: Sequence[tuple[str, ControlChart]],
    value_text: Callable[[float], str],
    date_text: Callable[[date], str],
    *,
    from_zero: bool,
) -> ControlPlot:
    """Draw the charts of one number, each under its bundle's title, with at least one point."""
    points = [point for _, chart in charts for point in chart.points]
    weeks = [point.week for point in points]
    ticks = _ticks(_values(charts), from_zero=from_zero)
    frame = _Frame(min(weeks), max(weeks), ticks[0], ticks[-1])
    return ControlPlot(
        width=WIDTH,
        height=HEIGHT,
        grid=tuple(TrendLine(_LEFT, frame.y(tick), _RIGHT, frame.y(tick)) for tick in ticks),
        value_texts=tuple(
            AxisText(_LEFT - 6, frame.y(tick) + _TEXT_DROP, value_text(tick), "end")
            for tick in ticks
        ),
        date_texts=_date_texts(frame, date_text),
        limits=tuple(path for _, chart in charts for path in _limits(chart, frame)),
        centres=tuple(line for _, chart in charts for line in _centre(chart, frame)),
        baselines=tuple(line for _, chart in charts for line in _baseline(chart, frame)),
        joins=tuple(line for _, chart in charts for line in _joins(chart, frame)),
        marks=tuple(_mark(point, frame) for point in points),
        starts=tuple(_start(title, chart, frame) for title, chart in charts[1:]),
    )


def _values(charts: Sequence[tuple[str, ControlChart]]) -> list[float]:
    found: Iterable[float | None] = (
        value
        for _, chart in charts
        for point in chart.points
        for value in (point.value, point.low, point.high)
    )
    return [value for value in found if value is not None]


def _ticks(values: Sequence[float], *, from_zero: bool) -> list[float]:
    """Round numbers, evenly spaced, that hold all values."""
    low = 0.0 if from_zero else min(values)
    high = max(*values, low)
    span = (high - low) or abs(high) or 1.0
    size = 10 ** math.floor(math.log10(span / _TICKS))
    step = next(size * each for each in _STEPS if size * each >= span / _TICKS)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _date_texts(frame: _Frame, date_text: Callable[[date], str]) -> tuple[AxisText, ...]:
    if frame.first == frame.last:
        middle = (_LEFT + _RIGHT) / 2
        return (AxisText(middle, _AXIS_TEXT_BASE, date_text(frame.first), "middle"),)
    return (
        AxisText(_LEFT, _AXIS_TEXT_BASE, date_text(frame.first), "start"),
        AxisText(_RIGHT, _AXIS_TEXT_BASE, date_text(frame.last), "end"),
    )


def _limits(chart: ControlChart, frame: _Frame) -> list[str]:
    """One path for each run of weeks with limits, above and below."""
    paths = []
    for side in ("high", "low"):
        parts: list[str] = []
        for point in chart.points:
            value = getattr(point, side)
            if value is None:
                continue
            half = frame.half_week * chart.weeks_each
            left = max(_LEFT, round(frame.x(point.week) - half, 2))
            right = min(_RIGHT, round(frame.x(point.week) + half, 2))
            parts.append(f"M {left} {frame.y(value)} H {right}")
        if parts:
            paths.append(" ".join(parts))
    return paths


def _centre(chart: ControlChart, frame: _Frame) -> list[TrendLine]:
    if not chart.centre:
        return []
    y = frame.y(chart.centre)
    start, end = frame.x(chart.points[0].week), frame.x(chart.points[-1].week)
    return [TrendLine(start, y, end, y)]


def _baseline(chart: ControlChart, frame: _Frame) -> list[TrendLine]:
    weeks = [point.week for point in chart.points if point.is_baseline]
    if not weeks:
        return []
    start, end = frame.x(min(weeks)) - 3, frame.x(max(weeks)) + 3
    return [TrendLine(round(start, 2), _BASELINE_Y, round(end, 2), _BASELINE_Y)]


def _joins(chart: ControlChart, frame: _Frame) -> list[TrendLine]:
    found = [(frame.x(item.week), frame.y(item.value or 0.0)) for item in chart.points]
    return [TrendLine(*here, *there) for here, there in pairwise(found)]


def _mark(point: ChartPoint, frame: _Frame) -> ControlMark:
    kind = point.standing.value
    if point.standing in {Standing.FEW_CASES, Standing.NO_LIMITS}:
        kind = "loose"
    return ControlMark(frame.x(point.week), frame.y(point.value or 0.0), kind)


def _start(title: str, chart: ControlChart, frame: _Frame) -> BundleStart:
    half = frame.half_week * chart.weeks_each
    x = max(_LEFT, round(frame.x(chart.points[0].week) - half, 2))
    is_late = x > (_LEFT + _RIGHT) / 2
    return BundleStart(
        x=x,
        text=title if len(title) <= _LONGEST_NAME else f"{title[:_LONGEST_NAME]}…",
        text_x=x - 4 if is_late else x + 4,
        text_y=_CHANGE_TEXT_BASE,
        anchor="end" if is_late else "start",
        top=4.0,
        bottom=_BOTTOM,
    )
