"""Moves that are small and last: what the weeks after a baseline tell together.

An exponentially weighted moving average (Roberts 1959, Technometrics 1:239) of how far each week
lies from the baseline. A week by itself shows a doubled rate seldom, and a halved one hardly ever:
`docs/statistics.md` has the simulation.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

WEIGHT = 0.2
"""Of the latest week; of those before it, 0.8 of what they had."""
REACH = 2.962
"""Sigmas: with this weight, 500 weeks on average between false alarms where the weeks are normal
and the baseline is known (Lucas and Saccucci 1990, Technometrics 32:1)."""


@dataclass(frozen=True)
class Departure:
    """How far a week lies from the baseline, all in one unit.

    Parameters
    ----------
    sigma
        How far it may lie by the chance of its own cases.
    baseline_sigma
        By the baseline's own error, which is the same for every week.
    """

    value: float
    sigma: float
    baseline_sigma: float


def running_tendency(weeks: Iterable[Departure]) -> list[float]:
    """The average after each week, in its own standard deviations.

    The weeks err independently, so their part of the variance fades; the baseline's error is
    shared by all of them and does not.
    """
    average = variance = shared = 0.0
    found = []
    for item in weeks:
        average += WEIGHT * (item.value / item.sigma - average)
        variance = (1 - WEIGHT) ** 2 * variance + WEIGHT**2
        shared += WEIGHT * (item.baseline_sigma / item.sigma - shared)
        found.append(average / math.hypot(math.sqrt(variance), shared))
    return found
