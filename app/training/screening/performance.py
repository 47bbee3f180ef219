"""How well patients were ranked and called, with 95 % intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import rankdata

from app.training.evaluation.intervals import exact_interval
from app.training.screening.cohort import Array, Flags
from app.training.screening.recipes import log_loss

RESAMPLES = 1000
_ENDS = (2.5, 97.5)


def performance(log_odds: Array, called: Flags, positive: Flags, seed: int) -> dict[str, Any]:
    """Figures as JSON; null where a class has no patient.

    Parameters
    ----------
    log_odds, called, positive
        (n,) of one patient each.
    """
    figures: dict[str, Any] = {"auc": None, "auc_interval_95": None}
    if positive.any() and not positive.all():
        area = float(areas(log_odds[None], positive)[0])
        interval = _area_interval(area, log_odds, positive, seed)
        figures = {"auc": round(area, 4), "auc_interval_95": _rounded(interval)}
    return {
        **figures,
        **_share("sensitivity", called[positive], seed),
        **_share("specificity", ~called[~positive], seed),
        "log_loss": round(float(log_loss(log_odds, positive).mean()), 4),
        "brier": round(float(np.mean((expit(log_odds) - positive) ** 2)), 4),
    }


def areas(log_odds: Array, positive: Flags) -> Array:
    """(k,) area under the ROC curve of each row of (k, n), from ranks; ties count as half."""
    ranks = rankdata(log_odds, axis=1)
    number, others = int(positive.sum()), int((~positive).sum())
    above = ranks[:, positive].sum(axis=1) - number * (number + 1) / 2
    return np.asarray(above / (number * others))


def _area_interval(
    area: float, log_odds: Array, positive: Flags, seed: int
) -> Sequence[float] | Array:
    """Ends of the middle 95 % over resamples of patients, drawn within each kind.

    Where all pairs are in order, so are those of every resample, which would claim certainty. The
    exact interval of the rarer kind's patients stands in: the variance of an area A is at most
    A (1 - A) / n of these (Birnbaum, Klose 1957).
    """
    if area in {0.0, 1.0}:
        rarer = int(min(positive.sum(), (~positive).sum()))
        return exact_interval(rarer if area else 0, rarer)
    rng = np.random.default_rng(seed)
    drawn = [
        rng.choice(log_odds[kind], (RESAMPLES, int(kind.sum()))) for kind in (positive, ~positive)
    ]
    kinds = np.sort(positive)[::-1]
    return np.asarray(np.percentile(areas(np.hstack(drawn), kinds), _ENDS))


def called_by_group(called: Flags, groups: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of each group, how many patients are called."""
    members = np.array(groups)
    return {
        str(name): {
            "patients": int((members == name).sum()),
            "called": int(called[members == name].sum()),
            "interval_95": _exact(called[members == name]),
        }
        for name in sorted(set(groups))
    }


def _share(name: str, hits: Flags, seed: int) -> dict[str, Any]:
    if not len(hits):
        return {name: None, f"{name}_interval_95": None, f"{name}_bootstrap_95": None}
    drawn = np.random.default_rng(seed).choice(hits, (RESAMPLES, len(hits))).mean(axis=1)
    return {
        name: round(float(hits.mean()), 4),
        f"{name}_interval_95": _exact(hits),
        f"{name}_bootstrap_95": _rounded(np.percentile(drawn, _ENDS)),
    }


def _exact(hits: Flags) -> list[float]:
    return _rounded(exact_interval(int(hits.sum()), len(hits)))


def _rounded(ends: Sequence[float] | Array) -> list[float]:
    return [round(float(end), 4) for end in ends]
