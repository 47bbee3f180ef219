"""By which numbers an order is known: the patient's, the order's, the sample's."""

from app.interchange.hl7v2 import Message, Segment
from app.interchange.hl7v2_refusal import Condition, Location, MessageRefused, to_mend

MAX_NUMBER = 199
"""Of an order's number: data type EI, first component."""
_RECORD_NUMBERS = {"MR": 0, "PI": 1}


def only(message: Message, name: str) -> Segment:
    """The one segment of a name."""
    found = message.all(name)
    if len(found) == 1:
        return found[0]
    detail = (
        f"The message has no {name} segment."
        if not found
        else f"The message has {len(found)} {name} segments. Send each order in its own message."
    )
    sequence = min(len(found), 1) + 1
    raise to_mend(Condition.SEGMENT_SEQUENCE, detail, Location(name, sequence=sequence))


def specimen_of(message: Message) -> Segment | None:
    """SPM, where there is one; two are refused."""
    return only(message, "SPM") if message.all("SPM") else None


def sample_number(specimen: Segment) -> str:
    """The number on the tube: the placer's, else the filler's; empty where there is none."""
    return specimen.text(2, 1) or specimen.text(2, 2)


def missing(name: str, number: int, what: str) -> MessageRefused:
    """A field that must be there."""
    return to_mend(
        Condition.REQUIRED_FIELD_MISSING,
        f"{name}-{number}, {what}, is empty.",
        Location(name, number),
    )


def patient_identifier(patient: Segment) -> tuple[str, str]:
    """The patient's number in PID-3, and its authority, type and facility as they came.

    Of several a record number is meant (MR, else PI), not the one of an insurance that may stand
    before it.
    """
    given = [item for item in patient.repetitions(3) if patient.part(item)]
    if not given:
        raise missing("PID", 3, "the patient's identifier")
    chosen = min(given, key=lambda item: _RECORD_NUMBERS.get(patient.part(item, 5), 2))
    behind = chosen.split(patient.delimiters.component)[3:6]
    return patient.part(chosen), "^".join(behind).rstrip("^") if is_standard(patient) else ""


def is_standard(found: Segment) -> bool:
    """Whether its fields can go back as they came: we write with the usual separators alone."""
    return found.delimiters == type(found.delimiters)()


def placer_of(control: Segment, request: Segment) -> tuple[str, str]:
    """The placer's order number, which must be there; and the field as it came."""
    placer = number_of(control, request, 2)
    if not placer[0]:
        raise missing("ORC", 2, "the placer's order number")
    return placer


def accession_of(specimen: Segment | None, control: Segment, request: Segment) -> str:
    """The number on the tube; where no specimen is named, the filler's order number."""
    found = (specimen and sample_number(specimen)) or number_of(control, request, 3)[0]
    if not found:
        raise missing("SPM", 2, "the specimen's identifier, or OBR-3,")
    return found


def number_of(control: Segment, request: Segment, number: int) -> tuple[str, str]:
    """An order number of ORC and OBR, which must agree; and the field as it came."""
    both = control.text(number), request.text(number)
    if all(both) and both[0] != both[1]:
        raise to_mend(
            Condition.DATA_TYPE,
            f"ORC-{number} and OBR-{number} name different orders.",
            Location("OBR", number),
        )
    if len(both[0] or both[1]) > MAX_NUMBER:
        raise to_mend(
            Condition.DATA_TYPE,
            f"ORC-{number} is longer than {MAX_NUMBER} characters.",
            Location("ORC", number),
        )
    source = control if both[0] else request
    return both[0] or both[1], source.raw(number) if is_standard(source) else ""
