"""The tables of API clients. `migrations/` makes them; a test holds both together."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables import Row


class ApiClientRow(Row):
    """What an account of role `system` is beside an account."""

    __tablename__ = "api_clients"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    subject: Mapped[str | None] = mapped_column(String(255), unique=True)


class ClientKeyRow(Row):
    """A key of a client, by its public start and the digest of the whole."""

    __tablename__ = "client_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_clients.user_id"), index=True)
    prefix: Mapped[str] = mapped_column(String(20), unique=True)
    key_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_from: Mapped[str | None] = mapped_column(String(45))
