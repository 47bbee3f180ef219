"""The tables of erasures. `migrations/` makes them; a test holds both together."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables import Row


class ErasureRow(Row):
    """The proof of an erasure. Without foreign keys: it outlives what it tells of."""

    __tablename__ = "erasures"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID | None]
    site_id: Mapped[UUID] = mapped_column(index=True)
    cases: Mapped[list[Any]]
    cause: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    erased_by: Mapped[str] = mapped_column(String(200))
    erased_at: Mapped[datetime]
    image_count: Mapped[int]
    shared_count: Mapped[int]
    removed_at: Mapped[datetime | None]


class ErasedImageRow(Row):
    """An image that is to be removed from the object store, or was a short while ago."""

    __tablename__ = "erased_images"

    pixel_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    erasure_id: Mapped[UUID] = mapped_column(ForeignKey("erasures.id"), index=True)
    removed_at: Mapped[datetime | None]
