"""`vexascope score fit`: from a cohort to the content of `screening.json`."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from scipy.special import expit

from app import __version__
from app.domain.abnormality import Abnormality
from app.domain.errors import InvalidInput
from app.domain.screening import CORRECTED_RULE_FORMAT, RULE_FORMAT, Basis, parse_rule
from app.training.screening.cohort import Array, Cohort, Flags, is_positive, positive_groups
from app.training.screening.correction import Correction, entering, errors_content
from app.training.screening.description import describe
from app.training.screening.logistic import Line
from app.training.screening.nested import LeftOut, highest_cut_off, leave_one_out
from app.training.screening.performance import called_by_group, performance
from app.training.screening.recipes import Fitted, Recipe, Search, fit_recipe, recipes

LEAST_PATIENTS = 5
ADVISED_CELLS = 100

Tell = Callable[[str, int, int], None]
"""Told what is being done, how many steps of it are done, and of how many."""


@dataclass(frozen=True)
class FitOptions:
    """What the laboratory decides.

    Parameters
    ----------
    positive_group
        Names of the groups to be found; empty for the one that holds "vexas".
    wanted_sensitivity
        Share of the positive training patients that the cut-off must find, 0-1.
    correction
        None: the score is fitted on apparent proportions.
    classifier
        Which classifier called the cells, where that is known.
    compare
        False leaves the alternatives out; the chosen rule is nested all the same.
    """

    name: str
    correction: Correction | None
    positive_group: tuple[str, ...] = ()
    wanted_sensitivity: float = 0.85
    minimum_cells: int = 50
    non_negative: bool = True
    choose_best: bool = False
    compare: bool = True
    simulated: bool = False
    seed: int = 0
    classifier: Mapping[str, Any] | None = None
    search: Search | None = None


@dataclass(frozen=True)
class _Training:
    """The patients that choose: apparent proportions (n, 4), and who is positive (n,)."""

    cohort: Cohort
    positive: Flags
    groups: tuple[str, ...]


def fit_rule(cohort: Cohort, options: FitOptions, tell: Tell = lambda *_: None) -> dict[str, Any]:
    """Fit, compare and measure; the content of a `screening.json` that is sure to be read.

    Raises
    ------
    InvalidInput
        If the options or the patients do not allow it.
    """
    _check(options)
    enough = cohort.select(cohort.pmn >= options.minimum_cells)
    groups = positive_groups(cohort, options.positive_group)
    inside = enough.select(~enough.held_out)
    training = _Training(inside, is_positive(inside, groups), groups)
    _check_training(training, options.minimum_cells)
    search = options.search or Search(non_negative=options.non_negative, seed=options.seed)
    candidates = recipes(corrected=options.correction is not None)
    candidates = candidates if options.compare else candidates[:1]
    left_out = _compare(candidates, training, options, search, tell)
    chosen = _choose(candidates, left_out, training, options)
    features = chosen.features(training.cohort.apparent, options.correction)
    fitted = fit_recipe(chosen, features, training.positive, search)
    content = _content(chosen, fitted, training, options)
    content["cohort"] = describe(cohort, enough, groups, options.minimum_cells, content["basis"])
    content["fit"] = _account(chosen, fitted, candidates, options, search)
    content["performance"] = _measured(left_out[chosen.key], training, options, content)
    held_out = enough.select(enough.held_out)
    if len(held_out):
        content["performance"]["test"] = _tested(held_out, content, groups, options)
    content["alternatives"] = [
        _line_of(recipe, left_out[recipe.key], training, options, chosen) for recipe in candidates
    ]
    parse_rule(content)
    return content


def _check(options: FitOptions) -> None:
    if not 0 < options.wanted_sensitivity <= 1:
        raise InvalidInput("--sensitivity must be above 0 and at most 1, for example 0.85.")
    if options.minimum_cells < 1:
        raise InvalidInput("--minimum-cells must be at least 1.")
    if not options.name.strip():
        raise InvalidInput("--name must not be empty: it stands on every report.")


def _check_training(training: _Training, minimum_cells: int) -> None:
    counts = {
        f"to be found ({', '.join(training.groups)})": int(training.positive.sum()),
        "controls": int((~training.positive).sum()),
    }
    for kind, number in counts.items():
        if number < LEAST_PATIENTS:
            raise InvalidInput(
                f"Training patients that are {kind}: {number} with at least {minimum_cells} PMN. "
                f"A rule needs {LEAST_PATIENTS} of each kind, and many more to be of use."
            )


def _compare(
    candidates: tuple[Recipe, ...],
    training: _Training,
    options: FitOptions,
    search: Search,
    tell: Tell,
) -> dict[str, LeftOut]:
    """Nested leave-one-patient-out of each recipe, by key."""
    total = len(candidates) * len(training.cohort)
    done = 0
    results = {}
    for recipe in candidates:

        def tick(title: str = recipe.title) -> None:
            nonlocal done
            done += 1
            tell(title, done, total)

        results[recipe.key] = leave_one_out(
            recipe,
            recipe.features(training.cohort.apparent, options.correction),
            training.positive,
            search,
            options.wanted_sensitivity,
            tick,
        )
    return results


def _choose(
    candidates: tuple[Recipe, ...],
    left_out: Mapping[str, LeftOut],
    training: _Training,
    options: FitOptions,
) -> Recipe:
    """The one that was stated before; the best one only where that was asked for."""
    if not options.choose_best:
        return candidates[0]
    servable = [recipe for recipe in candidates if recipe.servable]
    losses = [
        performance(*_outcome(left_out[recipe.key]), training.positive, options.seed)["log_loss"]
        for recipe in servable
    ]
    return servable[int(np.argmin(losses))]


def _outcome(left_out: LeftOut) -> tuple[Array, Flags]:
    return left_out.log_odds, left_out.called


def _content(
    chosen: Recipe, fitted: Fitted, training: _Training, options: FitOptions
) -> dict[str, Any]:
    """What serving reads; the cut-off is chosen with the rounded weights that are written."""
    correction = options.correction if chosen.corrected else None
    apparent = training.cohort.apparent
    proportions = entering(apparent, correction)
    line = Line(round(fitted.line.intercept, 6), np.round(fitted.line.coefficients, 6))
    scores = expit(line.log_odds(proportions))
    simulated = options.simulated or training.cohort.simulated
    content = {
        "format": RULE_FORMAT if correction is None else CORRECTED_RULE_FORMAT,
        "name": options.name,
        "basis": (Basis.SIMULATED if simulated else Basis.PATIENTS).value,
        "minimum_cells": options.minimum_cells,
        "advised_cells": max(ADVISED_CELLS, options.minimum_cells),
        "intercept": line.intercept,
        "coefficients": _named(line.coefficients),
        "reference_proportions": _named(proportions[~training.positive].mean(axis=0)),
        "cut_off": rounded_down(
            highest_cut_off(scores[training.positive], options.wanted_sensitivity)
        ),
    }
    if correction is not None:
        content["correction"] = errors_content(correction)
        content["apparent_reference_proportions"] = _named(
            apparent[~training.positive].mean(axis=0)
        )
    return content


def rounded_down(score: float) -> float:
    """Four decimals, or as many as it takes to stay above 0; never above the score."""
    for decimals in (4, 8, 12):
        cut_off = float(np.floor(score * 10**decimals) / 10**decimals)
        if cut_off > 0:
            return cut_off
    return score


def _named(values: Array) -> dict[str, float]:
    # Adding 0 turns a rounded -0.0 into 0.0.
    return {
        label.value: round(float(value), 6) + 0.0
        for label, value in zip(Abnormality, values, strict=True)
    }


def _account(
    chosen: Recipe,
    fitted: Fitted,
    candidates: tuple[Recipe, ...],
    options: FitOptions,
    search: Search,
) -> dict[str, Any]:
    best = "the lowest nested log loss of those that can be served, chosen after looking"
    return {
        "model": chosen.key,
        "model_in_words": f"{chosen.title}; logistic regression",
        "chosen_as": best if options.choose_best else "the model stated before the comparison",
        "compared": len(candidates),
        "penalty": fitted.penalty.weight,
        "l1_share": fitted.penalty.l1_share,
        "penalties_tried": list(search.weights),
        "inner_folds": search.folds,
        "coefficients_held_at_zero_or_above": search.non_negative,
        "wanted_sensitivity": options.wanted_sensitivity,
        "cut_off_chosen_on": "training patients",
        "seed": options.seed,
        "classifier": dict(options.classifier) if options.classifier else None,
        "versions": {
            "vexascope": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scipy", "scikit-learn")},
        },
    }


def _measured(
    left_out: LeftOut, training: _Training, options: FitOptions, content: Mapping[str, Any]
) -> dict[str, Any]:
    whom = "simulated patients" if content["basis"] == Basis.SIMULATED else "patients"
    found = {
        "basis": f"measured on {whom}, each left out of the fit in turn (nested)",
        "patients": _counted(training.positive, training.groups),
        **performance(*_outcome(left_out), training.positive, options.seed),
        "called_by_group": called_by_group(left_out.called, training.cohort.groups),
    }
    if options.choose_best:
        found["optimism"] = (
            "The model was chosen by these same figures, so they flatter it. Only patients that "
            "had no part in the choice can say how well it does."
        )
    return found


def _counted(positive: Flags, groups: tuple[str, ...]) -> str:
    return f"{int(positive.sum())} {', '.join(groups)}, {int((~positive).sum())} controls"


def _tested(
    held_out: Cohort, content: Mapping[str, Any], groups: tuple[str, ...], options: FitOptions
) -> dict[str, Any]:
    """The written rule on the patients of the test part."""
    rule = parse_rule(content)
    positive = is_positive(held_out, groups)
    line = Line(rule.intercept, np.array([rule.coefficients[label] for label in Abnormality]))
    log_odds = line.log_odds(entering(held_out.apparent, rule.correction))
    called = expit(log_odds) >= rule.cut_off
    return {
        "patients": _counted(positive, groups),
        **performance(log_odds, called, positive, options.seed),
        "called_by_group": called_by_group(called, held_out.groups),
    }


def _line_of(
    recipe: Recipe,
    left_out: LeftOut,
    training: _Training,
    options: FitOptions,
    chosen: Recipe,
) -> dict[str, Any]:
    return {
        "model": recipe.key,
        "title": recipe.title,
        "chosen": recipe is chosen,
        "can_be_served": recipe.servable,
        **performance(*_outcome(left_out), training.positive, options.seed),
    }
