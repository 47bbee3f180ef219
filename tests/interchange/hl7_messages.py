"""Made-up HL7 messages, each with only what the test cares about named; and the independent parser.

`hl7apy` knows the structure of every message of v2.5.1: which segments, which fields, which types.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message
from hl7apy.parser import parse_message
from uuid_utils.compat import uuid7

from app.domain.case import Case, Progress
from app.domain.order import CollectionTime, PlacedOrder
from app.domain.report import Interpretation, Report, compile_report
from app.domain.signing import Meaning, Signature
from app.interchange.hl7v2_ack import Names
from app.interchange.hl7v2_order import Reception
from app.interchange.hl7v2_result import Envelope
from tests.factories import NOW, make_case, make_manifest, make_rule, make_tally

RECEPTION = Reception("P", UTC)
ORDER: Mapping[str, str] = {
    "MSH": "MSH|^~\\&|LIS|HOSP|VEXASCOPE|LAB|20260301093000+0100||OML^O21^OML_O21|M-1|P|2.5.1"
    "||||||UNICODE UTF-8",
    "PID": "PID|1||P-77^^^HOSP^MR||Example^Ann^B||19561224|F",
    "ORC": "ORC|NW|PL-5^LIS|||||||20260301092500+0100",
    "OBR": "OBR|1|PL-5^LIS||SMEAR^Smear for VEXAS^L|||20260301080000+0100",
    "SPM": "SPM|1|S-1001||BLD^Whole blood^HL70487|||||||||||||20260301080500+0100",
}


def oml(**changes: str | None) -> bytes:
    """An order; None leaves a segment out, a text takes its place. Others come at the end."""
    lines = {**ORDER, **changes}
    return "".join(f"{line}\r" for line in lines.values() if line).encode()


def make_placed(**changes: object) -> PlacedOrder:
    """What is kept of the order above."""
    values: dict[str, object] = {
        "placer_number": "PL-5",
        "filler_number": None,
        "collected": CollectionTime(NOW - timedelta(hours=2)),
        "echo": {
            "placer": "PL-5^LIS",
            "service": "SMEAR^Smear for VEXAS^L",
            "patient_authority": "HOSP^MR",
        },
        "received_at": NOW,
        **changes,
    }
    return PlacedOrder(**values)


def make_report(case: Case | None = None, version: int | None = 1, **counts: int) -> Report:
    """A signed report of 120 PMN."""
    counts = counts or {"vacuole": 20, "pseudo_pelger": 12, "nuclear_spike": 3}
    report = compile_report(
        case or make_case(),
        make_tally(120, **counts),
        make_manifest(),
        make_rule(),
        Progress(120, 120, 0),
        NOW,
        interpretation=Interpretation("Vacuoles & spikes | see B^C", "Dr Ann", NOW),
    )
    return signed(report, version) if version else report


def signed(report: Report, version: int) -> Report:
    """The same report under a signature."""
    meaning = Meaning.REVIEWED if version == 1 else Meaning.AMENDED
    reason = None if version == 1 else "A cell was counted twice"
    signature = Signature(uuid7(), "Dr Ann Müller", NOW, meaning, reason, "ann")
    return replace(report, version=version, signature=signature)


def make_envelope(**changes: object) -> Envelope:
    """To the system that placed the order."""
    values: dict[str, object] = {
        "sender": Names("VEXASCOPE", "LAB"),
        "receiver": Names("LIS", "HOSP"),
        "control_id": "ABCDEFGHIJKLMNOPQRST",
        "at": NOW,
        **changes,
    }
    return Envelope(**values)


def strictly(content: bytes, charset: str = "utf-8") -> Message:
    """The message as the independent parser reads it; it raises where the standard is left."""
    return parse_message(content.decode(charset), validation_level=VALIDATION_LEVEL.STRICT)
