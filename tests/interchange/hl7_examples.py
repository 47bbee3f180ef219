"""The messages in docs/hl7.md: `python -m tests.interchange.hl7_examples` writes them anew."""

import re
from uuid import UUID

from app.domain.case import ClinicalContext, Patient, Sex
from app.interchange.hl7v2 import read_header
from app.interchange.hl7v2_ack import Names, acknowledge
from app.interchange.hl7v2_refusal import Condition, Location, to_mend
from app.interchange.hl7v2_result import write_result
from app.settings import PROJECT
from tests.factories import NOW, make_case
from tests.interchange.hl7_messages import (
    make_envelope,
    make_placed,
    make_report,
    oml,
)

PAGE = PROJECT / "docs" / "hl7.md"
_FENCED = re.compile(r"```hl7\n(.*?)\n```", re.DOTALL)
OURS = Names("VEXASCOPE", "LAB")


def order() -> bytes:
    """With what the clinic knows."""
    return oml(
        OBX="OBX|1|NM|718-7^Haemoglobin^LN||95|g/L|||||F\rOBX|2|NM|787-2^MCV^LN||104|fL|||||F"
    )


def accepted() -> bytes:
    """The answer to it."""
    return acknowledge(read_header(order()), OURS, "ZYXWVUTSRQPONMLKJIHG", NOW)


def refused() -> bytes:
    """The answer had it no identifier of the patient."""
    missing = to_mend(
        Condition.REQUIRED_FIELD_MISSING,
        "PID-3, the patient's identifier, is empty.",
        Location("PID", 3),
    )
    return acknowledge(read_header(order()), OURS, "ZYXWVUTSRQPONMLKJIHG", NOW, missing)


def result() -> bytes:
    """The report that goes back."""
    patient = Patient(UUID(int=1), "P-77", "Ann B Example")
    case = make_case(
        id=UUID(int=7),
        patient=patient,
        accession_number="S-1001",
        context=ClinicalContext(age_years=69, sex=Sex.FEMALE),
    )
    report = make_report(case, vacuole=30, pseudo_pelger=14, nuclear_spike=9, hypogranularity=4)
    return write_result(report, make_placed(), make_envelope(), b"%PDF-1.7")


def blocks() -> list[str]:
    """Each as it stands in the page, a segment a line."""
    return [made.decode().strip().replace("\r", "\n") for made in _all()]


def _all() -> list[bytes]:
    return [order(), accepted(), refused(), result()]


def main() -> None:
    """Write the page."""
    made = iter(blocks())
    text = _FENCED.sub(lambda _: f"```hl7\n{next(made)}\n```", PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
