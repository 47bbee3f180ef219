"""How many weeks one point of a chart takes: a small laboratory's weeks have too few cases."""

from collections.abc import Sequence
from datetime import date, timedelta

from app.domain.control_chart import BASELINE_WEEKS, FEWEST_CASES

LONG_PERIOD = 4
"""Weeks of a point where single weeks have too few cases."""
TRIED_WEEKS = 24
"""The first weeks of a series, which decide; what they decide never changes later."""
# A Monday: periods begin at the same weeks for everybody, and never move.
_FIRST_MONDAY = date(2024, 1, 1)


def weeks_each(
    case_counts: Sequence[tuple[date, int]], start: date | None = None, undecided: int = 1
) -> int:
    """1, or 4 where fewer than 12 of the first 24 weeks have the cases that a baseline needs.

    Parameters
    ----------
    case_counts
        Monday and number of cases, of the weeks that have any.
    start
        First day of the baseline; None: of the series.
    undecided
        What it is while the first 24 weeks are not over: that of the bundle before.
    """
    known = sorted(item for item in case_counts if start is None or item[0] >= start)
    if not known:
        return undecided
    end = known[0][0] + timedelta(weeks=TRIED_WEEKS)
    if known[-1][0] < end:
        return undecided
    enough = sum(cases >= FEWEST_CASES for week, cases in known if week < end)
    return 1 if enough >= BASELINE_WEEKS else LONG_PERIOD


def period_of(week: date, weeks: int) -> date:
    """The first Monday of the period that a week belongs to."""
    return week - timedelta(weeks=(week - _FIRST_MONDAY).days // 7 % weeks)
