"""What the OBX segments of an order say of the patient's blood."""

import re
from collections.abc import Mapping
from typing import Any

from app.interchange.fhir_blood_count import MEASURES, Measure
from app.interchange.hl7v2 import Message, Segment
from app.interchange.hl7v2_refusal import Condition, Location, MessageRefused, to_mend

# What laboratories write for the same; the first is UCUM's.
_SPELLINGS = {"10*9/L": ("10^9/L", "/nL", "G/L"), "10*3/uL": ("10^3/uL",)}
# The age is taken from PID-7, which every order has a place for.
_BY_OBX = {name: measure for name, measure in MEASURES.items() if name != "age_years"}


def _spelt(measure: Measure) -> dict[str, float]:
    """Every unit that is understood, with what a value in it is divided by."""
    return {
        spelling: divisor
        for unit, divisor in measure.units.items()
        for spelling in (unit, *_SPELLINGS.get(unit, ()))
    }


_MEASURED: Mapping[str, tuple[str, Mapping[str, float]]] = {
    code.code: (name, _spelt(measure))
    for name, measure in _BY_OBX.items()
    for code in measure.codes
}
"""LOINC code to the value it fills, and the units that are understood, with their divisors."""
LOINC_NAME = "LN"
LOCAL_NAME = "99VXS"
CYTOPENIA = "CYTOPENIA"
MAX_CYTOPENIA = 2000
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_NOT_A_RESULT = frozenset({"D", "I", "O", "W", "X"})
"""HL7 table 0085: deleted, pending, not asked for, wrong patient, cannot be obtained."""


def clinical_values(message: Message) -> dict[str, Any]:
    """Values for `ClinicalContext`; observations that it has no place for are left out.

    Raises
    ------
    MessageRefused
        For a value that cannot be read: a number in another unit must not be taken as it stands.
    """
    values: dict[str, Any] = {}
    for sequence, observed in enumerate(message.all("OBX"), start=1):
        if observed.text(11) in _NOT_A_RESULT:
            continue
        if _coded(observed, LOCAL_NAME) == CYTOPENIA:
            values["known_cytopenia"] = _words(observed, sequence) or None
            continue
        measured = _MEASURED.get(_coded(observed, LOINC_NAME))
        if measured and observed.text(5):
            name, divisors = measured
            value = _number(observed, sequence) / _divisor(observed, divisors, sequence)
            if values.setdefault(name, value) != value:
                raise _said_twice(sequence)
    return values


def _words(observed: Segment, sequence: int) -> str:
    text = observed.whole(5)
    if len(text) > MAX_CYTOPENIA:
        raise to_mend(
            Condition.DATA_TYPE,
            f"OBX-5 of this code holds at most {MAX_CYTOPENIA} characters here.",
            Location("OBX", 5, sequence=sequence),
        )
    return text


def _coded(observed: Segment, system: str) -> str:
    """The code of one system in OBX-3, be it the first or the alternate one."""
    for first in (1, 4):
        if observed.text(3, first + 2) == system:
            return observed.text(3, first)
    return ""


def _number(observed: Segment, sequence: int) -> float:
    text = observed.text(5)
    if observed.text(2) == "NM" and _NUMBER.fullmatch(text):
        return float(text)
    raise to_mend(
        Condition.DATA_TYPE,
        "OBX-5 of this code must be a number (NM in OBX-2).",
        Location("OBX", 5, sequence=sequence),
    )


def _said_twice(sequence: int) -> MessageRefused:
    return to_mend(
        Condition.DATA_TYPE,
        "The message has two values of one measurement. Send the one that holds.",
        Location("OBX", 5, sequence=sequence),
    )


def _divisor(observed: Segment, divisors: Mapping[str, float], sequence: int) -> float:
    unit = observed.text(6)
    if unit not in divisors:
        raise to_mend(
            Condition.TABLE_VALUE_NOT_FOUND,
            f"OBX-6 of this code must be one of {', '.join(divisors)}.",
            Location("OBX", 6, sequence=sequence),
        )
    return divisors[unit]
