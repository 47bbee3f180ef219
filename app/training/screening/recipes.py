"""The rules that are compared, and the inner cross-validation that sets their penalty."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit
from sklearn.model_selection import StratifiedKFold

from app.domain.abnormality import Abnormality
from app.training.screening.cohort import Array, Flags
from app.training.screening.correction import Correction, entering
from app.training.screening.logistic import Line, Penalty, fit_line

WEIGHTS = tuple(float(weight) for weight in np.geomspace(100, 0.1, 7))
"""Penalties that are tried, strongest first: of two that do equally well the stronger is taken."""

Indices: TypeAlias = NDArray[np.intp]

_EACH = np.eye(len(Abnormality))
_FLOOR = 0.005
"""Added before a logarithm: about half a cell of a hundred."""


def _unchanged(proportions: Array) -> Array:
    return proportions


def _arcsine(proportions: Array) -> Array:
    """Arcsine of the root: the variance of a count then hardly depends on its mean."""
    return np.asarray(np.arcsin(np.sqrt(proportions)))


def _logarithm(proportions: Array) -> Array:
    return np.asarray(np.log(proportions + _FLOOR))


@dataclass(frozen=True)
class Recipe:
    """A way from four proportions to log-odds.

    Parameters
    ----------
    corrected
        Whether the proportions are corrected for the classifier's error.
    mixings
        Each (4, k): features are transform(proportions) @ mixing. Of several, the inner
        cross-validation chooses.
    servable
        Whether `screening.json` can hold it: its log-odds are linear in the proportions.
    """

    key: str
    title: str
    corrected: bool
    mixings: tuple[Array, ...] = (_EACH,)
    l1_share: float = 0.0
    transform: Callable[[Array], Array] = _unchanged
    servable: bool = True

    def features(self, apparent: Array, correction: Correction | None) -> Array:
        """(n, 4) from (n, 4) apparent proportions."""
        return self.transform(entering(apparent, correction if self.corrected else None))


def recipes(*, corrected: bool) -> tuple[Recipe, ...]:
    """The rules that are compared; the first is the one that is fitted unless told otherwise."""
    kind = "corrected" if corrected else "apparent"
    total, single = np.ones((len(Abnormality), 1)), tuple(np.hsplit(_EACH, len(Abnormality)))
    plain = Recipe("apparent-ridge", "Four apparent proportions, ridge", corrected=False)
    first = Recipe(f"{kind}-ridge", f"Four {kind} proportions, ridge", corrected)
    return (
        first,
        *((plain,) if corrected else ()),
        Recipe(f"{kind}-lasso", f"Four {kind} proportions, lasso", corrected, l1_share=1.0),
        Recipe(f"{kind}-elastic", f"Four {kind} proportions, elastic", corrected, l1_share=0.5),
        Recipe(
            f"{kind}-arcsine",
            f"Arcsine roots of {kind} proportions, ridge",
            corrected,
            transform=_arcsine,
            servable=False,
        ),
        Recipe(
            f"{kind}-log",
            f"Logarithms of {kind} proportions, ridge",
            corrected,
            transform=_logarithm,
            servable=False,
        ),
        Recipe(f"{kind}-single", "Best single abnormality", corrected, mixings=single),
        Recipe(f"{kind}-sum", "Sum of the four", corrected, mixings=(total,)),
        Recipe(
            "intercept",
            "No abnormality (intercept only)",
            corrected,
            mixings=(np.zeros((len(Abnormality), 0)),),
            servable=False,
        ),
    )


@dataclass(frozen=True)
class Search:
    """How the inner cross-validation goes."""

    folds: int = 5
    weights: tuple[float, ...] = WEIGHTS
    non_negative: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Fitted:
    """A line over four features, and what the inner cross-validation chose."""

    line: Line
    penalty: Penalty


def fit_recipe(recipe: Recipe, features: Array, positive: Flags, search: Search) -> Fitted:
    """Choose penalty and mixing by the log loss on inner folds, then fit on all.

    Parameters
    ----------
    features
        (n, 4), as `Recipe.features` gives them.
    """
    options = list(_options(recipe, search))
    if len(options) > 1:
        folds = _folds(positive, search)
        losses = [_inner_loss(features, positive, option, folds, search) for option in options]
        mixing, penalty = options[int(np.argmin(losses))]
    else:
        mixing, penalty = options[0]
    line = fit_line(features @ mixing, positive, penalty, non_negative=search.non_negative)
    return Fitted(Line(line.intercept, mixing @ line.coefficients), penalty)


def _options(recipe: Recipe, search: Search) -> Iterator[tuple[Array, Penalty]]:
    for mixing in recipe.mixings:
        weights = search.weights if mixing.shape[1] else search.weights[:1]
        for weight in weights:
            yield mixing, Penalty(weight, recipe.l1_share)


def _folds(positive: Flags, search: Search) -> list[tuple[Indices, Indices]]:
    """Training and left-out patients of each inner fold, with both kinds in each."""
    rarer = int(min(positive.sum(), (~positive).sum()))
    folds = StratifiedKFold(min(search.folds, rarer), shuffle=True, random_state=search.seed)
    return list(folds.split(positive, positive))


def _inner_loss(
    features: Array,
    positive: Flags,
    option: tuple[Array, Penalty],
    folds: list[tuple[Indices, Indices]],
    search: Search,
) -> float:
    """Summed log loss of the patients that each inner fold left out."""
    mixing, penalty = option
    mixed = features @ mixing
    total = 0.0
    for train, left_out in folds:
        line = fit_line(mixed[train], positive[train], penalty, non_negative=search.non_negative)
        total += log_loss(line.log_odds(mixed[left_out]), positive[left_out]).sum()
    return total


def log_loss(log_odds: Array, positive: Flags) -> Array:
    """(n,) minus the log of the probability given to what each patient is."""
    return np.asarray(-log_expit(np.where(positive, log_odds, -log_odds)))
