"""Who is told, and their deliveries as an administrator sees them, in SQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased, joinedload

from app.db.outbox import WAITING, hold_destination
from app.db.outbox_mapping import from_destination, standing, to_delivery, to_destination
from app.db.outbox_tables import DeliveryRow, DestinationRow
from app.db.tables import CaseRow
from app.domain.errors import Conflict, NotFound
from app.domain.message import message
from app.domain.outbox import Delivery, DeliveryState, Destination, SinkKind

SETTLED = (DeliveryState.DELIVERED.value, DeliveryState.SKIPPED.value)
# What an administrator changes.
_CHANGED = ("name", "events", "site_id", "enabled", "config")


class SqlDestinationRepository:
    """`DestinationRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, destination: Destination) -> None:
        """Insert at once."""
        self._session.add(DestinationRow(**from_destination(destination)))
        try:
            self._session.flush()
        except IntegrityError as error:
            raise _taken() from error

    def get(self, destination_id: UUID) -> Destination:
        """One that is not removed."""
        row = self._session.get(DestinationRow, destination_id, populate_existing=True)
        if row is None or row.removed_at is not None:
            raise _unknown(destination_id)
        return to_destination(row)

    def lock(self, destination_id: UUID) -> None:
        """Whoever claims skips it, and settling waits."""
        hold_destination(self._session, destination_id)

    def all(self, kind: SinkKind) -> Sequence[Destination]:
        """Those of a kind that are not removed."""
        query = select(DestinationRow).where(
            DestinationRow.kind == kind.value, DestinationRow.removed_at.is_(None)
        )
        rows = self._session.scalars(query.order_by(DestinationRow.name))
        return [to_destination(row) for row in rows]

    def change(self, destination: Destination) -> None:
        """Whoever changes it wants to see whether it helps: the pause ends."""
        values = from_destination(destination)
        try:
            changed = self._session.scalar(
                update(DestinationRow)
                .where(DestinationRow.id == destination.id, DestinationRow.removed_at.is_(None))
                .values(**{name: values[name] for name in _CHANGED}, failures=0, paused_until=None)
                .returning(DestinationRow.id)
            )
        except IntegrityError as error:
            raise _taken() from error
        if changed is None:
            raise _unknown(destination.id)

    def remove(self, destination_id: UUID, now: datetime) -> None:
        """The row stays for the sake of its deliveries; its name is free again."""
        self.get(destination_id)
        self._session.execute(
            update(DestinationRow)
            .where(DestinationRow.id == destination_id)
            .values(removed_at=now, enabled=False, config={}, name=str(destination_id))
        )
        self._session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.destination_id == destination_id, DeliveryRow.state == WAITING)
            .values(state=DeliveryState.SKIPPED.value, settled_at=now, lease=None)
        )

    def counts(
        self, destination_id: UUID, site_ids: Collection[UUID] | None = None
    ) -> Mapping[DeliveryState, int]:
        """From the index of states."""
        query = (
            select(DeliveryRow.state, func.count())
            .where(DeliveryRow.destination_id == destination_id, *_of_sites(site_ids))
            .group_by(DeliveryRow.state)
        )
        found = {row[0]: row[1] for row in self._session.execute(query)}
        return {state: found.get(state.value, 0) for state in DeliveryState}

    def last_delivered_at(self, destination_id: UUID) -> datetime | None:
        """The latest settling of a delivered one."""
        query = select(func.max(DeliveryRow.settled_at)).where(
            DeliveryRow.destination_id == destination_id,
            DeliveryRow.state == DeliveryState.DELIVERED.value,
        )
        return self._session.scalar(query)

    def deliveries(
        self,
        destination_id: UUID,
        states: Collection[DeliveryState],
        before: UUID | None,
        limit: int,
        site_ids: Collection[UUID] | None = None,
    ) -> Sequence[Delivery]:
        """Keys are UUIDv7, so descending keys are newest first."""
        query = _DELIVERIES.where(
            DeliveryRow.destination_id == destination_id,
            DeliveryRow.state.in_([state.value for state in states]),
            *_of_sites(site_ids),
        )
        if before is not None:
            query = query.where(DeliveryRow.id < before)
        return self._read(query.order_by(DeliveryRow.id.desc()).limit(limit))

    def delivery(self, destination_id: UUID, delivery_id: UUID) -> Delivery:
        """One, if it is of this destination."""
        query = _DELIVERIES.where(
            DeliveryRow.id == delivery_id, DeliveryRow.destination_id == destination_id
        )
        row = self._session.scalar(query)
        if row is None:
            raise NotFound(message("There is no delivery {delivery}.", delivery=delivery_id))
        return to_delivery(row)

    def from_here_on(self, delivery: Delivery) -> Sequence[Delivery]:
        """By sequence."""
        query = _DELIVERIES.where(
            DeliveryRow.destination_id == delivery.destination_id,
            DeliveryRow.case_id == delivery.event.case_id,
            DeliveryRow.sequence >= delivery.event.sequence,
        )
        return self._read(query.order_by(DeliveryRow.sequence))

    def dead(
        self, destination_id: UUID, site_ids: Collection[UUID] | None = None
    ) -> Sequence[Delivery]:
        """In the order of their keys, which is that of their events within a case."""
        query = _DELIVERIES.where(
            DeliveryRow.destination_id == destination_id,
            DeliveryRow.state == DeliveryState.DEAD.value,
            *_of_sites(site_ids),
        )
        return self._read(query.order_by(DeliveryRow.id))

    def with_settled(self, before: datetime) -> Sequence[UUID]:
        """By the time alone: `forget_settled` looks closer."""
        query = select(DeliveryRow.destination_id).where(_settled_before(DeliveryRow, before))
        return list(self._session.scalars(query.distinct()))

    def forget_settled(self, destination_id: UUID, before: datetime, limit: int) -> int:
        """By cases: what keeps one of a case keeps them all."""
        mine = DeliveryRow.destination_id == destination_id
        over = self._session.scalars(
            select(DeliveryRow.case_id)
            .where(mine, _settled_before(DeliveryRow, before))
            .where(DeliveryRow.case_id.not_in(_kept(destination_id, before)))
            .distinct()
            .limit(limit)
        ).all()
        self._session.execute(delete(DeliveryRow).where(mine, DeliveryRow.case_id.in_(over)))
        return len(over)

    def set_states(self, deliveries: Sequence[Delivery]) -> None:
        """Whoever holds one may not settle it any more, but keeps its case to the lease's end."""
        for delivery in deliveries:
            self._session.execute(
                update(DeliveryRow)
                .where(DeliveryRow.id == delivery.id)
                .values(**standing(delivery))
            )

    def _read(self, query: Select[DeliveryRow]) -> list[Delivery]:
        return [to_delivery(row) for row in self._session.scalars(query)]


def _of_sites(site_ids: Collection[UUID] | None) -> tuple[ColumnElement[bool], ...]:
    """Nothing to ask where every site is seen."""
    if site_ids is None:
        return ()
    return (
        DeliveryRow.case_id.in_(select(CaseRow.id).where(CaseRow.site_id.in_(sorted(site_ids)))),
    )


def _settled_before(row: type[DeliveryRow], before: datetime) -> ColumnElement[bool]:
    return row.state.in_(SETTLED) & (row.settled_at < before)


def _kept(destination_id: UUID, before: datetime) -> Select[UUID]:
    """Cases with a message that is not settled for so long, and the one that was last taken."""
    row = aliased(DeliveryRow)
    last = (
        select(row.id)
        .where(row.destination_id == destination_id, row.state == DeliveryState.DELIVERED.value)
        .order_by(row.settled_at.desc())
        .limit(1)
    )
    other = aliased(DeliveryRow)
    keeps = ~_settled_before(other, before) | (other.id == last.scalar_subquery())
    return select(other.case_id).where(other.destination_id == destination_id, keeps)


_DELIVERIES = select(DeliveryRow).options(joinedload(DeliveryRow.event))


def _unknown(destination_id: UUID) -> NotFound:
    return NotFound(message("There is no destination {destination}.", destination=destination_id))


def _taken() -> Conflict:
    return Conflict(message("There is a destination of this name already. Choose another name."))
