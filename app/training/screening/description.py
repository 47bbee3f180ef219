"""The cohort in words and numbers, without any patient in it."""

from typing import Any

import numpy as np

from app.domain.reference import REFERENCE_LEVELS
from app.domain.screening import Basis
from app.training.screening.cohort import LABELS, Array, Cohort


def describe(
    cohort: Cohort, enough: Cohort, groups: tuple[str, ...], minimum_cells: int, basis: str
) -> dict[str, Any]:
    """The `cohort` part of `screening.json`.

    Parameters
    ----------
    cohort
        All patients of the file.
    enough
        Those with at least `minimum_cells` PMN.
    groups
        The groups to be found.
    """
    training = enough.select(~enough.held_out)
    content: dict[str, Any] = {
        "description": _sentence(training, groups, basis),
        "positive_groups": list(groups),
        "groups": _counts(training.groups),
        "centres": _counts(training.centres),
        "pmn_per_patient": _pmn(training),
        "excluded_below_minimum_cells": _counts(cohort.select(cohort.pmn < minimum_cells).groups),
        "distributions": distributions(training, groups),
    }
    test = enough.select(enough.held_out)
    if len(test):
        content["test"] = {
            "groups": _counts(test.groups),
            "centres": _counts(test.centres),
            "pmn_per_patient": _pmn(test),
        }
    return content


def distributions(training: Cohort, groups: tuple[str, ...]) -> dict[str, Any]:
    """Quantiles of the patients' apparent proportions, group by group.

    Between two patients a quantile is interpolated linearly (Hyndman and Fan 1996, type 7).

    Parameters
    ----------
    training
        The patients that the rule is fitted on.
    groups
        The groups to be found.
    """
    members = np.array(training.groups)
    return {
        "levels_percent": list(REFERENCE_LEVELS),
        "groups": [
            {
                "name": name,
                "patients": number,
                "positive": name in groups,
                "quantiles": _quantiles(training.apparent[members == name]),
            }
            for name, number in _counts(training.groups).items()
        ],
    }


def _quantiles(apparent: Array) -> dict[str, list[float]]:
    """By abnormality, from (patients, 4)."""
    found = np.percentile(apparent, REFERENCE_LEVELS, axis=0)
    return {
        label: [round(float(value), 6) for value in column]
        for label, column in zip(LABELS, found.T, strict=True)
    }


def _sentence(training: Cohort, groups: tuple[str, ...], basis: str) -> str:
    """What the report says of the cohort."""
    counts = _counts(training.groups)
    ordered = sorted(counts, key=lambda name: (name not in groups, name))
    members = "; ".join(f"{name} {counts[name]}" for name in ordered)
    centres = {name for name in training.centres if name}
    where = f" of {len(centres)} centre{'s' if len(centres) > 1 else ''}" if centres else ""
    pmn = _pmn(training)["all"]
    made_up = basis == Basis.SIMULATED
    start = "Simulated patients; no real patient's cells entered the rule. " if made_up else ""
    return (
        f"{start}Fitted on {len(training)} {'simulated ' if made_up else ''}patients{where}: "
        f"{members}. To be found: {', '.join(groups)}. "
        f"{pmn['median']:g} PMN a patient (median; {pmn['least']} to {pmn['most']})."
    )


def _counts(names: tuple[str, ...]) -> dict[str, int]:
    return {name or "not given": names.count(name) for name in sorted(set(names))}


def _pmn(cohort: Cohort) -> dict[str, dict[str, float]]:
    members = np.array(cohort.groups)
    parts = {"all": cohort.pmn}
    parts |= {str(name): cohort.pmn[members == name] for name in sorted(set(cohort.groups))}
    return {
        name: {
            "median": float(np.median(numbers)),
            "least": int(numbers.min()),
            "most": int(numbers.max()),
        }
        for name, numbers in parts.items()
    }
