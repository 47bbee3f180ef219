"""The outbox: what other systems are told, to whom, and how far each telling is.

An event is written in the transaction of what it tells of, with one delivery for each destination.
Deliveries of one case to one destination go out in the order of the events: a corrected result
never overtakes the first. `docs/decisions/0019-outbox.md` says why it is as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.errors import VexascopeError
from app.domain.message import message


class EventType(StrEnum):
    """What happened to a case."""

    CLASSIFIED = "classified"
    """Every cell of the case is read; again when more cells have been."""
    SIGNED = "signed"
    """The first version of the report is signed."""
    AMENDED = "amended"
    """A later version is signed."""


class SinkKind(StrEnum):
    """How a destination is spoken to."""

    WEBHOOK = "webhook"
    HL7 = "hl7"


class DeliveryState(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    """It is still to be sent, or to be sent again."""
    DELIVERED = "delivered"
    """The receiver has confirmed it."""
    DEAD = "dead"
    """Given up: it waits for a person, and later ones of its case wait behind it."""
    SKIPPED = "skipped"
    """It is not to be sent, as a person decided or since it is overtaken; later ones go on."""


@dataclass(frozen=True)
class OutboxEvent:
    """Something that happened to a case.

    Parameters
    ----------
    id
        UUIDv7; the same in every attempt, so that a receiver recognises what it has already.
    sequence
        1, 2, ... within the case.
    bundle_digest
        Of the classifier that the result comes from.
    read_count
        Cells that the classifier has read or failed at.
    version
        Of the signed report; None for `CLASSIFIED`.
    position
        1, 2, ... among all events, in the order of their commits; None until then.
    """

    id: UUID
    type: EventType
    case_id: UUID
    sequence: int
    occurred_at: datetime
    bundle_digest: str
    read_count: int
    version: int | None = None
    position: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Destination:
    """A system that wants to know.

    Parameters
    ----------
    events
        What it is told of.
    site_id
        Only of cases of this site; None for all.
    enabled
        Whether anything is sent; while it is off, deliveries are kept and wait.
    config
        What the sink of this kind needs, as JSON: an address, for example. Secrets in it are
        sealed.
    failures
        Attempts in a row that the receiver did not answer as it should; 0 while all is well.
    paused_until
        Nothing is sent before, since it did not answer.
    last_error
        Of the last attempt that failed, until one succeeds.
    """

    id: UUID
    kind: SinkKind
    name: str
    events: frozenset[EventType]
    config: Mapping[str, Any]
    created_at: datetime
    site_id: UUID | None = None
    enabled: bool = True
    failures: int = 0
    paused_until: datetime | None = None
    last_error: str | None = None

    def wants(self, event: EventType, site_id: UUID | None) -> bool:
        """Whether it is to be told of an event at a site."""
        return event in self.events and self.site_id in {None, site_id}


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one destination.

    Parameters
    ----------
    attempts
        How often it was tried.
    refusals
        How often the receiver answered and did not want it.
    next_attempt_at
        Not before.
    failing_since
        When the first attempt failed; None before.
    settled_at
        When it was delivered, given up or skipped.
    """

    id: UUID
    event: OutboxEvent
    destination_id: UUID
    state: DeliveryState
    next_attempt_at: datetime
    attempts: int = 0
    refusals: int = 0
    failing_since: datetime | None = None
    last_error: str | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True)
class Claim:
    """A delivery that one process holds, until the lease ends.

    Parameters
    ----------
    lease
        Random; who holds another one may not say what became of it.
    """

    delivery: Delivery
    destination: Destination
    lease: UUID
    leased_until: datetime


class FailureKind(StrEnum):
    """What a failed attempt says, and about whom."""

    UNAVAILABLE = "unavailable"
    """About the receiver: it does not answer, or it answers that it cannot. Others wait too."""
    REFUSED = "refused"
    """About this message: the receiver does not want it."""
    IMPOSSIBLE = "impossible"
    """About this message: nobody will ever take it as it is. It is given up at once."""
    OVERTAKEN = "overtaken"
    """About this message: what it says no longer holds. It is skipped, which is nobody's fault."""
    GONE = "gone"
    """About the receiver: it wants nothing any more."""


class DeliveryFailed(VexascopeError):
    """A message was not taken, or nobody knows whether it was."""

    title = message("The message was not delivered")

    def __init__(
        self, kind: FailureKind, detail: str, *, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.retry_after = retry_after


@dataclass(frozen=True)
class RetryRule:
    """How often and how long it is tried.

    Parameters
    ----------
    first, longest
        Wait after the first failure of a message; twice as long after each further one, at most
        `longest`.
    most_refusals
        After as many refusals by a receiver that answers, a message is given up.
    give_up_after
        A message that fails for so long is given up whatever the reason.
    first_pause, longest_pause
        As `first` and `longest`, of a receiver that does not answer.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(hours=1)
    most_refusals: int = 12
    give_up_after: timedelta = timedelta(days=7)
    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(minutes=1)


# An outage, and not one message that its receiver cannot digest.
OUTAGE_FAILURES = 3
# Doubled no further: a float would overflow long after any limit is reached.
_MOST_DOUBLINGS = 30


def backoff(first: timedelta, longest: timedelta, failures: int, jitter: float) -> timedelta:
    """How long to wait after so many failures in a row.

    Parameters
    ----------
    jitter
        0-1, at random: what failed together must not come back together. The wait is between half
        of the exponential and all of it.
    """
    whole = min(first * (1 << min(max(failures - 1, 0), _MOST_DOUBLINGS)), longest)
    return whole * (0.5 + 0.5 * jitter)


def delivered(delivery: Delivery, now: datetime) -> Delivery:
    """After the receiver has confirmed it."""
    return replace(
        delivery,
        state=DeliveryState.DELIVERED,
        attempts=delivery.attempts + 1,
        last_error=None,
        settled_at=now,
    )


def failed(
    delivery: Delivery, failure: DeliveryFailed, rule: RetryRule, now: datetime, jitter: float
) -> Delivery:
    """After an attempt that failed: it waits for the next one, is given up, or is skipped."""
    if failure.kind is FailureKind.OVERTAKEN:
        return replace(skipped(delivery, now), last_error=failure.detail)
    refusals = delivery.refusals + (failure.kind is FailureKind.REFUSED)
    attempts = delivery.attempts + 1
    since = delivery.failing_since or now
    impossible = failure.kind is FailureKind.IMPOSSIBLE
    dead = impossible or refusals >= rule.most_refusals or now - since >= rule.give_up_after
    wait = backoff(rule.first, rule.longest, attempts, jitter)
    return replace(
        delivery,
        state=DeliveryState.DEAD if dead else DeliveryState.WAITING,
        attempts=attempts,
        refusals=refusals,
        failing_since=since,
        next_attempt_at=now + max(wait, failure.retry_after or wait),
        last_error=failure.detail,
        settled_at=now if dead else None,
    )


def again(delivery: Delivery, now: datetime) -> Delivery:
    """To be sent once more, with all its attempts before it."""
    return replace(
        delivery,
        state=DeliveryState.WAITING,
        attempts=0,
        refusals=0,
        failing_since=None,
        next_attempt_at=now,
        settled_at=None,
    )


def skipped(delivery: Delivery, now: datetime) -> Delivery:
    """Not to be sent."""
    return replace(delivery, state=DeliveryState.SKIPPED, settled_at=now)


def answered(destination: Destination) -> Destination:
    """A receiver that has taken a message."""
    return replace(destination, failures=0, paused_until=None, last_error=None)


def troubled(
    destination: Destination, failure: DeliveryFailed, rule: RetryRule, now: datetime, jitter: float
) -> Destination:
    """A receiver after a failed attempt; one that refuses a message is there."""
    if failure.kind is FailureKind.OVERTAKEN:
        # Nothing was sent: nothing is known of the receiver.
        return destination
    told = replace(destination, last_error=failure.detail)
    if failure.kind in {FailureKind.REFUSED, FailureKind.IMPOSSIBLE}:
        return replace(told, failures=0, paused_until=None)
    if failure.kind is FailureKind.GONE:
        return replace(told, enabled=False)
    failures = destination.failures + 1
    pause = backoff(rule.first_pause, rule.longest_pause, failures, jitter)
    until = now + max(pause, failure.retry_after or pause)
    return replace(told, failures=failures, paused_until=until)
