"""Nested leave-one-patient-out: what a rule does to a patient that had no part in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from app.training.screening.cohort import Array, Flags
from app.training.screening.recipes import Recipe, Search, fit_recipe

Tick: TypeAlias = Callable[[], None]


@dataclass(frozen=True)
class LeftOut:
    """Each patient as seen by the rule that was fitted without it.

    Parameters
    ----------
    log_odds
        (n,) of the score.
    called
        (n,) whether it reaches that rule's own cut-off.
    """

    log_odds: Array
    called: Flags


def leave_one_out(
    recipe: Recipe,
    features: Array,
    positive: Flags,
    search: Search,
    wanted_sensitivity: float,
    tick: Tick = lambda: None,
) -> LeftOut:
    """Fit without each patient in turn: weights, penalty and cut-off know nothing of it.

    With each patient one of the other kind, drawn by the seed, is left out of the fit as well.
    Otherwise a positive patient is always judged by a rule that saw fewer positives than a
    negative patient's rule: what is fitted to nothing but noise then ranks them in the wrong
    order (Austin, Pe'er, Korem 2025, doi 10.1126/sciadv.adx6976).
    """
    rng = np.random.default_rng(search.seed)
    log_odds, called = np.zeros(len(positive)), np.zeros(len(positive), bool)
    for patient in range(len(positive)):
        partner = rng.choice(np.flatnonzero(positive != positive[patient]))
        kept = np.delete(np.arange(len(positive)), [patient, partner])
        line = fit_recipe(recipe, features[kept], positive[kept], search).line
        known = line.log_odds(features[kept])[positive[kept]]
        log_odds[patient] = line.log_odds(features[[patient]])[0]
        called[patient] = log_odds[patient] >= highest_cut_off(known, wanted_sensitivity)
        tick()
    return LeftOut(log_odds, called)


def highest_cut_off(positives: Array, wanted_sensitivity: float) -> float:
    """The highest score from which the wanted share of the positive patients is still found."""
    ranked = np.sort(positives)[::-1]
    # A product such as 0.07 * 100 lies a rounding error above 7.
    needed = max(1, int(np.ceil(wanted_sensitivity * len(ranked) - 1e-9)))
    return float(ranked[needed - 1])
