"""The screening score: from the four proportions to one of three recommendations."""

import math
import operator
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from app.domain.abnormality import Abnormality
from app.domain.classifier_error import ClassifierError, parse_classifier_errors
from app.domain.errors import BundleRefused, InvalidInput
from app.domain.finding import Tally
from app.domain.message import message
from app.domain.proportion import Proportion
from app.domain.reference import ReferenceGroup, parse_reference
from app.domain.resampling import multinomial

RULE_FORMAT, CORRECTED_RULE_FORMAT = 1, 2
"""A rule with a correction has a format of its own: a version that does not know the correction
must refuse it, not compute another score."""
RESAMPLES = 1000
# A float has no more that mean anything.
_MOST_DECIMALS = 17


class Basis(StrEnum):
    """On whom a screening rule was fitted."""

    SIMULATED = "simulated"
    PATIENTS = "patients"

    @property
    def notice(self) -> str | None:
        """What every report that uses such a rule must say."""
        if self is Basis.SIMULATED:
            return message("Demonstration weights, not fitted on patients.")
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
    Recommendation.TEST_UBA1: message("UBA1 testing recommended"),
    Recommendation.NOT_RAISED_BY_SMEAR: message(
        "Not raised by the smear: test if the clinic suggests it"
    ),
    Recommendation.INSUFFICIENT_CELLS: message("Too few cells to say"),
}


@dataclass(frozen=True)
class ScreeningRule:
    """A logistic rule over the four proportions, apparent or corrected.

    Parameters
    ----------
    coefficients
        Log-odds per unit of proportion (0-1).
    reference_proportions
        The controls' means of what enters the score, 0-1: contributions are shown as the
        distance from them.
    cut_off
        On the score, 0-1.
    minimum_cells
        PMN below which there is no score.
    advised_cells
        PMN below which the report warns.
    correction
        The classifier's error on each abnormality: the score is then computed on proportions
        that are corrected for it. None: on the apparent ones.
    apparent_reference_proportions
        With a correction, the controls' mean apparent proportions; else the same as
        `reference_proportions`.
    reference
        The groups of the cohort with the distributions of their proportions, those to be found
        first; none where the rule was written without them.
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
    apparent_reference_proportions: Mapping[Abnormality, float]
    correction: Mapping[Abnormality, ClassifierError] | None = None
    reference: tuple[ReferenceGroup, ...] = ()

    def log_odds(self, entering: Mapping[Abnormality, float]) -> float:
        """The linear predictor, from what enters the score for each abnormality (0-1)."""
        return self.intercept + sum(
            self.coefficients[label] * entering[label] for label in Abnormality
        )

    def entering(self, label: Abnormality, apparent: float) -> float:
        """What enters the score where the classifier called so many of the cells, both 0-1."""
        return apparent if self.correction is None else self.correction[label].corrected(apparent)

    def entering_both(
        self, label: Abnormality, apparent: float, reviewed: float, reviewed_share: float
    ) -> float:
        """What enters the score where a reader has looked at some of the cells; all 0-1.

        The correction is for the classifier's error: it holds for the cells that the classifier
        alone has read. What a reader says enters as it is.

        Parameters
        ----------
        apparent, reviewed
            Share with the abnormality among the cells that only the classifier has read, and
            among those that a reader has looked at.
        reviewed_share
            Share of the cells that a reader has looked at.
        """
        if reviewed_share == 0:
            return self.entering(label, apparent)
        if reviewed_share == 1:
            return reviewed
        rest = 1 - reviewed_share
        return reviewed_share * reviewed + rest * self.entering(label, apparent)


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

    def decimals(self, least: int) -> int:
        """How many it takes, at least `least`, to tell a score below its cut-off from that."""
        for decimals in range(least, _MOST_DECIMALS):
            value, cut_off = round(self.value, decimals), round(self.cut_off, decimals)
            if (value >= cut_off) == (self.value >= self.cut_off):
                return decimals
        return _MOST_DECIMALS


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
    value = score_value(tally, rule)
    if value is None:
        return None
    proportions = {label: entering_score(tally, rule, label) for label in Abnormality}
    low, high = _bootstrap_interval(tally, rule, random.Random(seed))  # noqa: S311 - no secret
    return ScreeningScore(
        value=value,
        # Where nothing was seen the posterior lies above it; the interval starts at what was seen.
        interval_low=min(low, value),
        interval_high=max(high, value),
        cut_off=rule.cut_off,
        baseline_log_odds=rule.log_odds(rule.reference_proportions),
        contributions=tuple(
            Contribution(
                label,
                rule.coefficients[label] * (proportions[label] - rule.reference_proportions[label]),
            )
            for label in Abnormality
        ),
        cell_count=tally.pmn_count,
    )


def entering_score(
    tally: Tally,
    rule: ScreeningRule,
    label: Abnormality,
    *,
    shift: float = 0.0,
    change: int = 0,
    reviewed_change: int = 0,
) -> float:
    """What a tally puts into the score for one abnormality, 0-1.

    Parameters
    ----------
    shift
        Added to the shares that were counted (then held within 0-1) before anything is corrected:
        so the ends of an interval are led through the same sum.
    change, reviewed_change
        As if so many cells more (fewer where negative) had been called, of those that only the
        classifier has read, and of those that a reader has looked at.
    """
    whole, looked_at = tally.proportion(label), tally.reviewed_proportion(label)
    rest = Proportion(whole.count - looked_at.count, whole.total - looked_at.total)
    return rule.entering_both(
        label,
        min(max(_share(rest.count + change, rest.total) + shift, 0.0), 1.0),
        min(max(_share(looked_at.count + reviewed_change, looked_at.total) + shift, 0.0), 1.0),
        _share(looked_at.total, whole.total),
    )


def score_value(tally: Tally, rule: ScreeningRule) -> float | None:
    """The score alone, 0-1, without its interval, which takes most of the time of `screen`."""
    if tally.pmn_count < max(1, rule.minimum_cells):
        return None
    entering = {label: entering_score(tally, rule, label) for label in Abnormality}
    return logistic(rule.log_odds(entering))


def recommend(score: ScreeningScore | None) -> Recommendation:
    """Recommend UBA1 sequencing once enough cells support a score."""
    return (
        Recommendation.INSUFFICIENT_CELLS if score is None else advise(score.value, score.cut_off)
    )


def advise(score: float | None, cut_off: float) -> Recommendation:
    """What follows from the value of a score; None: too few cells for one."""
    if score is None:
        return Recommendation.INSUFFICIENT_CELLS
    if score >= cut_off:
        return Recommendation.TEST_UBA1
    return Recommendation.NOT_RAISED_BY_SMEAR


def _bootstrap_interval(
    tally: Tally, rule: ScreeningRule, rng: random.Random
) -> tuple[float, float]:
    """Resample the counted cells with replacement, as whole cells: their labels go together.

    The counts of the patterns are drawn, not the cells: at most 16, however many cells there are.
    """
    resampled = _resampled if rule.correction is None else _resampled_and_corrected
    scores = sorted(map(logistic, resampled(tally, rule, rng)))
    return scores[round(0.025 * (RESAMPLES - 1))], scores[round(0.975 * (RESAMPLES - 1))]


def _one_sided(tally: Tally) -> list[Abnormality]:
    """Abnormalities that no cell, or every cell, shows.

    Such a count has no spread among the cells seen, so a resample of them would call it certain.
    Its proportion is drawn from the Jeffreys posterior instead.
    """
    ends = (0, tally.pmn_count)
    return [label for label in Abnormality if tally.proportion(label).count in ends]


def _resampled(tally: Tally, rule: ScreeningRule, rng: random.Random) -> Iterator[float]:
    """Log-odds of resamples, from apparent proportions."""
    number = tally.pmn_count
    weights = list(tally.patterns.values())
    per_cell = [sum(rule.coefficients[label] for label in pattern) for pattern in tally.patterns]
    one_sided = _one_sided(tally)
    for _ in range(RESAMPLES):
        counts = multinomial(weights, rng)
        log_odds = rule.intercept + sum(map(operator.mul, counts, per_cell)) / number
        for label in one_sided:
            count = tally.proportion(label).count
            drawn = rng.betavariate(count + 0.5, number - count + 0.5)
            log_odds += rule.coefficients[label] * (drawn - count / number)
        yield log_odds


def _resampled_and_corrected(
    tally: Tally, rule: ScreeningRule, rng: random.Random
) -> Iterator[float]:
    """Log-odds of resamples, each corrected by itself: the correction is clipped, not linear.

    Cells that a reader has looked at and cells that only the classifier has read are drawn
    together, and the correction is made for the latter.
    """
    number = tally.pmn_count
    strata = _strata(tally)
    weights = [count for _, _, count in strata]
    showing = {label: [label in pattern for pattern, _, _ in strata] for label in Abnormality}
    looked_at = [is_reviewed for _, is_reviewed, _ in strata]
    one_sided = _one_sided(tally)
    for _ in range(RESAMPLES):
        counts = multinomial(weights, rng)
        reviewed = [count if seen else 0 for count, seen in zip(counts, looked_at, strict=True)]
        reviewed_number = sum(reviewed)
        entering = {}
        for label in Abnormality:
            in_all = sum(map(operator.mul, counts, showing[label]))
            in_reviewed = sum(map(operator.mul, reviewed, showing[label]))
            apparent = _share(in_all - in_reviewed, number - reviewed_number)
            read = _share(in_reviewed, reviewed_number)
            if label in one_sided:
                count = tally.proportion(label).count
                apparent = read = rng.betavariate(count + 0.5, number - count + 0.5)
            share = reviewed_number / number
            entering[label] = rule.entering_both(label, apparent, read, share)
        yield rule.log_odds(entering)


def _strata(tally: Tally) -> list[tuple[frozenset[Abnormality], bool, int]]:
    """Each pattern among the cells that only the classifier has read, then among the others."""
    unread = [
        (pattern, False, count - tally.reviewed_patterns.get(pattern, 0))
        for pattern, count in tally.patterns.items()
    ]
    read = [(pattern, True, count) for pattern, count in tally.reviewed_patterns.items()]
    return [stratum for stratum in (*unread, *read) if stratum[2]]


def _share(count: int, total: int) -> float:
    return count / total if total else 0.0


def parse_rule(content: Mapping[str, Any]) -> ScreeningRule:
    """Check the JSON content of `screening.json`.

    Raises
    ------
    BundleRefused
        With a sentence that names the field.
    """
    if content.get("format") not in {RULE_FORMAT, CORRECTED_RULE_FORMAT}:
        raise BundleRefused(
            f"screening.json: format is {content.get('format')!r}, this version reads "
            f"{RULE_FORMAT} and {CORRECTED_RULE_FORMAT}. Fit the rule again."
        )
    correction = _correction(content)
    try:
        rule = _from_content(content, correction)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleRefused(
            f"screening.json: {error!r} is missing or of the wrong kind."
        ) from error
    _check_numbers(rule)
    return replace(rule, reference=_reference(content["cohort"]))


def _reference(cohort: Mapping[str, Any]) -> tuple[ReferenceGroup, ...]:
    try:
        return parse_reference(cohort)
    except InvalidInput as error:
        raise BundleRefused(f"screening.json: {error}") from error


def _correction(content: Mapping[str, Any]) -> dict[Abnormality, ClassifierError] | None:
    if content["format"] == RULE_FORMAT:
        if "correction" in content:
            raise BundleRefused(
                f"screening.json: correction needs format {CORRECTED_RULE_FORMAT}, so that a "
                "version that does not know it refuses the rule."
            )
        return None
    try:
        return parse_classifier_errors(content.get("correction"), "correction")
    except InvalidInput as error:
        raise BundleRefused(f"screening.json: {error}") from error


def _check_numbers(rule: ScreeningRule) -> None:
    numbers = [
        rule.intercept,
        *rule.coefficients.values(),
        *rule.reference_proportions.values(),
        *rule.apparent_reference_proportions.values(),
    ]
    if not 0 < rule.cut_off < 1 or not all(map(math.isfinite, numbers)):
        raise BundleRefused("screening.json: cut_off must lie between 0 and 1, numbers be finite.")
    if not 1 <= rule.minimum_cells <= rule.advised_cells:
        raise BundleRefused("screening.json: needs 1 <= minimum_cells <= advised_cells.")


def _from_content(
    content: Mapping[str, Any], correction: dict[Abnormality, ClassifierError] | None
) -> ScreeningRule:
    apparent = "apparent_reference_proportions" if correction else "reference_proportions"
    return ScreeningRule(
        name=str(content["name"]),
        basis=Basis(content["basis"]),
        intercept=float(content["intercept"]),
        coefficients=_labelled(content, "coefficients"),
        reference_proportions=_labelled(content, "reference_proportions"),
        cut_off=float(content["cut_off"]),
        minimum_cells=int(content["minimum_cells"]),
        advised_cells=int(content["advised_cells"]),
        cohort_description=str(content["cohort"]["description"]),
        apparent_reference_proportions=_labelled(content, apparent),
        correction=correction,
    )


def _labelled(content: Mapping[str, Any], name: str) -> dict[Abnormality, float]:
    return {label: float(content[name][label]) for label in Abnormality}
