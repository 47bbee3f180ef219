"""The table of requests under a key. `migrations/` makes it; a test holds both together."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables import Row


class KeyedRequestRow(Row):
    """A request under an Idempotency-Key; `answer_body` is compressed by zlib."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("user_id", "key_sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    key_sha256: Mapped[str] = mapped_column(String(64))
    holder: Mapped[UUID]
    started_at: Mapped[datetime] = mapped_column(index=True)
    held_until: Mapped[datetime]
    body_sha256: Mapped[str | None] = mapped_column(String(64))
    worked_at: Mapped[datetime | None]
    location: Mapped[str | None] = mapped_column(Text)
    work_status: Mapped[int | None]
    answer_status: Mapped[int | None]
    answer_headers: Mapped[dict[str, Any] | None]
    answer_body: Mapped[bytes | None]
