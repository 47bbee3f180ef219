"""Made-up patients: the assumptions behind the shipped rule, all written down.

The proportions of the seed paper's groups are not published in what could be read. Nothing here
was measured on a patient but the number of patients and of cells (De Almeida Braga et al. 2025,
doi 10.1111/ijlh.14368). The rule shows how a score comes about; its performance says nothing
about real patients.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.domain.abnormality import Abnormality
from app.domain.classifier_error import ClassifierError
from app.training.screening.cohort import Array, Cohort, Counts, Part
from app.training.screening.correction import Correction, errors_content
from app.training.screening.fit import FitOptions, Tell, fit_rule
from app.training.screening.population import BetaPopulation, Spread

VEXAS = "VEXAS"
GROUPS = {VEXAS: 25, "MDS, UBA1 wild type": 14, "cytopenia, UBA1 wild type": 25}
MEAN_CELLS, CELLS_DEVIATION, MINIMUM_CELLS = 149, 40, 50
CONCENTRATION = 12.0
SEVERITY_CORRELATION = 0.4
ERROR_CONCENTRATION = 200.0

ASSUMED_MEANS: dict[str, dict[Abnormality, float]] = {
    VEXAS: {
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
    "The group means of the four true proportions are guesses of the authors; only their "
    "direction (higher in VEXAS) follows the literature.",
    "Patients of one group differ more than chance would make them: each true proportion follows "
    f"a beta distribution whose parameters add up to {CONCENTRATION:g} (a guess).",
    "A patient with much of one abnormality tends to have much of the others: a shared severity "
    f"gives the normal scores of each pair a correlation of {SEVERITY_CORRELATION:g} (a guess).",
    "On average the classifier errs on patients as it erred on validation cells: its sensitivity "
    "on edited images, its specificity on healthy neutrophils. Real abnormal cells may well be "
    "harder.",
    "Its error differs from smear to smear, as stains do: beta distributions whose parameters "
    f"add up to {ERROR_CONCENTRATION:g} (a guess).",
    "Within one patient the abnormalities fall on cells independently of each other.",
    f"Each patient has {MINIMUM_CELLS} or more PMN read, about {MEAN_CELLS} on average.",
)

_FAULTLESS = dict.fromkeys(Abnormality, ClassifierError(1.0, 1.0, "assumed faultless"))


def assumed_population() -> BetaPopulation:
    """The true proportions, as assumed."""
    number = len(Abnormality)
    correlation = np.full((number, number), SEVERITY_CORRELATION)
    np.fill_diagonal(correlation, 1.0)
    groups = {
        name: Spread(
            size=size,
            positive=name == VEXAS,
            means=np.array([ASSUMED_MEANS[name][label] for label in Abnormality]),
            concentrations=np.full(number, CONCENTRATION),
        )
        for name, size in GROUPS.items()
    }
    return BetaPopulation(groups, correlation)


class ReadPopulation:
    """The assumed patients as an erring classifier sees them: apparent shares."""

    def __init__(self, correction: Correction | None) -> None:
        self._errors = correction or _FAULTLESS
        self._patients = assumed_population()

    def draw(self, rng: np.random.Generator) -> tuple[Array, np.ndarray[Any, np.dtype[np.bool_]]]:
        """One cohort; each patient's smear has errors of its own."""
        true, positive = self._patients.draw(rng)
        sensitivity, specificity = drawn_errors(self._errors, len(true), rng)
        return true * sensitivity + (1 - true) * (1 - specificity), positive


def drawn_errors(
    correction: Correction, patients: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """(patients, 4) sensitivity and specificity, spread around what was measured."""
    rates = ("sensitivity", "specificity")
    means = [[getattr(correction[label], rate) for label in Abnormality] for rate in rates]
    sensitivity, specificity = (_spread(np.array(mean), patients, rng) for mean in means)
    return sensitivity, specificity


def _spread(means: Array, patients: int, rng: np.random.Generator) -> Array:
    """A rate of 0 or 1 has no spread."""
    a, b = means * ERROR_CONCENTRATION, (1 - means) * ERROR_CONCENTRATION
    inner = (a > 0) & (b > 0)
    drawn = rng.beta(np.where(inner, a, 1), np.where(inner, b, 1), (patients, len(means)))
    return np.asarray(np.where(inner, drawn, means))


def simulate(correction: Correction | None, seed: int, *, test_part: bool = True) -> Cohort:
    """Draw a cohort, and with `test_part` a second one of the same size to test on."""
    rng = np.random.default_rng(seed)
    parts = (Part.TRAIN, Part.TEST) if test_part else (Part.TRAIN,)
    pmn, calls = zip(*(_read(correction or _FAULTLESS, rng) for _ in parts), strict=True)
    groups = [name for name, size in GROUPS.items() for _ in range(size)]
    number = len(groups) * len(parts)
    return Cohort(
        patients=tuple(f"simulated-{index + 1:03d}" for index in range(number)),
        groups=tuple(groups) * len(parts),
        centres=("",) * number,
        parts=tuple(part for part in parts for _ in groups),
        pmn=np.concatenate(pmn),
        calls=np.vstack(calls),
        simulated=True,
    )


def _read(correction: Correction, rng: np.random.Generator) -> tuple[Counts, Counts]:
    """PMN (n,) and calls (n, 4) of one cohort, read by an erring classifier."""
    shares, _ = assumed_population().draw(rng)
    drawn = rng.normal(MEAN_CELLS, CELLS_DEVIATION, len(shares)).astype(np.int64)
    pmn = np.maximum(MINIMUM_CELLS, drawn)
    abnormal = rng.binomial(pmn[:, None], shares)
    sensitivity, specificity = drawn_errors(correction, len(shares), rng)
    found = rng.binomial(abnormal, sensitivity)
    return pmn, found + rng.binomial(pmn[:, None] - abnormal, 1 - specificity)


def assumptions_content(correction: Correction | None) -> dict[str, Any]:
    """The assumptions as they stand in `screening.json`."""
    return {
        "assumptions": list(ASSUMPTIONS),
        "assumed_mean_proportions": {
            group: {label.value: mean for label, mean in means.items()}
            for group, means in ASSUMED_MEANS.items()
        },
        "assumed_beta_concentration": CONCENTRATION,
        "assumed_severity_correlation": SEVERITY_CORRELATION,
        "assumed_error_concentration": ERROR_CONCENTRATION,
        "classifier_errors": errors_content(correction or _FAULTLESS),
    }


def screening_rule(
    sensitivity: Mapping[Abnormality, float],
    specificity: Mapping[Abnormality, float],
    seed: int,
    *,
    basis: Mapping[Abnormality, str] | None = None,
    compare: bool = True,
    tell: Tell = lambda *_: None,
) -> dict[str, Any]:
    """Fit the rule of a bundle on a simulated cohort: `screening.json`'s content.

    The cohort has a second part of the same size, drawn alike, on which the rule is tested. A
    classifier that is no better than chance on some abnormality cannot be corrected for its
    error: then the rule is fitted on apparent proportions, and says so.

    Parameters
    ----------
    sensitivity, specificity
        Of the classifier on single cells, 0-1.
    basis
        In words, on which cells each was measured.
    """
    said = basis or dict.fromkeys(
        Abnormality, "sensitivity on edited validation cells, specificity on healthy neutrophils"
    )
    errors = {
        label: ClassifierError(
            round(float(sensitivity[label]), 4), round(float(specificity[label]), 4), said[label]
        )
        for label in Abnormality
    }
    usable = all(error.sensitivity + error.specificity > 1 for error in errors.values())
    options = FitOptions(
        name="simulated-2",
        correction=errors if usable else None,
        minimum_cells=MINIMUM_CELLS,
        compare=compare,
        seed=seed,
    )
    content = fit_rule(simulate(errors, seed), options, tell)
    content["cohort"] |= assumptions_content(errors)
    if not usable:
        content["cohort"]["assumptions"].append(
            "The proportions are not corrected: the classifier is no better than chance on at "
            "least one abnormality."
        )
    return content
