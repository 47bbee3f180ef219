"""What is told to other systems: events, deliveries, destinations, and who hands them over."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.event_list import EventFilter, EventPage
from app.domain.outbox import (
    Claim,
    Delivery,
    DeliveryState,
    Destination,
    EventType,
    OutboxEvent,
    SinkKind,
)


class OutboxRepository(Protocol):
    """Events and their deliveries."""

    def publish(
        self,
        event: EventType,
        case_id: UUID,
        now: datetime,
        *,
        bundle_digest: str,
        read_count: int,
        version: int | None = None,
    ) -> OutboxEvent:
        """Write an event and a delivery for each destination that wants it.

        The case must be held by `CaseRepository.lock`.
        """

    def page(self, chosen: EventFilter, after: int, limit: int) -> EventPage:
        """Events behind a place, in the order of their commits: none comes in before that place."""

    def last(self, case_id: UUID, event: EventType) -> OutboxEvent | None:
        """The latest event of a type of a case."""

    def due(self, kinds: Collection[SinkKind], now: datetime) -> Sequence[UUID]:
        """Destinations of these kinds that have something to be sent now."""

    def claim(
        self, destination_id: UUID, now: datetime, leased_until: datetime, limit: int
    ) -> Sequence[Claim]:
        """Hold some deliveries of a destination, each the first of its case that is not settled.

        Nothing where another process claims at this moment, and one at most while the receiver is
        in trouble.
        """

    def settle(
        self, claim: Claim, delivery: Delivery, destination: Destination, now: datetime
    ) -> bool:
        """Write what became of it; False, and nothing written, if another holds it by now."""

    def release(self, claims: Collection[Claim]) -> None:
        """Let go of what was not tried."""


class DestinationRepository(Protocol):
    """Who is told; and their deliveries, as an administrator sees them."""

    def add(self, destination: Destination) -> None:
        """Store a destination; raises `Conflict` where the name exists."""

    def get(self, destination_id: UUID) -> Destination:
        """One destination; raises `NotFound`, of a removed one too."""

    def lock(self, destination_id: UUID) -> None:
        """Hold a destination until the transaction ends: nothing of it is claimed meanwhile."""

    def all(self, kind: SinkKind) -> Sequence[Destination]:
        """Those of a kind, by name."""

    def change(self, destination: Destination) -> None:
        """Store name, events, site, enabled and config; it is tried again at once.

        Raises `NotFound`, and `Conflict` where the name is another's.
        """

    def remove(self, destination_id: UUID, now: datetime) -> None:
        """Send nothing any more and forget its config; what waited is skipped."""

    def counts(
        self, destination_id: UUID, site_ids: Collection[UUID] | None = None
    ) -> Mapping[DeliveryState, int]:
        """Deliveries in each state, of cases of these sites; None: of all."""

    def last_delivered_at(self, destination_id: UUID) -> datetime | None:
        """When the receiver last took something."""

    def deliveries(
        self,
        destination_id: UUID,
        states: Collection[DeliveryState],
        before: UUID | None,
        limit: int,
        site_ids: Collection[UUID] | None = None,
    ) -> Sequence[Delivery]:
        """Deliveries of cases of these sites (None: of all), newest first, older than `before`."""

    def delivery(self, destination_id: UUID, delivery_id: UUID) -> Delivery:
        """One delivery of a destination; raises `NotFound`."""

    def from_here_on(self, delivery: Delivery) -> Sequence[Delivery]:
        """A delivery and the later ones of its case and destination, in their order."""

    def dead(
        self, destination_id: UUID, site_ids: Collection[UUID] | None = None
    ) -> Sequence[Delivery]:
        """Those of cases of these sites that were given up, in the order of their events."""

    def with_settled(self, before: datetime) -> Sequence[UUID]:
        """Destinations, removed ones too, with a delivery that was settled before then."""

    def forget_settled(self, destination_id: UUID, before: datetime, limit: int) -> int:
        """Delete the deliveries of cases of which all were delivered or skipped before then.

        All of a case or none, so that no older result can be sent again without the newer ones.
        The case that the receiver took something of last stays.

        Parameters
        ----------
        limit
            Cases at most; the destination must be held by `lock`.

        Returns
        -------
        How many cases.
        """

    def set_states(self, deliveries: Sequence[Delivery]) -> None:
        """Store state, attempts and times; the destination must be held by `lock`."""


@dataclass(frozen=True)
class Outgoing:
    """One message for a sink.

    Parameters
    ----------
    leased_until
        From then on another process may send it, so that this one must not; None: no end.
    """

    event: OutboxEvent
    destination: Destination
    leased_until: datetime | None = None


class Sink(Protocol):
    """Hands messages over in one way, to all destinations of its kind; used by several threads."""

    def send(self, outgoing: Outgoing) -> None:
        """Hand a message over; returns only when the receiver has confirmed that it has it.

        It must end within `app.jobs.deliverer.SEND_S` seconds. The same event may be sent again,
        after an answer that was lost: it must then carry the same key.

        Raises
        ------
        DeliveryFailed
            If it has not, or if nobody knows.
        """

    def close(self) -> None:
        """Let go of connections."""
