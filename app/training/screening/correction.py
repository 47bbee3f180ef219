"""The classifier's error: where it is written down, and its correction for many patients."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from app.domain.abnormality import Abnormality
from app.domain.classifier_error import ClassifierError, parse_classifier_errors
from app.domain.errors import InvalidInput
from app.training.screening.cohort import Array

Correction: TypeAlias = Mapping[Abnormality, ClassifierError]

MANIFEST_FIELD = "classifier_errors"


def read_errors(path: Path) -> Correction:
    """Read a JSON file ``{label: {"sensitivity", "specificity", "basis"}}``.

    Raises
    ------
    InvalidInput
        With a sentence that names the field.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InvalidInput(f"{path.name} is not valid JSON: {error}.") from error
    return parse_classifier_errors(content, path.name)


def manifest_errors(manifest: Mapping[str, Any]) -> Correction:
    """The measured errors that a bundle's manifest carries.

    Raises
    ------
    InvalidInput
        If there are none, or they cannot be used.
    """
    if MANIFEST_FIELD not in manifest:
        raise InvalidInput(
            f"The bundle's manifest.json has no {MANIFEST_FIELD}: how often it errs was not "
            "written down. Give --errors errors.json with what you measured, or --no-correction."
        )
    return parse_classifier_errors(manifest[MANIFEST_FIELD], MANIFEST_FIELD)


def errors_content(correction: Correction) -> dict[str, dict[str, Any]]:
    """The JSON form."""
    return {label.value: dict(vars(correction[label])) for label in Abnormality}


def entering(apparent: Array, correction: Correction | None) -> Array:
    """What enters the score, (..., 4) from (..., 4), 0-1; as `ScreeningRule.entering` does."""
    if correction is None:
        return apparent
    rates = [(correction[each].sensitivity, correction[each].specificity) for each in Abnormality]
    sensitivity, specificity = np.array(rates, np.float64).T
    corrected = (apparent + specificity - 1) / (sensitivity + specificity - 1)
    return np.asarray(np.clip(corrected, 0.0, 1.0))
