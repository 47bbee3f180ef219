"""Simulated laboratories: weeks of cases, some of them after the rate has moved."""

import math
from datetime import date, timedelta

import numpy as np

from app.domain.case_sums import CountSums
from app.domain.control_chart import ALARMS, BASELINE_WEEKS, Standing, proportion_chart

# The periods of four weeks begin here, too.
MONDAY = date(2024, 1, 1)
LATER_WEEKS = 8
FIRST_SEED = 7


def week(number):
    return MONDAY + timedelta(weeks=number)


def patients(rng, cases, shift=0.0):
    """(x, n) of each case: one patient in ten shows many abnormal cells, the others few.

    Shares are beta-distributed with means 0.15 and 0.025, as in the published groups; 60 to 260
    PMN a case.
    """
    many = rng.random(cases) < 0.1
    share = rng.beta(np.where(many, 1.5, 0.9), np.where(many, 8.5, 35))
    if shift:
        odds = share / (1 - share) * math.exp(shift)
        share = odds / (1 + odds)
    total = rng.integers(60, 260, cases)
    return list(zip(rng.binomial(total, share).tolist(), total.tolist(), strict=True))


def laboratory(rng, a_point, shift=0.0, later=LATER_WEEKS):
    """A baseline and some points after it, which are shifted."""
    return [
        (
            week(number),
            CountSums.of(
                patients(
                    rng,
                    max(1, rng.poisson(a_point)),
                    shift if number >= BASELINE_WEEKS else 0.0,
                )
            ),
        )
        for number in range(BASELINE_WEEKS + later)
    ]


def laboratories(count, a_point, shift=0.0, later=LATER_WEEKS):
    """How the points after the baseline stand, for each laboratory that has limits."""
    rng = np.random.default_rng(FIRST_SEED)
    charts = (proportion_chart(laboratory(rng, a_point, shift, later)) for _ in range(count))
    return [
        [point.standing for point in chart.points[BASELINE_WEEKS:]]
        for chart in charts
        if chart.baseline
    ]


def alarms_of(standings, wanted=ALARMS):
    """Share of the judged points with an alarm, and of the laboratories with any."""
    judged = [[item for item in points if item is not Standing.FEW_CASES] for points in standings]
    flat = [item in wanted for points in judged for item in points]
    return sum(flat) / len(flat), sum(
        any(item in wanted for item in points) for points in judged
    ) / len(judged)
