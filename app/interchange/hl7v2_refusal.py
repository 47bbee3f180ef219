"""Why a message is not taken: the codes of HL7 v2.5.1, and a sentence for who sent it."""

from dataclasses import dataclass
from enum import StrEnum


class Acknowledgement(StrEnum):
    """HL7 table 0008, original mode."""

    ACCEPTED = "AA"
    ERROR = "AE"
    """The message or its content must be mended."""
    REJECTED = "AR"
    """The message is not for here, or not now."""


class Condition(StrEnum):
    """HL7 table 0357: what is wrong."""

    SEGMENT_SEQUENCE = "100"
    REQUIRED_FIELD_MISSING = "101"
    DATA_TYPE = "102"
    TABLE_VALUE_NOT_FOUND = "103"
    UNSUPPORTED_TYPE = "200"
    UNSUPPORTED_EVENT = "201"
    UNSUPPORTED_PROCESSING_ID = "202"
    UNSUPPORTED_VERSION = "203"
    UNKNOWN_KEY = "204"
    DUPLICATE_KEY = "205"
    LOCKED = "206"
    INTERNAL = "207"

    @property
    def wording(self) -> str:
        """As table 0357 says it."""
        return _WORDINGS[self]


_WORDINGS = {
    Condition.SEGMENT_SEQUENCE: "Segment sequence error",
    Condition.REQUIRED_FIELD_MISSING: "Required field missing",
    Condition.DATA_TYPE: "Data type error",
    Condition.TABLE_VALUE_NOT_FOUND: "Table value not found",
    Condition.UNSUPPORTED_TYPE: "Unsupported message type",
    Condition.UNSUPPORTED_EVENT: "Unsupported event code",
    Condition.UNSUPPORTED_PROCESSING_ID: "Unsupported processing id",
    Condition.UNSUPPORTED_VERSION: "Unsupported version id",
    Condition.UNKNOWN_KEY: "Unknown key identifier",
    Condition.DUPLICATE_KEY: "Duplicate key identifier",
    Condition.LOCKED: "Application record locked",
    Condition.INTERNAL: "Application internal error",
}


@dataclass(frozen=True)
class Location:
    """Where in the message (data type ERL); 0 where it is the segment as a whole."""

    segment: str
    field: int = 0
    component: int = 0
    sequence: int = 1

    @property
    def as_erl(self) -> str:
        """``PID^1^3^1^1``."""
        parts = [self.segment, str(self.sequence)]
        if self.field:
            parts += [str(self.field), "1"]
        if self.field and self.component:
            parts.append(str(self.component))
        return "^".join(parts)


class MessageRefused(Exception):
    """A message that is answered with AE or AR. The sentence names no patient."""

    def __init__(
        self,
        answer: Acknowledgement,
        condition: Condition,
        detail: str,
        location: Location | None = None,
    ) -> None:
        super().__init__(detail)
        self.answer = answer
        self.condition = condition
        self.detail = detail
        self.location = location


def to_mend(condition: Condition, detail: str, location: Location | None = None) -> MessageRefused:
    """AE: the sender can mend the message and send it again."""
    return MessageRefused(Acknowledgement.ERROR, condition, detail, location)


def rejected(condition: Condition, detail: str, location: Location | None = None) -> MessageRefused:
    """AR: of a kind that is not taken here."""
    return MessageRefused(Acknowledgement.REJECTED, condition, detail, location)
