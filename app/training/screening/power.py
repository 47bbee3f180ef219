"""How many PMN a patient needs, by simulation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from app.domain.abnormality import Abnormality
from app.domain.screening import ScreeningRule
from app.training.screening.cohort import Array, Flags
from app.training.screening.correction import entering
from app.training.screening.performance import areas
from app.training.screening.population import Population

CELLS = (25, 50, 75, 100, 150, 200, 300, 400, 500)
MEASURES = ("auc", "sensitivity", "specificity", "changed")
TOLERATED_CHANGE = 0.05

_Z_95 = 1.959964
_ENDS = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """The mean over the simulated cohorts, 0-1.

    Parameters
    ----------
    low, high
        95 % interval of that mean: how exact the simulation is.
    spread_low, spread_high
        Between them lie 95 % of the cohorts: what one study of this size may find.
    """

    value: float
    low: float
    high: float
    spread_low: float
    spread_high: float


@dataclass(frozen=True)
class PowerRow:
    """Accuracy with so many PMN a patient.

    `changed` is the share of patients who get another recommendation than with endless cells.
    """

    cells: int
    auc: Estimate
    sensitivity: Estimate
    specificity: Estimate
    changed: Estimate


def simulate_power(
    rule: ScreeningRule,
    population: Population,
    cells: Sequence[int] = CELLS,
    cohorts: int = 200,
    seed: int = 0,
    tick: Callable[[], None] = lambda: None,
) -> list[PowerRow]:
    """Draw cohorts, read each patient's cells one after another, and score after each number.

    The rule's minimum of cells does not apply: the rows below it show why there is one.
    """
    rng = np.random.default_rng(seed)
    ordered = sorted(set(cells))
    found = np.zeros((cohorts, len(MEASURES), len(ordered)))
    for index in range(cohorts):
        shares, positive = population.draw(rng)
        found[index] = _measured(rule, shares, positive, ordered, rng)
        tick()
    rows = np.moveaxis(found, 2, 0)
    return [
        PowerRow(number, *(_estimate(row[:, column]) for column in range(len(MEASURES))))
        for number, row in zip(ordered, rows, strict=True)
    ]


def _measured(
    rule: ScreeningRule,
    shares: Array,
    positive: Flags,
    cells: Sequence[int],
    rng: np.random.Generator,
) -> Array:
    """(4, sizes): the measures of one cohort for each number of cells."""
    steps = np.diff([0, *cells])
    read = np.cumsum([rng.binomial(int(step), np.clip(shares, 0, 1)) for step in steps], axis=0)
    log_odds = _log_odds(rule, read / np.array(cells)[:, None, None])
    called, settled = _called(rule, log_odds), _called(rule, _log_odds(rule, shares))
    return np.array(
        [
            areas(log_odds, positive),
            called[:, positive].mean(axis=1),
            (~called[:, ~positive]).mean(axis=1),
            (called != settled).mean(axis=1),
        ]
    )


def _log_odds(rule: ScreeningRule, apparent: Array) -> Array:
    """(...) from (..., 4), as `app.domain.screening.screen` computes it."""
    weights = np.array([rule.coefficients[label] for label in Abnormality])
    return np.asarray(rule.intercept + entering(apparent, rule.correction) @ weights)


def _called(rule: ScreeningRule, log_odds: Array) -> Flags:
    return np.asarray(expit(log_odds) >= rule.cut_off)


def _estimate(values: Array) -> Estimate:
    mean = float(values.mean())
    half = _Z_95 * float(values.std(ddof=1)) / np.sqrt(len(values))
    low, high = np.percentile(values, _ENDS)
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half), float(low), float(high))


def advice(rows: Sequence[PowerRow]) -> str:
    """From how many PMN on the recommendation hardly changes any more."""
    enough = next((row.cells for row in rows if row.changed.high < TOLERATED_CHANGE), None)
    limit = f"fewer than {TOLERATED_CHANGE:.0%} of the patients get another recommendation than"
    if enough is None:
        last = rows[-1]
        return (
            f"Even with {last.cells} PMN, {last.changed.value:.1%} of the patients get another "
            "recommendation than with endless cells."
        )
    return f"From {enough} PMN on, {limit} with endless cells."


def power_content(rows: Sequence[PowerRow], **facts: Any) -> dict[str, Any]:
    """The JSON form."""
    return {
        **facts,
        "advice": advice(rows),
        "rows": [
            {"cells": row.cells, **{name: _rounded(getattr(row, name)) for name in MEASURES}}
            for row in rows
        ],
    }


def _rounded(estimate: Estimate) -> dict[str, Any]:
    return {
        "value": round(estimate.value, 4),
        "interval_95_of_the_simulation": [round(estimate.low, 4), round(estimate.high, 4)],
        "middle_95_of_cohorts": [round(estimate.spread_low, 4), round(estimate.spread_high, 4)],
    }
