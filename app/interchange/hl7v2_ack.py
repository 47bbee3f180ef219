"""The answer to a message, ACK, in original mode; and the answer that a receiver gives us."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from app.interchange.hl7v2 import (
    VERSION,
    MalformedMessage,
    Message,
    Segment,
    components,
    escape,
    header,
    join,
    read_message,
    read_roughly,
    segment,
)
from app.interchange.hl7v2_refusal import Acknowledgement, Condition, MessageRefused
from app.interchange.hl7v2_times import timestamp

UTF_8 = "UNICODE UTF-8"
# Enhanced mode has its own letters for the same answers; a peer may speak it unasked.
_ANSWERS = {
    "AA": Acknowledgement.ACCEPTED,
    "CA": Acknowledgement.ACCEPTED,
    "AE": Acknowledgement.ERROR,
    "CE": Acknowledgement.ERROR,
    "AR": Acknowledgement.REJECTED,
    "CR": Acknowledgement.REJECTED,
}

_HOPELESS = {
    Condition.UNSUPPORTED_TYPE,
    Condition.UNSUPPORTED_EVENT,
    Condition.UNSUPPORTED_PROCESSING_ID,
    Condition.UNSUPPORTED_VERSION,
}


@dataclass(frozen=True)
class Names:
    """What this installation calls itself in MSH-3 and MSH-4."""

    application: str
    facility: str = ""


def control_id(seed: str) -> str:
    """Twenty characters, the most that MSH-10 of v2.5.1 holds; the same for the same seed.

    A hundred bits: among a million messages, two alike come once in 10^18.
    """
    return base64.b32encode(hashlib.sha256(seed.encode()).digest()).decode("ascii")[:20]


def acknowledge(
    message: Segment | None,
    own: Names,
    control_id: str,
    now: datetime,
    refusal: MessageRefused | None = None,
) -> bytes:
    """Write the ACK to a message, by its MSH; None where it has no MSH that could be read.

    All of it is ASCII, but for what the sender's own names hold.
    """
    answer = refusal.answer if refusal else Acknowledgement.ACCEPTED
    lines = [
        _header(message, own, control_id, now),
        segment("MSA", {1: answer, 2: escape(message.text(10)) if message else ""}),
    ]
    if refusal:
        lines.append(_error(refusal))
    return join(lines).encode()


def _header(message: Segment | None, own: Names, control_id: str, now: datetime) -> str:
    event = message.text(9, 2) if message else ""
    return header(
        {
            3: escape(own.application),
            4: escape(own.facility),
            # As it came: a namespace may have an identifier of its own behind it.
            5: _returned(message, 3),
            6: _returned(message, 4),
            7: timestamp(now),
            9: components("ACK", event, "ACK") if event else "ACK",
            10: control_id,
            11: escape(message.text(11)) if message and message.text(11) else "P",
            12: VERSION,
            18: UTF_8,
        }
    )


def _returned(message: Segment | None, number: int) -> str:
    if message is None:
        return ""
    return components(*(message.text(number, component) for component in (1, 2, 3)))


def _error(refusal: MessageRefused) -> str:
    condition: Condition = refusal.condition
    return segment(
        "ERR",
        {
            2: refusal.location.as_erl if refusal.location else "",
            3: components(condition, condition.wording, "HL70357"),
            4: "E",
            8: escape(refusal.detail),
        },
    )


@dataclass(frozen=True)
class Answer:
    """What a receiver said to a message of ours.

    Parameters
    ----------
    control_id
        Of the message that it answers.
    reason
        Its own words, for the administrator; empty where it gave none.
    is_transient
        Whether it may take the same message later: its trouble, not the message's.
    is_hopeless
        Whether it will never take the message: of a type or version that it does not know.
    """

    acknowledgement: Acknowledgement
    control_id: str
    reason: str
    is_transient: bool
    is_hopeless: bool


def read_answer(content: bytes) -> Answer:
    """Read an ACK, of any version.

    Raises
    ------
    MalformedMessage
    """
    message = _readable(content)
    found = message.all("MSA")
    if not found:
        raise MalformedMessage("The answer has no MSA segment.")
    answer = _ANSWERS.get(found[0].text(1))
    if answer is None:
        raise MalformedMessage("MSA-1 of the answer is none of AA, AE, AR, CA, CE, CR.")
    conditions = {error.text(3) for error in message.all("ERR")}
    return Answer(
        answer,
        found[0].text(2),
        _reason(message, found[0]),
        is_transient=bool(conditions & {Condition.LOCKED, Condition.INTERNAL}),
        is_hopeless=answer is Acknowledgement.REJECTED and bool(conditions & _HOPELESS),
    )


def _readable(content: bytes) -> Message:
    try:
        return read_message(content)
    except MalformedMessage as error:
        if not error.charset_refused:
            raise
    # Who names no character set, or a wrong one, has still answered: only the words suffer.
    return read_roughly(content)


def _reason(message: Message, answered: Segment) -> str:
    said = [answered.whole(3)]
    for error in message.all("ERR"):
        said += [error.text(3, 2), error.whole(8), error.whole(7)]
    return " ".join(dict.fromkeys(text for text in said if text))
