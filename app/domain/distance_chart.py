"""A control chart of how far the mean of a week's embeddings lies from the baseline's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.control_chart import ControlChart, chart_point, chart_without_limits

# 99.865 % point of the standard normal: one tail beyond three sigmas.
_Z_LIMIT = 3.0


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
        return chart_without_limits(ordered)
    points = []
    for week, cases, distance in ordered:
        # A week of the baseline pulls its mean towards itself; the others have its error on top.
        sign = -1 if week in chosen else 1
        variance = max(1 / max(cases, 1) + sign / scatter.case_count, 0.0)
        high = math.sqrt(variance * _quadratic_limit(scatter))
        points.append(chart_point(week, cases, distance, (0.0, high), is_baseline=week in chosen))
    return ControlChart(tuple(points), 0.0, (min(chosen), max(chosen)))


def _quadratic_limit(scatter: Scatter) -> float:
    """The 99.865 % point of one case's squared distance from the mean, without drift."""
    scale = scatter.trace_of_square / scatter.trace
    freedom = scatter.trace**2 / scatter.trace_of_square
    # Wilson and Hilferty 1931 (PNAS 17:684): the cube root of a chi-squared value is near normal.
    ninth = 2 / (9 * freedom)
    return scale * freedom * (1 - ninth + _Z_LIMIT * math.sqrt(ninth)) ** 3
