"""A screening rule fitted on a simulated cohort.

The proportions of the seed paper's groups are not published in what could be read, so the
patients here are made up: beta distributions that were ASSUMED, seen through the error that the
classifier showed on validation cells. The rule shows how a score comes about; its performance
says nothing about real patients.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from app.domain.abnormality import Abnormality
from app.training.intervals import area_under_curve, exact_interval

Array = NDArray[np.float64]

GROUPS = {"VEXAS": 25, "MDS, UBA1 wild type": 14, "cytopenia, UBA1 wild type": 25}
"""Patients of each kind, as many as in De Almeida Braga et al. 2025 (doi 10.1111/ijlh.14368)."""

_MEAN_CELLS = 149
_MINIMUM_CELLS, _ADVISED_CELLS = 50, 100
_CONCENTRATION = 12.0
"""Sum of the two parameters of each beta distribution: patients of one group differ widely."""
_PENALTY = 1.0
_WANTED_SENSITIVITY = 0.85

ASSUMED_MEANS: dict[str, dict[Abnormality, float]] = {
    "VEXAS": {
        Abnormality.PSEUDO_PELGER: 0.12,
        Abnormality.NUCLEAR_SPIKE: 0.28,
        Abnormality.VACUOLE: 0.12,
        Abnormality.HYPOGRANULARITY: 0.25,
    },
    "MDS, UBA1 wild type": {
        Abnormality.PSEUDO_PELGER: 0.06,
        Abnormality.NUCLEAR_SPIKE: 0.14,
        Abnormality.VACUOLE: 0.04,
        Abnormality.HYPOGRANULARITY: 0.14,
    },
    "cytopenia, UBA1 wild type": {
        Abnormality.PSEUDO_PELGER: 0.02,
        Abnormality.NUCLEAR_SPIKE: 0.12,
        Abnormality.VACUOLE: 0.04,
        Abnormality.HYPOGRANULARITY: 0.06,
    },
}
"""True share of a patient's neutrophils with the abnormality, group mean. Assumed, not found."""

ASSUMPTIONS = (
    "The group means and the spread of the four true proportions are guesses of the authors; "
    "only their direction (higher in VEXAS) follows the literature.",
    "The four proportions of one patient are independent of each other; real ones will not be.",
    "The classifier errs on patients as it erred on validation cells: its sensitivity on edited "
    "images, its specificity on healthy neutrophils. Real abnormal cells may well be harder.",
    f"Each patient has {_MINIMUM_CELLS} or more PMN read, {_MEAN_CELLS} on average.",
)


@dataclass(frozen=True)
class Cohort:
    """Apparent proportions (patients, 4), 0-1, and whether each patient has VEXAS."""

    proportions: Array
    vexas: NDArray[np.bool_]


def simulate(
    sensitivity: dict[Abnormality, float], specificity: dict[Abnormality, float], seed: int
) -> Cohort:
    """Draw patients, their true proportions, and what the classifier would count."""
    rng = np.random.default_rng(seed)
    rows, vexas = [], []
    for group, patients in GROUPS.items():
        for _ in range(patients):
            cells = max(_MINIMUM_CELLS, int(rng.normal(_MEAN_CELLS, 40)))
            rows.append(
                [
                    _apparent(
                        ASSUMED_MEANS[group][each], cells, sensitivity[each], specificity[each], rng
                    )
                    for each in Abnormality
                ]
            )
            vexas.append(group == "VEXAS")
    return Cohort(np.array(rows), np.array(vexas))


def _apparent(
    mean: float, cells: int, sensitivity: float, specificity: float, rng: np.random.Generator
) -> float:
    true = rng.binomial(cells, rng.beta(mean * _CONCENTRATION, (1 - mean) * _CONCENTRATION))
    called = rng.binomial(true, sensitivity) + rng.binomial(cells - true, 1 - specificity)
    return float(called / cells)


def fit(cohort: Cohort) -> tuple[float, Array]:
    """Fit an L2 logistic regression whose coefficients are not negative.

    More of an abnormality must never lower a score: a negative coefficient could only come from
    the noise of few patients. The penalty acts on proportions scaled to unit deviation.

    Returns
    -------
    Intercept, and (4,) log-odds per unit of proportion.
    """
    scale = cohort.proportions.std(axis=0) + 1e-9
    scaled = cohort.proportions / scale
    sign = np.where(cohort.vexas, 1.0, -1.0)

    def loss(parameters: Array) -> float:
        margin = sign * (parameters[0] + scaled @ parameters[1:])
        return float(np.logaddexp(0, -margin).sum() + _PENALTY / 2 * (parameters[1:] ** 2).sum())

    bounds = [(None, None)] + [(0.0, None)] * scaled.shape[1]
    found = minimize(loss, np.zeros(scaled.shape[1] + 1), method="L-BFGS-B", bounds=bounds)
    return float(found.x[0]), np.asarray(found.x[1:] / scale, np.float64)


def score(intercept: float, coefficients: Array, proportions: Array) -> Array:
    """The score of patients, 0-1, from (patients, 4) proportions."""
    return np.asarray(1 / (1 + np.exp(-(intercept + proportions @ coefficients))))


def screening_rule(
    sensitivity: dict[Abnormality, float], specificity: dict[Abnormality, float], seed: int
) -> dict[str, Any]:
    """Fit a rule on one simulated cohort, measure it on another: `screening.json`'s content."""
    fitted, fresh = (simulate(sensitivity, specificity, seed + i) for i in (0, 1))
    intercept, coefficients = fit(fitted)
    cut_off = _cut_off(score(intercept, coefficients, fitted.proportions)[fitted.vexas])
    reference = fitted.proportions[~fitted.vexas].mean(axis=0)
    return {
        "format": 1,
        "name": "simulated-1",
        "basis": "simulated",
        "minimum_cells": _MINIMUM_CELLS,
        "advised_cells": _ADVISED_CELLS,
        "intercept": round(intercept, 6),
        "coefficients": _named(coefficients),
        "reference_proportions": _named(reference),
        "cut_off": cut_off,
        "cohort": _description(sensitivity, specificity),
        "performance": _performance(
            score(intercept, coefficients, fresh.proportions), fresh.vexas, cut_off
        ),
    }


def _named(values: Array) -> dict[str, float]:
    return {each.value: round(float(v), 6) for each, v in zip(Abnormality, values, strict=True)}


def _cut_off(vexas_scores: Array) -> float:
    """The highest cut-off that still finds the wanted share of the simulated VEXAS patients."""
    ranked = np.sort(vexas_scores)[::-1]
    needed = int(np.ceil(_WANTED_SENSITIVITY * len(ranked)))
    return float(np.floor(ranked[needed - 1] * 1e4) / 1e4)


def _description(
    sensitivity: dict[Abnormality, float], specificity: dict[Abnormality, float]
) -> dict[str, Any]:
    return {
        "description": "Simulated patients; no real patient's cells entered the rule.",
        "groups": GROUPS,
        "assumptions": list(ASSUMPTIONS),
        "assumed_mean_proportions": {
            group: {each.value: mean for each, mean in means.items()}
            for group, means in ASSUMED_MEANS.items()
        },
        "assumed_beta_concentration": _CONCENTRATION,
        "classifier_sensitivity": {e.value: round(v, 4) for e, v in sensitivity.items()},
        "classifier_specificity": {e.value: round(v, 4) for e, v in specificity.items()},
        "fit": f"L2 logistic regression (penalty {_PENALTY} on scaled proportions), coefficients "
        "held at 0 or above; cut-off for a sensitivity of at least "
        f"{_WANTED_SENSITIVITY} on the simulated patients of the fit",
    }


def _performance(scores: Array, vexas: NDArray[np.bool_], cut_off: float) -> dict[str, Any]:
    found, spared = scores[vexas] >= cut_off, scores[~vexas] < cut_off
    auc, interval = area_under_curve(scores[vexas], scores[~vexas])
    return {
        "basis": "measured on simulated patients",
        "patients": f"a second simulated cohort: {len(found)} VEXAS, {len(spared)} controls",
        "auc": round(auc, 4),
        "auc_interval_95": [round(v, 4) for v in interval],
        "sensitivity": round(float(found.mean()), 4),
        "sensitivity_interval_95": _exact(found),
        "specificity": round(float(spared.mean()), 4),
        "specificity_interval_95": _exact(spared),
    }


def _exact(hits: NDArray[np.bool_]) -> list[float]:
    return [round(v, 4) for v in exact_interval(int(hits.sum()), len(hits))]
