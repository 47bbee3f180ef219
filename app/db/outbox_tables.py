"""The tables of the outbox. `migrations/` makes them; a test holds both together."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.tables import Row


class DestinationRow(Row):
    """A system that is told; a removed one stays for the sake of its deliveries."""

    __tablename__ = "destinations"
    __table_args__ = (UniqueConstraint("kind", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    events: Mapped[list[Any]]
    config: Mapped[dict[str, Any]]
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites.id"))
    enabled: Mapped[bool]
    created_at: Mapped[datetime]
    failures: Mapped[int]
    paused_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    removed_at: Mapped[datetime | None]


class OutboxEventRow(Row):
    """Something that happened to a case; never changed."""

    __tablename__ = "outbox_events"
    __table_args__ = (UniqueConstraint("case_id", "sequence"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(20))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    sequence: Mapped[int]
    occurred_at: Mapped[datetime]
    bundle_digest: Mapped[str] = mapped_column(String(64))
    read_count: Mapped[int]
    version: Mapped[int | None]
    # Given just before the commit; None until then.
    position: Mapped[int | None] = mapped_column(BigInteger, index=True, unique=True)


class OutboxHeadRow(Row):
    """How many events there are; held until a commit, so that places are in that order."""

    __tablename__ = "outbox_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger)


class DeliveryRow(Row):
    """One event on its way to one destination."""

    __tablename__ = "outbox_deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "destination_id"),
        # What is due; what is before it in its case; what an administrator looks at.
        Index(None, "destination_id", "state", "next_attempt_at"),
        Index(None, "destination_id", "case_id", "sequence"),
        Index(None, "destination_id", "state", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("outbox_events.id"))
    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id"))
    # Copies of the event's: the order within a case is asked for at every claim.
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    sequence: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int]
    refusals: Mapped[int]
    next_attempt_at: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    settled_at: Mapped[datetime | None]
    lease: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]

    event: Mapped[OutboxEventRow] = relationship(lazy="raise")
