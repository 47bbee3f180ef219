"""Control charts for weeks of cases: limits that know that the cells of a case are alike.

Binomial limits on cells would alarm nearly every second week, because patients differ far more
from one another than chance lets cells differ: `docs/statistics.md` has the simulation. So the
case is the unit that varies here, and the limits come from a baseline of weeks that is named.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from app.domain.case_sums import CountSums, MeanSums, correlation_within

BASELINE_WEEKS = 12
"""Weeks with enough cases that a baseline is made of."""
FEWEST_CASES = 5
"""Cases that a week needs to be part of a baseline, or to be held against one."""
FEWEST_EVENTS = 10
"""Counted cells, and others, that a baseline of a proportion needs."""
SIGMAS = 3.0
# Mean of the range of two normal values, in their standard deviation.
_MEAN_RANGE_OF_TWO = 1.128
# 99.865 % point of the standard normal: one tail beyond three sigmas.
_Z_LIMIT = 3.0


class Standing(StrEnum):
    """How a week stands to the limits."""

    INSIDE = "inside"
    HIGH = "high"
    LOW = "low"
    FEW_CASES = "few_cases"
    """Too few cases in the week to be held against limits."""
    NO_LIMITS = "no_limits"
    """Too little came before to draw limits from."""


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
    """

    week: date
    case_count: int
    value: float | None
    low: float | None
    high: float | None
    standing: Standing
    is_baseline: bool = False


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
    """

    points: tuple[ChartPoint, ...]
    centre: float | None = None
    baseline: tuple[date, date] | None = None
    factor: float = 1.0

    @property
    def alarms(self) -> tuple[ChartPoint, ...]:
        """Weeks beyond a limit."""
        return tuple(
            point for point in self.points if point.standing in {Standing.HIGH, Standing.LOW}
        )


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
        return _without_limits([(week, sums.case_count, sums.share) for week, sums in ordered])
    share, rho = base.count / base.total, correlation_within(base)
    centre = _arcsine(share)

    def distance(sums: CountSums) -> float:
        return (_arcsine(sums.count / sums.total) - centre) / _sigma(sums, rho)

    factor = _laney_factor([distance(sums) for week, sums in ordered if week in chosen])
    points = []
    for week, sums in ordered:
        spread = math.hypot(_sigma(sums, rho), _sigma(base, rho)) if sums.total else 0.0
        reach = SIGMAS * factor * spread
        limits = (_share_at(centre - reach), _share_at(centre + reach))
        points.append(_point(week, sums.case_count, sums.share, limits, is_baseline=week in chosen))
    return ControlChart(tuple(points), share, (min(chosen), max(chosen)), factor)


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
        return _without_limits([(week, sums.case_count, sums.mean) for week, sums in ordered])
    centre, deviation = base.mean, base.deviation
    factor = _laney_factor(
        [
            ((sums.mean or 0.0) - centre) / (deviation / math.sqrt(sums.case_count))
            for week, sums in ordered
            if week in chosen
        ]
    )
    points = []
    for week, sums in ordered:
        variance = 1 / max(sums.case_count, 1) + 1 / base.case_count
        reach = SIGMAS * factor * deviation * math.sqrt(variance)
        limits = (centre - reach, centre + reach)
        points.append(_point(week, sums.case_count, sums.mean, limits, is_baseline=week in chosen))
    return ControlChart(tuple(points), centre, (min(chosen), max(chosen)), factor)


@dataclass(frozen=True)
class Scatter:
    """How the vectors of a baseline's cases lie around their mean.

    Parameters
    ----------
    trace
        Of their covariance: the mean squared distance from the mean.
    trace_of_square
        Of the covariance's square.
    """

    case_count: int
    trace: float
    trace_of_square: float


def distance_chart(
    weeks: Sequence[tuple[date, int, float]], chosen: set[date], scatter: Scatter
) -> ControlChart:
    """A one-sided chart of how far the mean of a week's vectors lies from the baseline's.

    Without drift the squared distance is a quadratic form of nearly normal means, so about a
    multiple of a chi-squared value (Box 1954, Ann Math Stat 25:290), as for the residuals of a
    process with many variables (Nomikos and MacGregor 1995, Technometrics 37:41).

    Parameters
    ----------
    weeks
        Week, cases, and the Euclidean distance of their mean from the baseline's mean.
    chosen
        The baseline's weeks; empty: no limits.
    """
    ordered = sorted(weeks)
    if not chosen or scatter.trace <= 0 or scatter.trace_of_square <= 0:
        return _without_limits(ordered)
    points = []
    for week, cases, distance in ordered:
        # A week of the baseline pulls its mean towards itself; the others have its error on top.
        sign = -1 if week in chosen else 1
        variance = max(1 / max(cases, 1) + sign / scatter.case_count, 0.0)
        high = math.sqrt(variance * _quadratic_limit(scatter))
        points.append(_point(week, cases, distance, (0.0, high), is_baseline=week in chosen))
    return ControlChart(tuple(points), 0.0, (min(chosen), max(chosen)))


def _sigma(sums: CountSums, rho: float) -> float:
    """Standard deviation of the arcsine of a week's root share."""
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


def _quadratic_limit(scatter: Scatter) -> float:
    """The 99.865 % point of one case's squared distance from the mean, without drift."""
    scale = scatter.trace_of_square / scatter.trace
    freedom = scatter.trace**2 / scatter.trace_of_square
    # Wilson and Hilferty 1931 (PNAS 17:684): the cube root of a chi-squared value is near normal.
    ninth = 2 / (9 * freedom)
    return scale * freedom * (1 - ninth + _Z_LIMIT * math.sqrt(ninth)) ** 3


def _point(
    week: date,
    cases: int,
    value: float | None,
    limits: tuple[float, float],
    *,
    is_baseline: bool,
) -> ChartPoint:
    if value is None or cases < FEWEST_CASES:
        return ChartPoint(week, cases, value, None, None, Standing.FEW_CASES, is_baseline)
    low, high = limits
    standing = Standing.INSIDE
    if value > high:
        standing = Standing.HIGH
    elif value < low:
        standing = Standing.LOW
    return ChartPoint(week, cases, value, low, high, standing, is_baseline)


def _without_limits(weeks: Sequence[tuple[date, int, float | None]]) -> ControlChart:
    return ControlChart(
        tuple(
            ChartPoint(week, cases, value, None, None, Standing.NO_LIMITS)
            for week, cases, value in weeks
        )
    )
