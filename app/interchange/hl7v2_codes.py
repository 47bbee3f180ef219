"""The codes of a result message: local ones, of at most 20 characters (data type CE, v2.5.1)."""

from collections.abc import Mapping

from app.domain.abnormality import Abnormality
from app.domain.screening import Recommendation
from app.interchange import codes
from app.interchange.hl7v2 import components

LOCAL, LOINC = "99VXS", "LN"
"""Names of coding systems in HL7 table 0396; 99zzz is a local one."""

SHORT: Mapping[Abnormality, str] = {
    Abnormality.PSEUDO_PELGER: "PELGER",
    Abnormality.NUCLEAR_SPIKE: "SPIKE",
    Abnormality.VACUOLE: "VACUOLE",
    Abnormality.HYPOGRANULARITY: "HYPOGRAN",
}
OUTCOMES: Mapping[Recommendation, str] = {
    Recommendation.TEST_UBA1: "TEST-UBA1",
    Recommendation.NOT_RAISED_BY_SMEAR: "NOT-RAISED",
    Recommendation.INSUFFICIENT_CELLS: "TOO-FEW-CELLS",
}
PERCENT = components("%", "percent", "UCUM")
CELLS = components("{cells}", "cells", "UCUM")
UNITY = components("1", "no unit", "UCUM")


def local(code: str, display: str) -> str:
    """A CE of the local system."""
    return components(code, display, LOCAL)


def loinc(code: codes.Code) -> str:
    """A CE of LOINC."""
    return components(code.code, code.display, LOINC)


def of_abnormality(label: Abnormality, what: str, display: str) -> str:
    """``VACUOLE-COUNT^Vacuoles: cells that show it^99VXS``."""
    return local(f"{SHORT[label]}-{what}", f"{label.wording}: {display}")


def share_of(label: Abnormality) -> str:
    """Of the share alone: LOINC's code for what was looked for stands beside it.

    A receiver that files by LOINC then finds one value of each abnormality, not four.
    """
    known = codes.NEAREST_LOINC[label]
    own = of_abnormality(label, "PERCENT", "share of PMN")
    return f"{own}^{loinc(known)}" if known else own


PANEL = loinc(codes.SMEAR_PANEL)
INTERPRETATION = loinc(codes.INTERPRETATION)
UBA1 = loinc(codes.UBA1_TEST)
