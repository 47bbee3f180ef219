"""Orders: what another system asks for, and by which numbers it will know the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.case import NewCase

MAX_NUMBER = 200
"""Of an order's number, as it is stored."""


class Precision(StrEnum):
    """How exactly a time is known; a day must not come back as its midnight."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    MINUTE = "minute"
    SECOND = "second"

    @property
    def is_date(self) -> bool:
        """Whether no time of the day is known."""
        return self in {Precision.YEAR, Precision.MONTH, Precision.DAY}


@dataclass(frozen=True)
class CollectionTime:
    """When a specimen was taken.

    Parameters
    ----------
    at
        A moment with its zone; of what is known to the day or less, the first midnight of it in
        UTC, whatever zone was meant: it stands for a date.
    """

    at: datetime
    precision: Precision = Precision.SECOND


@dataclass(frozen=True)
class Order:
    """One order of one specimen, as a case is opened from it.

    Parameters
    ----------
    placer_number
        Under which the ordering system knows it; its results go back under the same. Empty where
        it gave none.
    filler_number
        The laboratory's number, where the ordering system gave one.
    collected
        When the specimen was taken, where it was said.
    echo
        Further fields that go back with the result as they came, by their name in the protocol:
        assigning authorities, the code of what was ordered. Nothing of the patient.
    """

    new_case: NewCase
    placer_number: str
    filler_number: str | None = None
    collected: CollectionTime | None = None
    echo: Mapping[str, str] = field(default_factory=dict)

    def at(self, site_id: UUID) -> "Order":
        """The same order in a site."""
        return replace(self, new_case=replace(self.new_case, site_id=site_id))


@dataclass(frozen=True)
class OrderKey:
    """By what an order that was placed before is known again: all of it must fit.

    Parameters
    ----------
    accession_number
        None where it was not said.
    """

    placer_number: str
    patient_identifier: str
    accession_number: str | None = None


@dataclass(frozen=True)
class PlacedOrder:
    """What is kept of an order beside its case.

    Parameters
    ----------
    cancelled_at
        When whoever ordered took the order back; None while it stands.
    """

    placer_number: str
    filler_number: str | None
    collected: CollectionTime | None
    echo: Mapping[str, str]
    received_at: datetime
    cancelled_at: datetime | None = None


MOST_ECHOED = 1000


def is_sendable(placed: PlacedOrder) -> bool:
    """Whether an order that came otherwise than by message may go back with a result.

    What goes back as it came must not be able to end a field or a segment of a message.
    """
    numbers = (placed.placer_number, placed.filler_number or "")
    echoed = [*placed.echo, *placed.echo.values()]
    drawn = placed.collected.at if placed.collected else None
    times = (placed.received_at, placed.cancelled_at, drawn)
    return (
        all(number.isprintable() and len(number) < MAX_NUMBER for number in numbers)
        and all(isinstance(text, str) and _is_one_field(text) for text in echoed)
        and all(time is None or time.tzinfo is not None for time in times)
    )


def _is_one_field(text: str) -> bool:
    return text.isprintable() and "|" not in text and len(text) <= MOST_ECHOED


@dataclass(frozen=True)
class ReceivedMessage:
    """A message that was accepted, and what was answered. The message itself is not kept.

    Parameters
    ----------
    sender, control_id
        By which a message is known again.
    sha256
        Of what the message says, hexadecimal: another message under the same number is told.
    answer
        As it was sent, and as it is sent again.
    case_id
        What was opened.
    """

    sender: str
    control_id: str
    sha256: str
    answer: str
    case_id: UUID
    received_at: datetime
