"""Control charts for weeks of cases: limits that know that the cells of a case are alike.

Binomial limits on cells would alarm nearly every second week, because patients differ far more
from one another than chance lets cells differ: `docs/statistics.md` has the simulation. So the
case is the unit that varies here, and the limits come from a baseline of weeks that is named.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise

from app.domain.case_sums import CountSums, MeanSums, correlation_within
from app.domain.tendency import REACH, Departure, running_tendency

BASELINE_WEEKS = 12
"""Weeks with enough cases that a baseline is made of."""
FEWEST_CASES = 5
"""Cases that a week needs to be part of a baseline, or to be held against one."""
FEWEST_EVENTS = 10
"""Counted cells, and others, that a baseline of a proportion needs."""
SIGMAS = 3.0
# Mean of the range of two normal values, in their standard deviation.
_MEAN_RANGE_OF_TWO = 1.128


class Standing(StrEnum):
    """How a week stands to the limits."""

    INSIDE = "inside"
    HIGH = "high"
    LOW = "low"
    RISING = "rising"
    """Inside its own limits, but the weeks up to it together lie too high."""
    FALLING = "falling"
    FEW_CASES = "few_cases"
    """Too few cases in the week to be held against limits."""
    NO_LIMITS = "no_limits"
    """Too little came before to draw limits from."""


ALARMS = frozenset({Standing.HIGH, Standing.LOW, Standing.RISING, Standing.FALLING})


@dataclass(frozen=True)
class ChartPoint:
    """One week of a chart.

    Parameters
    ----------
    week
        Its Monday, in UTC.
    value
        None where nothing was counted.
    low, high
        The limits of this week; None where none are drawn.
    is_baseline
        Whether the limits were made from it.
    tendency
        The weighted mean of the weeks up to it, in its own sigmas from the baseline; None where it
        is not told.
    """

    week: date
    case_count: int
    value: float | None
    low: float | None
    high: float | None
    standing: Standing
    is_baseline: bool = False
    tendency: float | None = None


@dataclass(frozen=True)
class ControlChart:
    """The weeks of one bundle at one site; two bundles never share a chart's limits.

    Parameters
    ----------
    centre
        The baseline's value; None where there is no baseline.
    baseline
        First and last week of the baseline.
    factor
        By how much the baseline's weeks vary more than its cases explain (Laney's sigma of z), at
        least 1.
    weeks_each
        Weeks that one point takes.
    """

    points: tuple[ChartPoint, ...]
    centre: float | None = None
    baseline: tuple[date, date] | None = None
    factor: float = 1.0
    weeks_each: int = 1

    @property
    def alarms(self) -> tuple[ChartPoint, ...]:
        """Weeks beyond a limit, by themselves or with those before them."""
        return tuple(point for point in self.points if point.standing in ALARMS)


def baseline_weeks(case_counts: Sequence[tuple[date, int]], start: date | None = None) -> set[date]:
    """The first weeks with enough cases, from `start` on; empty where there are too few of them."""
    enough = [
        week
        for week, cases in sorted(case_counts)
        if cases >= FEWEST_CASES and (start is None or week >= start)
    ]
    return set(enough[:BASELINE_WEEKS]) if len(enough) >= BASELINE_WEEKS else set()


def proportion_chart(
    weeks: Sequence[tuple[date, CountSums]], start: date | None = None
) -> ControlChart:
    """A p' chart of clustered counts, on the arcsine scale.

    The variance of a week's share is that of clustered counts, with the correlation within cases
    estimated from the baseline (Donner and Klar 2000, chapter 3: 1 + (n - 1) rho); what the weeks
    vary beyond it widens the limits (Laney 2002, Quality Engineering 14:531, with the average
    moving range; never narrows them); the baseline's own error is added. The arcsine of the root
    makes the limits of small shares lopsided, as they must be (Anscombe 1948, Biometrika 35:246).

    Parameters
    ----------
    weeks
        In any order; each once.
    start
        First day of the baseline; None: of the series.
    """
    ordered = sorted(weeks, key=lambda item: item[0])
    chosen = baseline_weeks([(week, sums.case_count) for week, sums in ordered], start)
    base = sum((sums for week, sums in ordered if week in chosen), CountSums())
    if min(base.count, base.total - base.count) < FEWEST_EVENTS:
        return chart_without_limits([(week, sums.case_count, sums.share) for week, sums in ordered])
    share, rho = base.count / base.total, correlation_within(base)
    placed = [
        _Placed(week, sums.case_count, sums.share, _arcsine(sums.share or 0.0), _sigma(sums, rho))
        for week, sums in ordered
    ]
    return _limited(placed, chosen, _Baseline(share, _arcsine(share), _sigma(base, rho)), _share_at)


def mean_chart(weeks: Sequence[tuple[date, MeanSums]], start: date | None = None) -> ControlChart:
    """An X-bar chart of the cases' means, for weeks with different numbers of cases.

    Montgomery 2019, Introduction to Statistical Quality Control, section 6.3.2, with the case as
    the unit; the deviation between cases is that of the whole baseline, and Laney's factor and
    the baseline's own error widen the limits as in `proportion_chart`.
    """
    ordered = sorted(weeks, key=lambda item: item[0])
    chosen = baseline_weeks([(week, sums.case_count) for week, sums in ordered], start)
    base = sum((sums for week, sums in ordered if week in chosen), MeanSums())
    if base.mean is None or not base.deviation:
        return chart_without_limits([(week, sums.case_count, sums.mean) for week, sums in ordered])
    deviation = base.deviation
    placed = [
        _Placed(week, n, sums.mean, sums.mean or 0.0, deviation / math.sqrt(max(n, 1)))
        for week, sums in ordered
        for n in (sums.case_count,)
    ]
    baseline = _Baseline(base.mean, base.mean, deviation / math.sqrt(base.case_count))
    return _limited(placed, chosen, baseline, lambda place: place)


@dataclass(frozen=True)
class _Placed:
    """A week on the scale that limits are drawn on, and how far chance may move it there."""

    week: date
    case_count: int
    value: float | None
    place: float
    sigma: float

    @property
    def is_judged(self) -> bool:
        return self.value is not None and self.case_count >= FEWEST_CASES


@dataclass(frozen=True)
class _Baseline:
    """What was measured, where that lies on the scale, and its own error there."""

    value: float
    place: float
    sigma: float


def _limited(
    placed: Sequence[_Placed],
    chosen: set[date],
    base: _Baseline,
    value_at: Callable[[float], float],
) -> ControlChart:
    """Limits for each week and what the weeks after the baseline tell together."""
    factor = _laney_factor(
        [(item.place - base.place) / item.sigma for item in placed if item.week in chosen]
    )
    later = [item for item in placed if item.is_judged and item.week > max(chosen)]
    tendencies = running_tendency(
        Departure(item.place - base.place, factor * item.sigma, factor * base.sigma)
        for item in later
    )
    told = dict(zip((item.week for item in later), tendencies, strict=True))
    points = []
    for item in placed:
        reach = SIGMAS * factor * math.hypot(item.sigma, base.sigma)
        limits = (value_at(base.place - reach), value_at(base.place + reach))
        point = chart_point(
            item.week, item.case_count, item.value, limits, is_baseline=item.week in chosen
        )
        points.append(_with_tendency(point, told.get(item.week)))
    return ControlChart(tuple(points), base.value, (min(chosen), max(chosen)), factor)


def _sigma(sums: CountSums, rho: float) -> float:
    """Standard deviation of the arcsine of a week's root share; 1 of nothing, which is not told."""
    if not sums.total:
        return 1.0
    inflated = sums.total + rho * (sums.total_squares - sums.total)
    return math.sqrt(inflated) / sums.total / 2


def _arcsine(share: float) -> float:
    return math.asin(math.sqrt(min(max(share, 0.0), 1.0)))


def _share_at(angle: float) -> float:
    return math.sin(min(max(angle, 0.0), math.pi / 2)) ** 2


def _laney_factor(distances: Sequence[float]) -> float:
    ranges = [abs(after - before) for before, after in pairwise(distances)]
    if not ranges:
        return 1.0
    return max(1.0, sum(ranges) / len(ranges) / _MEAN_RANGE_OF_TWO)


def chart_point(
    week: date,
    cases: int,
    value: float | None,
    limits: tuple[float, float],
    *,
    is_baseline: bool,
) -> ChartPoint:
    """A week held against its limits, if it has cases enough."""
    if value is None or cases < FEWEST_CASES:
        return ChartPoint(week, cases, value, None, None, Standing.FEW_CASES, is_baseline)
    low, high = limits
    standing = Standing.INSIDE
    if value > high:
        standing = Standing.HIGH
    elif value < low:
        standing = Standing.LOW
    return ChartPoint(week, cases, value, low, high, standing, is_baseline)


def _with_tendency(point: ChartPoint, tendency: float | None) -> ChartPoint:
    standing = point.standing
    if tendency is not None and standing is Standing.INSIDE and abs(tendency) > REACH:
        standing = Standing.RISING if tendency > 0 else Standing.FALLING
    return replace(point, standing=standing, tendency=tendency)


def chart_without_limits(weeks: Sequence[tuple[date, int, float | None]]) -> ControlChart:
    """Weeks that nothing is known to hold against: Monday, cases, value."""
    return ControlChart(
        tuple(
            ChartPoint(week, cases, value, None, None, Standing.NO_LIMITS)
            for week, cases, value in weeks
        )
    )
