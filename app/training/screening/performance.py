"""How well patients were ranked and called, with 95 % intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from app.training.evaluation.intervals import area_under_curve, exact_interval
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
        area, interval = area_under_curve(
            log_odds[positive], log_odds[~positive], seed=seed, resamples=RESAMPLES
        )
        figures = {"auc": round(area, 4), "auc_interval_95": _rounded(interval)}
    return {
        **figures,
        **_share("sensitivity", called[positive], seed),
        **_share("specificity", ~called[~positive], seed),
        "log_loss": round(float(log_loss(log_odds, positive).mean()), 4),
        "brier": round(float(np.mean((expit(log_odds) - positive) ** 2)), 4),
    }


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
