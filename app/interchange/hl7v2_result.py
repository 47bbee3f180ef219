"""A report to ORU^R01, an unsolicited result. `docs/hl7.md` is the statement for partners."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app import __version__
from app.domain.case import Case, Sex
from app.domain.order import PlacedOrder
from app.domain.report import RESEARCH_USE_NOTICE, Report
from app.interchange.hl7v2 import CHARACTER_SETS, VERSION, components, escape, header, join, segment
from app.interchange.hl7v2_ack import Names
from app.interchange.hl7v2_codes import PANEL
from app.interchange.hl7v2_observations import observations
from app.interchange.hl7v2_times import collection_timestamp, timestamp

NAMESPACE = "VEXASCOPE"
_SEXES = {Sex.FEMALE: "F", Sex.MALE: "M", Sex.OTHER: "O", Sex.UNKNOWN: "U", None: ""}


class CannotBeWritten(Exception):
    """The message cannot be written as the receiver wants it; the sentence says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True)
class Envelope:
    """What a message carries beside the report.

    Parameters
    ----------
    control_id
        MSH-10, at most 20 characters: the same however often the message is sent.
    at
        When the message came to be, MSH-7; the same however often it is sent.
    processing_id
        MSH-11: P, T or D.
    charset
        A name of `CHARACTER_SETS`.
    """

    sender: Names
    receiver: Names
    control_id: str
    at: datetime
    processing_id: str = "P"
    charset: str = "UNICODE UTF-8"


def status_of(report: Report) -> str:
    """F for the first signed version, C for those after it, P for what nobody has signed."""
    if report.version is None:
        return "P"
    return "F" if report.version == 1 else "C"


def write_result(
    report: Report, order: PlacedOrder | None, envelope: Envelope, pdf: bytes | None
) -> bytes:
    """The message in its character set.

    Raises
    ------
    CannotBeWritten
        If the character set lacks a character: nothing is sent rather than a name with a hole.
    """
    status = status_of(report)
    lines = [
        _header(envelope),
        segment("SFT", {1: NAMESPACE, 2: __version__, 3: "Vexascope", 4: report.bundle.digest}),
        _patient(report.case, order),
        _order(report.case, order),
        _request(report, order, status),
        *_notes(report),
        *observations(report, order, status, pdf),
        _specimen(report.case, order),
    ]
    try:
        return join(lines).encode(CHARACTER_SETS[envelope.charset])
    except UnicodeEncodeError:
        raise CannotBeWritten(
            f"The report holds a character that {envelope.charset} lacks. Let the "
            "destination be sent UNICODE UTF-8."
        ) from None


def _header(envelope: Envelope) -> str:
    return header(
        {
            3: escape(envelope.sender.application),
            4: escape(envelope.sender.facility),
            5: escape(envelope.receiver.application),
            6: escape(envelope.receiver.facility),
            7: timestamp(envelope.at),
            9: "ORU^R01^ORU_R01",
            10: envelope.control_id,
            11: envelope.processing_id,
            12: VERSION,
            18: envelope.charset,
        }
    )


def _patient(case: Case, order: PlacedOrder | None) -> str:
    authority = order.echo.get("patient_authority", "") if order else ""
    identifier = escape(case.patient.identifier)
    name = components(case.patient.name, *[""] * 5, "D") if case.patient.name else "^^^^^^U"
    return segment(
        "PID",
        {
            1: "1",
            3: f"{identifier}^^^{authority}" if authority else identifier,
            5: name,
            8: _SEXES[case.context.sex],
        },
    )


def _numbers(case: Case, order: PlacedOrder | None) -> dict[int, str]:
    """Placer's and filler's order number: the ordering system's own, as they came."""
    filler = components(str(case.id), NAMESPACE)
    if order is None:
        return {3: filler}
    return {
        2: order.echo.get("placer") or escape(order.placer_number),
        3: order.echo.get("filler") or escape(order.filler_number or "") or filler,
    }


def _order(case: Case, order: PlacedOrder | None) -> str:
    return segment("ORC", {1: "RE", **_numbers(case, order), 5: "CM"})


def _request(report: Report, order: PlacedOrder | None, status: str) -> str:
    collected = order.collected if order else None
    signature = report.signature
    fields = {
        1: "1",
        **_numbers(report.case, order),
        4: (order.echo.get("service") if order else None) or PANEL,
        7: collection_timestamp(collected) if collected else "",
        22: timestamp(signature.at if signature else report.created_at),
        24: "HM",
        25: status,
    }
    if signature:
        # A name within a component has subcomponents of its own: number, family name.
        signer = "&".join(escape(text) for text in (signature.account_name, signature.printed_name))
        fields[32] = f"{signer}^{timestamp(signature.at)}"
    return segment("OBR", fields)


def _notes(report: Report) -> Iterator[str]:
    """Sentences that must stand beside the numbers, the research-use notice first."""
    notes = [RESEARCH_USE_NOTICE, report.case.origin.notice, *report.warnings]
    if report.signature and report.signature.reason:
        notes.append(f"Amended: {report.signature.reason}")
    for number, text in enumerate(filter(None, notes), start=1):
        yield segment("NTE", {1: str(number), 2: "L", 3: escape(text)})


def _specimen(case: Case, order: PlacedOrder | None) -> str:
    collected = order.collected if order else None
    return segment(
        "SPM",
        {
            1: "1",
            2: escape(case.accession_number),
            4: components("BLD", "Whole blood", "HL70487"),
            17: collection_timestamp(collected) if collected else "",
        },
    )
