"""The screening score on patients: ROC, the cut-off, and how both grow with the PMN read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.finding import Tally
from app.domain.screening import Recommendation, ScreeningRule, logistic
from app.training.evaluation.intervals import (
    Estimate,
    area_under_curve,
    exact_share,
    percentile,
    widened,
)
from app.training.evaluation.labels import Curve, thinned
from app.training.evaluation.metrics import Array, roc_auc
from app.training.evaluation.patients import Patient

FEW_PATIENTS = 10
DEPTHS = (25, 50, 75, 100, 150, 200, 300, 400, 500)
DEPTH_DRAWS = 200
_RESAMPLES = 2000


@dataclass(frozen=True)
class DepthPoint:
    """The score's accuracy if reading stopped at so many PMN of each patient.

    Parameters
    ----------
    pmn
        Cells drawn of each patient, or all that there are.
    reaching
        Patients who have as many; the others are read to their end.
    auc, sensitivity, specificity
        Means over draws of cells. The interval also draws patients anew.
    """

    pmn: int
    reaching: int
    patients: int
    auc: Estimate
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True)
class ScreeningResult:
    """The score against the groups.

    Parameters
    ----------
    positives, negatives
        Patients with a score.
    without_score
        Patients with too few PMN: in neither share, and not in the area.
    reason
        Why there is no result; else empty.
    """

    positives: int
    negatives: int
    without_score: int
    reason: str
    auc: Estimate
    sensitivity: Estimate
    specificity: Estimate
    found: int
    spared: int
    roc: Curve | None
    depths: tuple[DepthPoint, ...]
    warnings: tuple[str, ...]


def evaluate_score(
    patients: Sequence[Patient], positive: frozenset[str], rule: ScreeningRule
) -> ScreeningResult:
    """Area, sensitivity and specificity at the rule's cut-off; patients are the unit."""
    known = [p for p in patients if p.group]
    scored = [p for p in known if p.score is not None]
    sick = [p for p in scored if p.group in positive]
    others = [p for p in scored if p.group not in positive]
    reason = _why_not(positive, sick, others)
    found = sum(p.recommendation is Recommendation.TEST_UBA1 for p in sick)
    spared = sum(p.recommendation is Recommendation.NOT_RAISED_BY_SMEAR for p in others)
    measurable = not reason
    return ScreeningResult(
        positives=len(sick),
        negatives=len(others),
        without_score=len(known) - len(scored),
        reason=reason,
        auc=_area(_values(sick), _values(others)) if measurable else Estimate(),
        sensitivity=exact_share(found, len(sick)) if measurable else Estimate(),
        specificity=exact_share(spared, len(others)) if measurable else Estimate(),
        found=found,
        spared=spared,
        roc=_roc(sick, others) if measurable else None,
        depths=by_depth(known, positive, rule) if measurable else (),
        warnings=tuple(_warnings(sick, others, rule)) if measurable else (),
    )


def by_depth(
    patients: Sequence[Patient],
    positive: frozenset[str],
    rule: ScreeningRule,
    draws: int = DEPTH_DRAWS,
    seed: int = 0,
) -> tuple[DepthPoint, ...]:
    """How accuracy grows with the PMN read, by drawing fewer of each patient's cells.

    Drawn without replacement, so a draw is what a shorter reading of the same smear would have
    seen. The rule's minimum number of cells is set aside here: the curve shows what it guards
    against. All patients of whom a PMN was counted take part at each depth.
    """
    read = [p for p in patients if p.tally.pmn_count]
    most = max((p.tally.pmn_count for p in read), default=0)
    depths = [depth for depth in DEPTHS if depth < most] + [most]
    sick = np.array([p.group in positive for p in read], np.bool_)
    if not sick.any() or sick.all():
        return ()
    rng = np.random.default_rng(seed)
    scores = np.array([_scores_at(p.tally, depths, rule, draws, rng) for p in read])
    return tuple(
        _depth_point(
            depth, scores[:, :, i], sick, sum(p.tally.pmn_count >= depth for p in read), rule, rng
        )
        for i, depth in enumerate(depths)
    )


def score_of(shares: Sequence[float], rule: ScreeningRule) -> float:
    """The score of four apparent proportions, 0-1, as `app.domain.screening.screen` makes it.

    That one also draws an interval, a thousand times the work; a test holds the two together.
    """
    log_odds = rule.intercept + sum(
        rule.coefficients[label] * rule.entering(label, share)
        for label, share in zip(Abnormality, shares, strict=True)
    )
    return logistic(log_odds)


def _scores_at(
    counted: Tally, depths: Sequence[int], rule: ScreeningRule, draws: int, rng: np.random.Generator
) -> Array:
    """(draws, depths) scores of one patient, each draw one order of reading the cells."""
    cells = np.array(
        [
            [label in pattern for label in Abnormality]
            for pattern, count in counted.patterns.items()
            for _ in range(count)
        ],
        np.float64,
    )
    ends = np.minimum(depths, len(cells))
    scores = np.empty((draws, len(depths)))
    for draw in range(draws):
        seen = rng.permutation(cells).cumsum(axis=0)[ends - 1] / ends[:, None]
        scores[draw] = [score_of(shares, rule) for shares in seen.tolist()]
    return scores


def _depth_point(
    depth: int,
    scores: Array,
    sick: NDArray[np.bool_],
    reaching: int,
    rule: ScreeningRule,
    rng: np.random.Generator,
) -> DepthPoint:
    """One depth from the (patients, draws) scores."""
    seen = [_three(scores[:, draw], sick, rule.cut_off) for draw in range(scores.shape[1])]
    anew = []
    for draw in range(scores.shape[1]):
        picked = np.concatenate(
            [rng.choice(np.flatnonzero(side), side.sum()) for side in (sick, ~sick)]
        )
        anew.append(_three(scores[picked, draw], sick[picked], rule.cut_off))
    estimates = [
        percentile(float(np.mean(values)), drawn)
        for values, drawn in zip(zip(*seen, strict=True), zip(*anew, strict=True), strict=True)
    ]
    few = (int(min(sick.sum(), (~sick).sum())), int(sick.sum()), int((~sick).sum()))
    honest = [widened(estimate, n) for estimate, n in zip(estimates, few, strict=True)]
    return DepthPoint(depth, reaching, len(sick), *honest)


def _three(scores: Array, sick: NDArray[np.bool_], cut_off: float) -> tuple[float, float, float]:
    called = scores >= cut_off
    auc = roc_auc(sick.astype(np.float64), scores)
    return auc, float(called[sick].mean()), float((~called[~sick]).mean())


def _area(sick: Array, others: Array) -> Estimate:
    value, (low, high) = area_under_curve(sick, others, resamples=_RESAMPLES)
    return widened(Estimate(value, low, high, "bootstrap"), min(len(sick), len(others)))


def _values(patients: Sequence[Patient]) -> Array:
    return np.array([p.score.value for p in patients if p.score], np.float64)


def _roc(sick: Sequence[Patient], others: Sequence[Patient]) -> Curve:
    from sklearn.metrics import roc_curve  # noqa: PLC0415 - an extra

    labels = [1] * len(sick) + [0] * len(others)
    x, y, _ = roc_curve(labels, np.r_[_values(sick), _values(others)], drop_intermediate=False)
    return thinned(x, y)


def _why_not(positive: frozenset[str], sick: Sequence[Patient], others: Sequence[Patient]) -> str:
    if not positive:
        return 'no group is named as the one to find (none holds "vexas"; see --positive-group)'
    if not sick:
        return "no patient of the group to find has enough PMN for a score"
    if not others:
        return "no patient of another group has enough PMN for a score"
    return ""


def _warnings(sick: Sequence[Patient], others: Sequence[Patient], rule: ScreeningRule) -> list[str]:
    warnings = [
        f"Only {len(side)} {kind}: sensitivity, specificity and area are hardly known."
        for side, kind in ((sick, "patients to find"), (others, "other patients"))
        if len(side) < FEW_PATIENTS
    ]
    if notice := rule.basis.notice:
        warnings.append(notice)
    return warnings
