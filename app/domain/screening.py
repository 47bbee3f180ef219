"""The screening score: from the four proportions to one of three recommendations."""

import math
import operator
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.domain.abnormality import Abnormality
from app.domain.errors import BundleRefused
from app.domain.finding import Tally

RULE_FORMAT = 1
RESAMPLES = 1000
NORMAL_FROM_VARIANCE = 25


class Basis(StrEnum):
    """On whom a screening rule was fitted."""

    SIMULATED = "simulated"
    PATIENTS = "patients"

    @property
    def notice(self) -> str | None:
        """What every report that uses such a rule must say."""
        if self is Basis.SIMULATED:
            return "Demonstration weights, not fitted on patients."
        return None


class Recommendation(StrEnum):
    """The three outcomes; a clean smear never rules VEXAS out (Lacombe 2024, PMID 38302223)."""

    TEST_UBA1 = "test_uba1"
    NOT_RAISED_BY_SMEAR = "not_raised_by_smear"
    INSUFFICIENT_CELLS = "insufficient_cells"

    @property
    def wording(self) -> str:
        """The outcome as the report words it."""
        return _RECOMMENDATION_TITLES[self]


_RECOMMENDATION_TITLES = {
    Recommendation.TEST_UBA1: "UBA1 testing recommended",
    Recommendation.NOT_RAISED_BY_SMEAR: "Not raised by the smear: test if the clinic suggests it",
    Recommendation.INSUFFICIENT_CELLS: "Too few cells to say",
}


@dataclass(frozen=True)
class ScreeningRule:
    """A logistic rule over the four apparent proportions.

    Parameters
    ----------
    coefficients
        Log-odds per unit of proportion (0-1).
    reference_proportions
        The controls' means, 0-1: contributions are shown as the distance from them.
    cut_off
        On the score, 0-1.
    minimum_cells
        PMN below which there is no score.
    advised_cells
        PMN below which the report warns.
    """

    name: str
    basis: Basis
    intercept: float
    coefficients: Mapping[Abnormality, float]
    reference_proportions: Mapping[Abnormality, float]
    cut_off: float
    minimum_cells: int
    advised_cells: int
    cohort_description: str


@dataclass(frozen=True)
class Contribution:
    """What one abnormality adds to the score, in log-odds against the controls' mean."""

    label: Abnormality
    log_odds: float


@dataclass(frozen=True)
class ScreeningScore:
    """The score of one case.

    Parameters
    ----------
    value, interval_low, interval_high
        0-1; it ranks cases and is not a probability of VEXAS. The interval is the 95 %
        percentile bootstrap over the cells that were read; it holds the chance of which cells
        were read, not the classifier's error.
    baseline_log_odds
        The linear predictor at the controls' mean proportions; with the contributions it adds
        up to the log-odds of `value`.
    """

    value: float
    interval_low: float
    interval_high: float
    cut_off: float
    baseline_log_odds: float
    contributions: tuple[Contribution, ...]
    cell_count: int


def logistic(log_odds: float) -> float:
    """1 / (1 + exp(-x)), without overflow."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    power = math.exp(log_odds)
    return power / (1 + power)


def screen(tally: Tally, rule: ScreeningRule, *, seed: int = 0) -> ScreeningScore | None:
    """Score a case; None where fewer PMN were counted than the rule needs.

    The same tally, rule and seed give the same score to the last digit.
    """
    if tally.pmn_count < max(1, rule.minimum_cells):
        return None
    proportions = {label: tally.proportion(label).value or 0.0 for label in Abnormality}
    value = logistic(_log_odds(proportions, rule))
    low, high = _bootstrap_interval(tally, rule, random.Random(seed))  # noqa: S311 - no secret
    return ScreeningScore(
        value=value,
        # Where nothing was seen the posterior lies above it; the interval starts at what was seen.
        interval_low=min(low, value),
        interval_high=max(high, value),
        cut_off=rule.cut_off,
        baseline_log_odds=_log_odds(rule.reference_proportions, rule),
        contributions=tuple(
            Contribution(
                label,
                rule.coefficients[label] * (proportions[label] - rule.reference_proportions[label]),
            )
            for label in Abnormality
        ),
        cell_count=tally.pmn_count,
    )


def recommend(score: ScreeningScore | None) -> Recommendation:
    """Recommend UBA1 sequencing once enough cells support a score."""
    if score is None:
        return Recommendation.INSUFFICIENT_CELLS
    if score.value >= score.cut_off:
        return Recommendation.TEST_UBA1
    return Recommendation.NOT_RAISED_BY_SMEAR


def _log_odds(proportions: Mapping[Abnormality, float], rule: ScreeningRule) -> float:
    return rule.intercept + sum(
        rule.coefficients[label] * proportions[label] for label in Abnormality
    )


def _bootstrap_interval(
    tally: Tally, rule: ScreeningRule, rng: random.Random
) -> tuple[float, float]:
    """Resample the counted cells with replacement, as whole cells: their labels go together.

    The counts of the patterns are drawn, not the cells: at most 16, however many cells there are.
    """
    number = tally.pmn_count
    patterns = list(tally.patterns)
    weights = [tally.patterns[pattern] for pattern in patterns]
    per_cell = [sum(rule.coefficients[label] for label in pattern) for pattern in patterns]
    # A count of none (or all) has no spread among the cells seen, so a resample of them would
    # call it certain. Its proportion is drawn from the Jeffreys posterior instead.
    one_sided = [label for label in Abnormality if tally.proportion(label).count in (0, number)]
    scores = []
    for _ in range(RESAMPLES):
        counts = _multinomial(weights, rng)
        log_odds = rule.intercept + sum(map(operator.mul, counts, per_cell)) / number
        for label in one_sided:
            count = tally.proportion(label).count
            drawn = rng.betavariate(count + 0.5, number - count + 0.5)
            log_odds += rule.coefficients[label] * (drawn - count / number)
        scores.append(logistic(log_odds))
    scores.sort()
    return scores[round(0.025 * (RESAMPLES - 1))], scores[round(0.975 * (RESAMPLES - 1))]


def _multinomial(weights: Sequence[int], rng: random.Random) -> list[int]:
    """Counts of as many draws as the weights sum to: each binomial, given those before it."""
    left, weight_left = sum(weights), sum(weights)
    counts = []
    for weight in weights:
        drawn = _binomial(left, weight / weight_left, rng) if weight_left else 0
        counts.append(drawn)
        left -= drawn
        weight_left -= weight
    return counts


def _binomial(number: int, share: float, rng: random.Random) -> int:
    """Successes among so many tries; exact where they are few, else a rounded normal.

    From a variance of 25 on, the rounded normal's distribution function is within 0.014 of the
    exact one at every count: less than 1,000 resamples can tell.
    """
    if share > 1 - share:
        return number - _binomial(number, 1 - share, rng)
    if share <= 0 or number == 0:
        return 0
    variance = number * share * (1 - share)
    if variance > NORMAL_FROM_VARIANCE:
        drawn = round(rng.gauss(number * share, math.sqrt(variance)))
        return min(max(drawn, 0), number)
    # Walk up the distribution function. The first term is at least exp(-70): no underflow.
    term, count, rest = math.exp(number * math.log1p(-share)), 0, rng.random()
    while rest > term and count < number:
        rest -= term
        term *= (number - count) / (count + 1) * share / (1 - share)
        count += 1
    return count


def parse_rule(content: Mapping[str, Any]) -> ScreeningRule:
    """Check the JSON content of `screening.json`.

    Raises
    ------
    BundleRefused
        With a sentence that names the field.
    """
    if content.get("format") != RULE_FORMAT:
        raise BundleRefused(
            f"screening.json: format is {content.get('format')!r}, this version reads "
            f"{RULE_FORMAT}. Fit the rule again."
        )
    try:
        rule = _from_content(content)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleRefused(
            f"screening.json: {error!r} is missing or of the wrong kind."
        ) from error
    numbers = [rule.intercept, *rule.coefficients.values(), *rule.reference_proportions.values()]
    if not 0 < rule.cut_off < 1 or not all(map(math.isfinite, numbers)):
        raise BundleRefused("screening.json: cut_off must lie between 0 and 1, numbers be finite.")
    if not 1 <= rule.minimum_cells <= rule.advised_cells:
        raise BundleRefused("screening.json: needs 1 <= minimum_cells <= advised_cells.")
    return rule


def _from_content(content: Mapping[str, Any]) -> ScreeningRule:
    return ScreeningRule(
        name=str(content["name"]),
        basis=Basis(content["basis"]),
        intercept=float(content["intercept"]),
        coefficients={label: float(content["coefficients"][label]) for label in Abnormality},
        reference_proportions={
            label: float(content["reference_proportions"][label]) for label in Abnormality
        },
        cut_off=float(content["cut_off"]),
        minimum_cells=int(content["minimum_cells"]),
        advised_cells=int(content["advised_cells"]),
        cohort_description=str(content["cohort"]["description"]),
    )
