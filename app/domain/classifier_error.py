"""How often a classifier errs on single cells, and what that does to a proportion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.abnormality import Abnormality
from app.domain.errors import InvalidInput
from app.domain.proportion import corrected_share


@dataclass(frozen=True)
class ClassifierError:
    """The classifier's error on one abnormality, at the threshold it is used with.

    Parameters
    ----------
    sensitivity
        Share of the cells with the abnormality that are called, 0-1.
    specificity
        Share of the cells without it that are not called, 0-1.
    basis
        In words, on which cells both were measured.
    """

    sensitivity: float
    specificity: float
    basis: str

    def corrected(self, apparent: float) -> float:
        """The true share behind an apparent one, both 0-1."""
        return corrected_share(apparent, self.sensitivity, self.specificity)


def parse_classifier_errors(content: object, where: str) -> dict[Abnormality, ClassifierError]:
    """Check the JSON form: ``{label: {"sensitivity", "specificity", "basis"}}`` for each label.

    Raises
    ------
    InvalidInput
        With a sentence that names the field; `where` stands before it.
    """
    if not isinstance(content, Mapping):
        raise InvalidInput(f"{where} must hold one entry for each abnormality.")
    if unknown := sorted(set(content) - {label.value for label in Abnormality}):
        raise InvalidInput(f"{where}.{unknown[0]} is no abnormality that this version knows.")
    return {label: _parsed(content.get(label.value), f"{where}.{label}") for label in Abnormality}


def _parsed(content: object, where: str) -> ClassifierError:
    if not isinstance(content, Mapping):
        raise InvalidInput(f"{where} is missing: give its sensitivity, specificity and basis.")
    error = ClassifierError(
        _rate(content, "sensitivity", where),
        _rate(content, "specificity", where),
        _basis(content, where),
    )
    if error.sensitivity + error.specificity <= 1:
        raise InvalidInput(
            f"{where}: sensitivity + specificity is "
            f"{error.sensitivity + error.specificity:g}, and must be above 1: a classifier that "
            "is no better than chance cannot be corrected."
        )
    return error


def _rate(content: Mapping[str, Any], name: str, where: str) -> float:
    value: Any = content.get(name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # A comparison with NaN is false: it is refused as well.
    if not number or not 0 <= value <= 1:
        raise InvalidInput(f"{where}.{name} must be a number from 0 to 1.")
    return float(value)


def _basis(content: Mapping[str, Any], where: str) -> str:
    value = content.get("basis")
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"{where}.basis must say in words on which cells it was measured.")
    return value
