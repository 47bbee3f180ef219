"""Events and their deliveries in SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased, joinedload
from uuid_utils.compat import uuid7

from app.db.outbox_mapping import (
    from_destination,
    standing,
    to_delivery,
    to_destination,
    to_event,
)
from app.db.outbox_tables import DeliveryRow, DestinationRow, OutboxEventRow, OutboxHeadRow
from app.db.tables import CaseRow
from app.domain.event_list import EventFilter, EventPage
from app.domain.outbox import (
    OUTAGE_FAILURES,
    Claim,
    Delivery,
    DeliveryState,
    Destination,
    EventType,
    OutboxEvent,
    SinkKind,
)

WAITING = DeliveryState.WAITING.value
# What keeps the later deliveries of its case back.
BLOCKING = (WAITING, DeliveryState.DEAD.value)


class SqlOutboxRepository:
    """`OutboxRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._published: list[OutboxEventRow] = []

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
        """Insert the event and its deliveries; the held case makes the sequence one of its own."""
        latest = select(func.max(OutboxEventRow.sequence)).where(OutboxEventRow.case_id == case_id)
        row = OutboxEventRow(
            id=uuid7(),
            type=event.value,
            case_id=case_id,
            sequence=(self._session.scalar(latest) or 0) + 1,
            occurred_at=now,
            bundle_digest=bundle_digest,
            read_count=read_count,
            version=version,
        )
        self._session.add(row)
        self._published.append(row)
        self._session.flush()
        published = to_event(row)
        for destination in self._wanting(published):
            self._session.add(_first_delivery(published, destination, now))
        self._session.flush()
        return published

    def _wanting(self, event: OutboxEvent) -> list[Destination]:
        rows = self._session.scalars(select(DestinationRow).where(_IS_THERE))
        site = self._session.scalar(select(CaseRow.site_id).where(CaseRow.id == event.case_id))
        return [item for item in map(to_destination, rows) if item.wants(event.type, site)]

    def place(self) -> None:
        """Give what was published its places. Near the commit: from here on others wait.

        A key is made earlier, so that one with a higher key may be committed, and seen, before.
        """
        if not self._published:
            return
        grown = (
            update(OutboxHeadRow)
            .values(count=OutboxHeadRow.count + len(self._published))
            .returning(OutboxHeadRow.count)
        )
        first = self._session.execute(grown).scalar_one() - len(self._published) + 1
        for position, row in enumerate(self._published, start=first):
            row.position = position
        self._session.flush()
        self._published = []

    def page(self, chosen: EventFilter, after: int, limit: int) -> EventPage:
        """The head is read first: what it counts is committed."""
        end = self._session.scalars(select(OutboxHeadRow.count)).one()
        query = (
            select(OutboxEventRow)
            .join(CaseRow, CaseRow.id == OutboxEventRow.case_id)
            .where(OutboxEventRow.position > after, OutboxEventRow.position <= end)
            .where(CaseRow.site_id.in_(chosen.site_ids))
            .order_by(OutboxEventRow.position)
            .limit(limit + 1)
        )
        if chosen.types is not None:
            query = query.where(OutboxEventRow.type.in_([item.value for item in chosen.types]))
        if chosen.since is not None:
            query = query.where(OutboxEventRow.occurred_at >= chosen.since)
        found = tuple(to_event(row) for row in self._session.scalars(query))
        items, has_more = found[:limit], len(found) > limit
        last = items[-1].position if has_more else None
        return EventPage(items, last or max(after, end), has_more)

    def last(self, case_id: UUID, event: EventType) -> OutboxEvent | None:
        """By sequence."""
        query = (
            select(OutboxEventRow)
            .where(OutboxEventRow.case_id == case_id, OutboxEventRow.type == event.value)
            .order_by(OutboxEventRow.sequence.desc())
            .limit(1)
        )
        row = self._session.scalar(query)
        return to_event(row) if row else None

    def due(self, kinds: Collection[SinkKind], now: datetime) -> Sequence[UUID]:
        """Those whose earlier messages are in the way are among them; `claim` looks closer."""
        something = select(DeliveryRow.id).where(
            DeliveryRow.destination_id == DestinationRow.id, *_sendable(now)
        )
        query = select(DestinationRow.id).where(
            _IS_THERE,
            DestinationRow.kind.in_([kind.value for kind in kinds]),
            *_speakable(now),
            something.exists(),
        )
        return list(self._session.scalars(query))

    def claim(
        self, destination_id: UUID, now: datetime, leased_until: datetime, limit: int
    ) -> Sequence[Claim]:
        """One process at a time claims of a destination, so that two never hold one case."""
        destination = self._held(destination_id, now)
        if destination is None:
            return []
        if destination.failures:
            limit = 1
        rows = list(self._session.scalars(_first_of_each_case(destination_id, now, limit)))
        if not rows:
            return []
        lease = uuid4()
        self._session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id.in_([row.id for row in rows]))
            .values(lease=lease, leased_until=leased_until)
        )
        return [Claim(to_delivery(row), destination, lease, leased_until) for row in rows]

    def _held(self, destination_id: UUID, now: datetime) -> Destination | None:
        """The destination, locked; None where another process has it, or it may not be sent to."""
        if self._session.get_bind().dialect.name == "sqlite":
            # Writing takes SQLite's one lock; reading with a lock is not known there.
            hold_destination(self._session, destination_id)
        query = (
            select(DestinationRow)
            .where(DestinationRow.id == destination_id, _IS_THERE, *_speakable(now))
            # Not against the key's share lock that the insert of a delivery takes.
            .with_for_update(skip_locked=True, key_share=True)
        )
        row = self._session.scalar(query)
        return to_destination(row) if row else None

    def settle(
        self, claim: Claim, delivery: Delivery, destination: Destination, now: datetime
    ) -> bool:
        """By the lease: what another holds by now, or an administrator has moved, stays."""
        settled = self._session.scalar(
            update(DeliveryRow)
            .where(DeliveryRow.id == delivery.id, DeliveryRow.lease == claim.lease)
            .values(**standing(delivery), leased_until=None)
            .returning(DeliveryRow.id)
        )
        self._note_trouble(claim.destination, destination)
        if claim.destination.failures >= OUTAGE_FAILURES and not destination.failures:
            self._bring_forward(destination.id, now)
        return settled is not None

    def _note_trouble(self, before: Destination, after: Destination) -> None:
        old, new = from_destination(before), from_destination(after)
        if changed := {name: new[name] for name in new if new[name] != old[name]}:
            self._session.execute(
                update(DestinationRow).where(DestinationRow.id == after.id).values(**changed)
            )

    def _bring_forward(self, destination_id: UUID, now: datetime) -> None:
        """The receiver is back: what failed because it was away need not wait any longer."""
        self._session.execute(
            update(DeliveryRow)
            .where(
                DeliveryRow.destination_id == destination_id,
                DeliveryRow.state == WAITING,
                DeliveryRow.attempts > 0,
                DeliveryRow.refusals == 0,
            )
            .values(next_attempt_at=now)
        )

    def release(self, claims: Collection[Claim]) -> None:
        """Those of them that are still held under the same lease."""
        for claim in claims:
            self._session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.id == claim.delivery.id, DeliveryRow.lease == claim.lease)
                .values(lease=None, leased_until=None)
            )


_IS_THERE = DestinationRow.removed_at.is_(None)


def hold_destination(session: Session, destination_id: UUID) -> None:
    """Write the row as it is: on PostgreSQL that locks it, on SQLite the whole database."""
    session.execute(
        update(DestinationRow)
        .where(DestinationRow.id == destination_id)
        .values(name=DestinationRow.name)
    )


def _speakable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    paused = DestinationRow.paused_until
    return DestinationRow.enabled.is_(True), or_(paused.is_(None), paused <= now)


def _sendable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    until = DeliveryRow.leased_until
    return (
        DeliveryRow.state == WAITING,
        DeliveryRow.next_attempt_at <= now,
        or_(until.is_(None), until <= now),
    )


def _first_of_each_case(destination_id: UUID, now: datetime, limit: int) -> Select[DeliveryRow]:
    """Deliveries with nothing unsettled before them in their case, and nothing of it in flight."""
    other = aliased(DeliveryRow)
    in_the_way = select(other.id).where(
        other.destination_id == DeliveryRow.destination_id,
        other.case_id == DeliveryRow.case_id,
        other.id != DeliveryRow.id,
        or_(
            and_(other.sequence < DeliveryRow.sequence, other.state.in_(BLOCKING)),
            other.leased_until > now,
        ),
    )
    return (
        select(DeliveryRow)
        .where(DeliveryRow.destination_id == destination_id, *_sendable(now), ~in_the_way.exists())
        .order_by(DeliveryRow.next_attempt_at, DeliveryRow.id)
        .limit(limit)
        .options(joinedload(DeliveryRow.event))
        .with_for_update(of=DeliveryRow, skip_locked=True)
    )


def _first_delivery(event: OutboxEvent, destination: Destination, now: datetime) -> DeliveryRow:
    return DeliveryRow(
        id=uuid7(),
        event_id=event.id,
        destination_id=destination.id,
        case_id=event.case_id,
        sequence=event.sequence,
        state=WAITING,
        attempts=0,
        refusals=0,
        next_attempt_at=now,
    )
