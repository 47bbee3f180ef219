"""What the OBX segments of an order say of the patient's blood."""

from collections.abc import Mapping
from typing import Any

from app.interchange.hl7v2 import Message, Segment
from app.interchange.hl7v2_refusal import Condition, Location, to_mend

_CELLS = {"10*9/L": 1.0, "10^9/L": 1.0, "10*3/uL": 1.0, "10^3/uL": 1.0, "/nL": 1.0, "G/L": 1.0}
_HAEMOGLOBIN = {"g/dL": 1.0, "g/L": 0.1}
_VOLUME = {"fL": 1.0}

_MEASURED: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "718-7": ("haemoglobin_g_dl", _HAEMOGLOBIN),
    "787-2": ("mcv_fl", _VOLUME),
    "30428-7": ("mcv_fl", _VOLUME),
    "777-3": ("platelets_10e9_l", _CELLS),
    "26515-7": ("platelets_10e9_l", _CELLS),
    "751-8": ("neutrophils_10e9_l", _CELLS),
    "26499-4": ("neutrophils_10e9_l", _CELLS),
}
"""LOINC code to the value it fills, and the units that are understood, with their factors."""
LOINC_NAME = "LN"
LOCAL_NAME = "99VXS"
CYTOPENIA = "CYTOPENIA"
MAX_CYTOPENIA = 2000


def clinical_values(message: Message) -> dict[str, Any]:
    """Values for `ClinicalContext`; observations that it has no place for are left out.

    Raises
    ------
    MessageRefused
        For a value that cannot be read: a number in another unit must not be taken as it stands.
    """
    values: dict[str, Any] = {}
    for sequence, observed in enumerate(message.all("OBX"), start=1):
        if _coded(observed, LOCAL_NAME) == CYTOPENIA:
            values["known_cytopenia"] = observed.whole(5)[:MAX_CYTOPENIA] or None
            continue
        measured = _MEASURED.get(_coded(observed, LOINC_NAME))
        if measured and observed.text(5):
            name, factors = measured
            values[name] = _number(observed, sequence) * _factor(observed, factors, sequence)
    return values


def _coded(observed: Segment, system: str) -> str:
    """The code of one system in OBX-3, be it the first or the alternate one."""
    for first in (1, 4):
        if observed.text(3, first + 2) == system:
            return observed.text(3, first)
    return ""


def _number(observed: Segment, sequence: int) -> float:
    text = observed.text(5)
    try:
        value = float(text) if observed.text(2) == "NM" else None
    except ValueError:
        value = None
    if value is None:
        raise to_mend(
            Condition.DATA_TYPE,
            "OBX-5 of this code must be a number (NM in OBX-2).",
            Location("OBX", 5, sequence=sequence),
        )
    return value


def _factor(observed: Segment, factors: Mapping[str, float], sequence: int) -> float:
    unit = observed.text(6)
    if unit not in factors:
        raise to_mend(
            Condition.TABLE_VALUE_NOT_FOUND,
            f"OBX-6 of this code must be one of {', '.join(factors)}.",
            Location("OBX", 6, sequence=sequence),
        )
    return factors[unit]
