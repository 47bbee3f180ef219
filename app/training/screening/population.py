"""Patients of whom any number can be drawn: assumed, or modelled on a cohort."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import Bounds, minimize
from scipy.special import expit, logit
from scipy.stats import beta, betabinom, norm, rankdata

from app.domain.abnormality import Abnormality
from app.training.screening.cohort import Array, Cohort, Counts, Flags

_LEAST_CORRELATED = 3
_LOGIT_ENDS, _LOG_CONCENTRATION_ENDS = (-9.0, 9.0), (0.0, 9.0)


class Population(Protocol):
    """Something that patients can be drawn from."""

    def draw(self, rng: np.random.Generator) -> tuple[Array, Flags]:
        """(n, 4) share of a patient's PMN that the classifier would call, and (n,) positive."""


@dataclass(frozen=True)
class Spread:
    """The proportions of a group's patients: four beta distributions.

    Parameters
    ----------
    size
        Patients of this group in one drawn cohort.
    means, concentrations
        (4,) mean, 0-1, and sum of both parameters; the smaller that sum, the more patients differ.
    """

    size: int
    positive: bool
    means: Array
    concentrations: Array


@dataclass(frozen=True)
class BetaPopulation:
    """Groups of patients whose four proportions go together as `correlation` (4, 4) says.

    The correlation is that of a Gaussian copula: of the proportions' normal scores.
    """

    groups: Mapping[str, Spread]
    correlation: Array

    def draw(self, rng: np.random.Generator) -> tuple[Array, Flags]:
        """One cohort, group by group."""
        shares = [self.draw_group(spread, rng) for spread in self.groups.values()]
        positive = [np.full(s.size, s.positive) for s in self.groups.values()]
        return np.vstack(shares), np.concatenate(positive)

    def draw_group(self, spread: Spread, rng: np.random.Generator) -> Array:
        """(size, 4) proportions of one group's patients."""
        root = np.linalg.cholesky(self.correlation)
        normal = rng.standard_normal((spread.size, len(Abnormality))) @ root.T
        a = spread.means * spread.concentrations
        return np.asarray(beta.ppf(norm.cdf(normal), a, spread.concentrations - a))


@dataclass(frozen=True)
class Resampled:
    """The patients of a cohort themselves, drawn with replacement within each kind."""

    apparent: Array
    positive: Flags

    def draw(self, rng: np.random.Generator) -> tuple[Array, Flags]:
        """As many patients of each kind as the cohort has."""
        kinds = [np.flatnonzero(self.positive), np.flatnonzero(~self.positive)]
        picked = np.concatenate([rng.choice(kind, len(kind)) for kind in kinds])
        return self.apparent[picked], self.positive[picked]


def modelled(cohort: Cohort, positive: Flags) -> BetaPopulation:
    """Fit a beta-binomial distribution to each group and abnormality.

    It keeps apart how much patients differ and how much of that is the chance of few cells.
    """
    members = np.array(cohort.groups)
    groups = {}
    for name in sorted(set(cohort.groups)):
        inside = members == name
        fits = [
            fit_beta_binomial(cohort.calls[inside, column], cohort.pmn[inside])
            for column in range(len(Abnormality))
        ]
        means, concentrations = np.array(fits).T
        groups[name] = Spread(int(inside.sum()), bool(positive[inside][0]), means, concentrations)
    return BetaPopulation(groups, _correlation(cohort.apparent, members))


def fit_beta_binomial(counts: Counts, totals: Counts) -> tuple[float, float]:
    """Mean and concentration of greatest likelihood; one patient alone has no spread to fit."""
    start_mean = (counts.sum() + 0.5) / (totals.sum() + 1)

    def loss(parameters: Array) -> float:
        mean, concentration = expit(parameters[0]), np.exp(parameters[1])
        a = mean * concentration
        return float(-betabinom.logpmf(counts, totals, a, concentration - a).sum())

    ends = np.array([_LOGIT_ENDS, _LOG_CONCENTRATION_ENDS]).T
    start = np.array([np.clip(logit(start_mean), *_LOGIT_ENDS), np.log(20.0)])
    found = minimize(loss, start, method="L-BFGS-B", bounds=Bounds(*ends))
    return float(expit(found.x[0])), float(np.exp(found.x[1]))


def _correlation(apparent: Array, members: Array) -> Array:
    """Of normal scores within groups, pooled; few cells make it smaller than it is."""
    scores = []
    for name in np.unique(members):
        inside = apparent[members == name]
        if len(inside) >= _LEAST_CORRELATED:
            scores.append(norm.ppf(rankdata(inside, axis=0) / (len(inside) + 1)))
    if not scores:
        return np.eye(len(Abnormality))
    pooled = np.vstack(scores)
    # A ridge keeps it invertible where an abnormality is the same in all patients.
    product = pooled.T @ pooled + 1e-6 * len(pooled) * np.eye(len(Abnormality))
    scale = np.sqrt(np.diag(product))
    return np.asarray(product / np.outer(scale, scale))
