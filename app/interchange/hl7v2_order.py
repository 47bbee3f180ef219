"""OML^O21, a laboratory order, to an order of ours. `docs/hl7.md` is the statement for partners."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TypeVar

from app.domain.case import ClinicalContext, NewCase, Sex
from app.domain.errors import InvalidInput
from app.domain.order import CollectionTime, Order
from app.interchange.hl7v2 import ASCII, Message, Segment
from app.interchange.hl7v2_context import clinical_values
from app.interchange.hl7v2_numbers import (
    accession_of,
    is_standard,
    number_of,
    only,
    patient_identifier,
    placer_of,
    specimen_of,
)
from app.interchange.hl7v2_refusal import Condition, Location, rejected, to_mend
from app.interchange.hl7v2_times import read_collection, read_time

MESSAGE_TYPE, EVENT = "OML", "O21"
VERSIONS = ("2.5.1", "2.5")
"""2.5.1 changed nothing of this message; senders that speak it often say 2.5."""
MAX_CONTROL_ID = 199
MAX_QUESTION = 2000

Time = TypeVar("Time")
_SEXES = {
    "": None,
    "F": Sex.FEMALE,
    "M": Sex.MALE,
    "O": Sex.OTHER,
    "A": Sex.OTHER,
    "N": Sex.OTHER,
    "U": Sex.UNKNOWN,
}


@dataclass(frozen=True)
class Reception:
    """How messages are taken here.

    Parameters
    ----------
    processing_id
        P, T or D: what MSH-11 must say, so that a test never opens a case beside real ones.
    zone
        Of times that name none.
    charset
        Of messages whose MSH-18 is empty; a name of `CHARACTER_SETS`.
    """

    processing_id: str
    zone: tzinfo
    charset: str = ASCII


def check_header(message: Segment, reception: Reception) -> None:
    """Whether the message is of a kind that is taken; raises `MessageRefused`."""
    if message.text(9) != MESSAGE_TYPE:
        raise rejected(
            Condition.UNSUPPORTED_TYPE,
            "Only laboratory orders, OML^O21, are taken here.",
            Location("MSH", 9, 1),
        )
    if message.text(9, 2) != EVENT:
        raise rejected(
            Condition.UNSUPPORTED_EVENT,
            "Of OML only the event O21 is taken here.",
            Location("MSH", 9, 2),
        )
    if message.text(12) not in VERSIONS:
        raise rejected(
            Condition.UNSUPPORTED_VERSION,
            f"Only HL7 versions {' and '.join(VERSIONS)} are taken here.",
            Location("MSH", 12),
        )
    if message.text(11) != reception.processing_id:
        raise rejected(
            Condition.UNSUPPORTED_PROCESSING_ID,
            f"This listener takes messages with {reception.processing_id} in MSH-11.",
            Location("MSH", 11),
        )
    if not 0 < len(message.text(10)) <= MAX_CONTROL_ID:
        raise to_mend(
            Condition.REQUIRED_FIELD_MISSING,
            f"MSH-10 must name the message, in 1 to {MAX_CONTROL_ID} characters.",
            Location("MSH", 10),
        )


def read_order(message: Message, reception: Reception, now: datetime) -> Order:
    """The order in an OML^O21 whose header was checked, new or changed.

    Raises
    ------
    MessageRefused
    """
    patient, control, request = (only(message, name) for name in ("PID", "ORC", "OBR"))
    specimen = specimen_of(message)
    identifier, authority = patient_identifier(patient)
    try:
        new = NewCase(
            accession_number=accession_of(specimen, control, request),
            patient_identifier=identifier,
            patient_name=_name(patient),
            context=_context(message, patient, request, now),
        )
    except InvalidInput as error:
        raise to_mend(Condition.DATA_TYPE, error.detail) from error
    placer, placer_field = placer_of(control, request)
    filler, filler_field = number_of(control, request, 3)
    echo = {
        "patient_authority": authority,
        "placer": placer_field,
        "filler": filler_field,
        "service": request.raw(4) if is_standard(request) else "",
    }
    return Order(
        new_case=new,
        placer_number=placer,
        filler_number=filler or None,
        collected=_collected(specimen, request, reception.zone),
        echo={name: value for name, value in echo.items() if value},
    )


def _name(patient: Segment) -> str | None:
    """``Given Second Family`` of the first name that has one; None where none is given."""
    for repetition in patient.repetitions(5):
        parts = [patient.part(repetition, component) for component in (2, 3, 1)]
        if name := " ".join(part for part in parts if part):
            return name
    return None


def _collected(specimen: Segment | None, request: Segment, zone: tzinfo) -> CollectionTime | None:
    if specimen and specimen.text(17):
        return _time(specimen, 17, partial(read_collection, zone=zone))
    return _time(request, 7, partial(read_collection, zone=zone)) if request.text(7) else None


def _time(found: Segment, number: int, read: Callable[[str], Time]) -> Time:
    try:
        return read(found.text(number))
    except ValueError:
        raise to_mend(
            Condition.DATA_TYPE,
            f"{found.name}-{number} is no time: YYYYMMDDHHMMSS+ZZZZ.",
            Location(found.name, number),
        ) from None


def _context(
    message: Message, patient: Segment, request: Segment, now: datetime
) -> ClinicalContext:
    return ClinicalContext(
        age_years=_age(patient, now),
        sex=_sex(patient),
        question=_question(request),
        **clinical_values(message),
    )


def _question(request: Segment) -> str | None:
    """The reasons for the study, else the relevant clinical information."""
    reasons = (_reason(request, item) for item in request.repetitions(31))
    text = "; ".join(filter(None, reasons)) or request.whole(13)
    if len(text) > MAX_QUESTION:
        raise to_mend(
            Condition.DATA_TYPE,
            f"OBR-31 and OBR-13 hold at most {MAX_QUESTION} characters here.",
            Location("OBR", 13),
        )
    return text or None


def _reason(request: Segment, reason: str) -> str:
    """A coded reason in words (CWE): its text, else the original text, else the code."""
    parts = (request.part(reason, component) for component in (2, 9, 5, 1))
    return next(filter(None, parts), "")


def _sex(patient: Segment) -> Sex | None:
    code = patient.text(8)
    if code not in _SEXES:
        raise to_mend(
            Condition.TABLE_VALUE_NOT_FOUND,
            "PID-8 is none of F, M, O, U, A, N.",
            Location("PID", 8),
        )
    return _SEXES[code]


def _age(patient: Segment, now: datetime) -> int | None:
    """Whole years; the date of birth itself is not kept."""
    if not patient.text(7):
        return None
    born = _time(patient, 7, partial(read_time, zone=now.tzinfo or UTC))
    if born > now:
        raise to_mend(Condition.DATA_TYPE, "PID-7 lies in the future.", Location("PID", 7))
    had_birthday = (now.month, now.day) >= (born.month, born.day)
    return now.year - born.year - (not had_birthday)
