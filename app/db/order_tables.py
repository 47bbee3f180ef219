"""The tables of orders. `migrations/` makes them; a test holds both together."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables import Row


class OrderRow(Row):
    """The order that a case was opened from."""

    __tablename__ = "orders"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    placer_number: Mapped[str] = mapped_column(String(200), index=True)
    filler_number: Mapped[str | None] = mapped_column(String(200))
    collected_at: Mapped[datetime | None]
    collected_precision: Mapped[str | None] = mapped_column(String(10))
    echo: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class ReceivedMessageRow(Row):
    """A message that was accepted, and its answer."""

    __tablename__ = "received_messages"
    __table_args__ = (UniqueConstraint("sender", "control_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column(String(500))
    control_id: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str] = mapped_column(Text)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    received_at: Mapped[datetime]
