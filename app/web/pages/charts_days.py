"""The geometry of cases by day or by week."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from app.domain.statistics import DayCount, monday_of
from app.web.pages.charts_trend import AxisText, TrendLine

WIDTH, HEIGHT = 440.0, 160.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 36.0, 432.0, 8.0, 134.0
_AXIS_TEXT_BASE, _TEXT_DROP = 153.0, 4.0
MOST_DAYS = 62
"""Longer periods are drawn by week: a bar of a day would be too thin to be seen."""
_EACH = 0.38


@dataclass(frozen=True)
class CaseBar:
    """One bar; `is_signed`: of cases that were signed, and filled."""

    x: float
    y: float
    width: float
    height: float
    is_signed: bool


@dataclass(frozen=True)
class CaseBars:
    """Cases that were opened, beside those that were signed."""

    width: float
    height: float
    grid: tuple[TrendLine, ...]
    value_texts: tuple[AxisText, ...]
    date_texts: tuple[AxisText, ...]
    bars: tuple[CaseBar, ...]


def binned(days: Sequence[DayCount]) -> tuple[list[DayCount], bool]:
    """The days, or their weeks under their Mondays; and whether they are weeks."""
    if len(days) <= MOST_DAYS:
        return list(days), False
    weeks = []
    for monday, group in groupby(days, key=lambda item: monday_of(item.day)):
        items = list(group)
        weeks.append(
            DayCount(monday, sum(item.opened for item in items), sum(item.signed for item in items))
        )
    return weeks, True


def case_bars(bins: Sequence[DayCount], date_text: Callable[[date], str]) -> CaseBars:
    """Draw at least one bin, on an axis from 0."""
    most = max(1, *(max(item.opened, item.signed) for item in bins))
    step = max(1, -(-most // 4))
    high = step * -(-most // step)
    pitch = (_RIGHT - _LEFT) / len(bins)
    ticks = range(0, high + 1, step)

    def y(value: int) -> float:
        return round(_BOTTOM - value / high * (_BOTTOM - _TOP), 2)

    bars = []
    for index, item in enumerate(bins):
        left = _LEFT + index * pitch + pitch * (0.5 - _EACH)
        for offset, (number, is_signed) in enumerate(((item.opened, False), (item.signed, True))):
            if number:
                x = round(left + offset * _EACH * pitch, 2)
                top = y(number)
                height = round(_BOTTOM - top, 2)
                bars.append(CaseBar(x, top, round(_EACH * pitch, 2), height, is_signed))
    return CaseBars(
        width=WIDTH,
        height=HEIGHT,
        grid=tuple(TrendLine(_LEFT, y(tick), _RIGHT, y(tick)) for tick in ticks),
        value_texts=tuple(
            AxisText(_LEFT - 6, y(tick) + _TEXT_DROP, str(tick), "end") for tick in ticks
        ),
        date_texts=_date_texts(bins, date_text),
        bars=tuple(bars),
    )


def _date_texts(bins: Sequence[DayCount], date_text: Callable[[date], str]) -> tuple[AxisText, ...]:
    first, last = bins[0].day, bins[-1].day
    if last - first < timedelta(days=1):
        return (AxisText((_LEFT + _RIGHT) / 2, _AXIS_TEXT_BASE, date_text(first), "middle"),)
    return (
        AxisText(_LEFT, _AXIS_TEXT_BASE, date_text(first), "start"),
        AxisText(_RIGHT, _AXIS_TEXT_BASE, date_text(last), "end"),
    )
