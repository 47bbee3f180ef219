"""Patients: what the product would count and score for each, and how the groups differ."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from app.domain.abnormality import Abnormality
from app.domain.errors import DatasetRefused
from app.domain.finding import ReadCell, Tally, tally
from app.domain.screening import (
    Recommendation,
    ScreeningRule,
    ScreeningScore,
    recommend,
    screen,
)
from app.training.evaluation.metrics import Array
from app.training.evaluation.reading import EvaluatedCell

_NEGATIONS = ("non", "not", "no ", "without", "negative", "excluded", "suspected")
_LEAST_TESTED = 2


class Correction(StrEnum):
    """How p values are corrected for the number of tests."""

    HOLM = "holm"
    BENJAMINI_HOCHBERG = "bh"

    @property
    def wording(self) -> str:
        """The method in words."""
        if self is Correction.HOLM:
            return "Holm (family-wise error)"
        return "Benjamini-Hochberg (false discovery rate)"


@dataclass(frozen=True)
class Patient:
    """One patient as the product would report them.

    Parameters
    ----------
    centre, split
        Empty where the patient's cells come from several.
    cells
        Lines of the data set, refused images among them.
    score
        None where fewer PMN were counted than the rule needs.
    """

    name: str
    group: str
    centre: str
    split: str
    cells: int
    tally: Tally
    score: ScreeningScore | None

    @property
    def recommendation(self) -> Recommendation:
        """One of the three outcomes."""
        return recommend(self.score)

    def share(self, label: Abnormality) -> float | None:
        """Share of the counted PMN that show an abnormality; None where none was counted."""
        return self.tally.proportion(label).value


@dataclass(frozen=True)
class Spread:
    """Five numbers of one group's patients, and each patient's value for the plot."""

    n: int
    values: tuple[float, ...]
    lowest: float | None
    quarter: float | None
    median: float | None
    three_quarters: float | None
    highest: float | None


@dataclass(frozen=True)
class GroupSummary:
    """One group of patients.

    Parameters
    ----------
    proportions
        By abnormality; patients of whom no PMN was counted are left out.
    scores
        Patients with a score.
    """

    group: str
    positive: bool
    patients: int
    pmn: Spread
    proportions: dict[str, Spread]
    scores: Spread
    recommendations: dict[str, int]


@dataclass(frozen=True)
class GroupTest:
    """A two-sided Wilcoxon rank-sum test of one abnormality between two groups.

    Parameters
    ----------
    superiority
        The chance that a patient of the first group has the larger proportion, ties half.
    p, adjusted_p
        None where a group has fewer than two patients.
    exact
        Whether p comes from the exact distribution (few patients without ties).
    """

    label: str
    title: str
    positive: str
    other: str
    n_positive: int
    n_other: int
    superiority: float | None
    p: float | None
    adjusted_p: float | None
    exact: bool


def patients_from(cells: Sequence[EvaluatedCell], rule: ScreeningRule) -> tuple[Patient, ...]:
    """Tally and score each patient that the data set names, by the product's own functions.

    Raises
    ------
    DatasetRefused
        If a patient stands in two groups.
    """
    by_name: dict[str, list[EvaluatedCell]] = {}
    for cell in cells:
        if cell.sample.patient:
            by_name.setdefault(cell.sample.patient, []).append(cell)
    return tuple(_patient(name, own, rule) for name, own in sorted(by_name.items()))


def _patient(name: str, cells: Sequence[EvaluatedCell], rule: ScreeningRule) -> Patient:
    groups = sorted({cell.sample.group for cell in cells})
    if len(groups) > 1:
        listed = ", ".join(repr(group) for group in groups)
        raise DatasetRefused(
            f"A patient (line {cells[0].number} of the evaluated cells) stands in several groups: "
            f"{listed}. Give each patient one group in dataset.csv."
        )
    read: list[ReadCell] = [cell.read for cell in cells if cell.read is not None]
    counted = tally(read)
    centre = _one({cell.sample.centre for cell in cells})
    split = _one({cell.sample.split or "" for cell in cells})
    return Patient(name, groups[0], centre, split, len(cells), counted, screen(counted, rule))


def _one(values: set[str]) -> str:
    """The value that all share; else empty."""
    return next(iter(values)) if len(values) == 1 else ""


def positive_groups(groups: Sequence[str], wanted: Sequence[str]) -> frozenset[str]:
    """The groups that the screening is to find; by default those whose name holds "vexas".

    Raises
    ------
    DatasetRefused
        If a wanted group is not there, or a name such as "non-VEXAS" leaves it open.
    """
    if missing := sorted(set(wanted) - set(groups)):
        raise DatasetRefused(
            f"There is no group {missing[0]!r}; there are: {', '.join(map(repr, sorted(groups)))}. "
            "Name one of these with --positive-group."
        )
    if wanted:
        return frozenset(wanted)
    found = [group for group in groups if "vexas" in group.lower()]
    if unclear := [group for group in found if any(word in group.lower() for word in _NEGATIONS)]:
        raise DatasetRefused(
            f"It is not clear whether the group {unclear[0]!r} is to be found or not. Name the "
            "groups that are with --positive-group."
        )
    return frozenset(found)


def summarise(patients: Sequence[Patient], positive: frozenset[str]) -> tuple[GroupSummary, ...]:
    """One summary a group, the positive ones first."""
    groups = sorted({p.group for p in patients}, key=lambda g: (g not in positive, g))
    return tuple(
        _summary(group, [p for p in patients if p.group == group], group in positive)
        for group in groups
    )


def compare(
    patients: Sequence[Patient], positive: frozenset[str], correction: Correction
) -> tuple[GroupTest, ...]:
    """The positive groups, taken together, against each other group, on each abnormality.

    All tests are corrected together. The correction that the seed paper used could not be read;
    Holm is the careful default.
    """
    others = sorted({p.group for p in patients if p.group and p.group not in positive})
    name = " + ".join(sorted(positive))
    tests = [
        _test(label, name, other, patients, positive) for other in others for label in Abnormality
    ]
    return _corrected(tests, correction)


def adjust(p_values: Array, correction: Correction) -> Array:
    """Correct p values for their number.

    Holm (1979): the i-th smallest of m, times m - i + 1, never falling. Benjamini and Hochberg
    (1995): times m / i, never rising from the largest down; scipy's.
    """
    from scipy.stats import false_discovery_control  # noqa: PLC0415 - an extra

    if correction is Correction.BENJAMINI_HOCHBERG:
        return np.asarray(false_discovery_control(p_values, method="bh"), np.float64)
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    stepped = np.minimum(1.0, np.maximum.accumulate(p_values[order] * factors))
    adjusted = np.empty_like(stepped)
    adjusted[order] = stepped
    return adjusted


def spread(values: Sequence[float]) -> Spread:
    """Five numbers of some values; all None of nothing."""
    if not values:
        return Spread(0, (), None, None, None, None, None)
    five = [float(v) for v in np.percentile(values, (0, 25, 50, 75, 100))]
    return Spread(len(values), tuple(sorted(values)), *five)


def _summary(group: str, patients: Sequence[Patient], positive: bool) -> GroupSummary:  # noqa: FBT001
    outcomes = Counter(p.recommendation for p in patients)
    return GroupSummary(
        group=group,
        positive=positive,
        patients=len(patients),
        pmn=spread([float(p.tally.pmn_count) for p in patients]),
        proportions={label.value: spread(_shares(patients, label)) for label in Abnormality},
        scores=spread([p.score.value for p in patients if p.score]),
        recommendations={each.value: outcomes.get(each, 0) for each in Recommendation},
    )


def _shares(patients: Sequence[Patient], label: Abnormality) -> list[float]:
    return [share for p in patients if (share := p.share(label)) is not None]


def _test(
    label: Abnormality,
    name: str,
    other: str,
    patients: Sequence[Patient],
    positive: frozenset[str],
) -> GroupTest:
    first = _shares([p for p in patients if p.group in positive], label)
    second = _shares([p for p in patients if p.group == other], label)
    outcome = _rank_sum(first, second)
    return GroupTest(
        label=label.value,
        title=label.wording,
        positive=name,
        other=other,
        n_positive=len(first),
        n_other=len(second),
        superiority=outcome["superiority"],
        p=outcome["p"],
        adjusted_p=None,
        exact=bool(outcome["exact"]),
    )


def _rank_sum(first: Sequence[float], second: Sequence[float]) -> Mapping[str, float | None]:
    from scipy.stats import mannwhitneyu  # noqa: PLC0415 - an extra

    if min(len(first), len(second)) < _LEAST_TESTED:
        return {"superiority": None, "p": None, "exact": 0.0}
    distinct = len(set(first) | set(second)) == len(first) + len(second)
    few = min(len(first), len(second)) <= 8  # noqa: PLR2004 - as scipy decides by itself
    method = "exact" if distinct and few else "asymptotic"
    found = mannwhitneyu(first, second, alternative="two-sided", method=method)
    superiority = float(found.statistic) / (len(first) * len(second))
    # Where all values are equal the test has no variance; nothing differs.
    p = 1.0 if np.isnan(found.pvalue) else float(found.pvalue)
    return {"superiority": superiority, "p": p, "exact": float(method == "exact")}


def _corrected(tests: Sequence[GroupTest], correction: Correction) -> tuple[GroupTest, ...]:
    done = [i for i, test in enumerate(tests) if test.p is not None]
    if not done:
        return tuple(tests)
    adjusted = adjust(np.array([tests[i].p for i in done], np.float64), correction)
    by_index = dict(zip(done, map(float, adjusted), strict=True))
    return tuple(replace(test, adjusted_p=by_index.get(i)) for i, test in enumerate(tests))
