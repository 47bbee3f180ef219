"""What is to be done with an order: placed, changed or cancelled (ORC-1)."""

from enum import StrEnum

from app.domain.order import OrderKey
from app.interchange.hl7v2 import Message
from app.interchange.hl7v2_numbers import (
    only,
    patient_identifier,
    placer_of,
    sample_number,
    specimen_of,
)
from app.interchange.hl7v2_refusal import Condition, Location, to_mend

CONTINUATIONS = ("ADD", "DSC")
"""Segments of a message that is cut in parts (2.10.2): a part must not be taken for the whole."""


class Control(StrEnum):
    """HL7 table 0119, as far as it is understood: what is to be done with an order."""

    NEW = "NW"
    CHANGE = "XO"
    CANCEL = "CA"


def control_of(message: Message) -> Control:
    """What is to be done with the order, ORC-1; raises `MessageRefused`."""
    for name in CONTINUATIONS:
        if message.all(name):
            raise to_mend(
                Condition.SEGMENT_SEQUENCE,
                "The message is one of several parts (ADD, DSC). Send it as a whole.",
                Location(name),
            )
    try:
        return Control(only(message, "ORC").text(1))
    except ValueError:
        raise to_mend(
            Condition.TABLE_VALUE_NOT_FOUND,
            "ORC-1 must be NW, XO or CA: orders are taken here, changed and cancelled. To replace "
            "one, cancel it and send a new one.",
            Location("ORC", 1),
        ) from None


def read_key(message: Message) -> OrderKey:
    """Which order a cancellation means; the sample where it says it.

    Raises
    ------
    MessageRefused
    """
    patient, control = (only(message, name) for name in ("PID", "ORC"))
    request = only(message, "OBR") if message.all("OBR") else control
    specimen = specimen_of(message)
    return OrderKey(
        placer_number=placer_of(control, request)[0],
        patient_identifier=patient_identifier(patient)[0],
        accession_number=(sample_number(specimen) or None) if specimen else None,
    )
