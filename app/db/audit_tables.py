"""The tables of the audit. `migrations/` makes them; a test holds both together."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables import Row


class AuditRow(Row):
    """One act in its place in the chain: written once, never changed.

    No foreign keys: what an entry tells of may be erased, the entry stays.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index(None, "case_id", "sequence"),
        Index(None, "account_id", "sequence"),
        Index(None, "action", "sequence"),
        Index(None, "at"),
    )

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_name: Mapped[str] = mapped_column(String(200))
    account_id: Mapped[UUID | None]
    role: Mapped[str | None] = mapped_column(String(40))
    address: Mapped[str | None] = mapped_column(String(100))
    request_id: Mapped[str | None] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(60))
    outcome: Mapped[str] = mapped_column(String(20))
    case_id: Mapped[UUID | None]
    subject: Mapped[str | None] = mapped_column(Text)
    # As text: a database that stores JSON in a form of its own would give back another text.
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Row):
    """Where the chain ends; one row, which writers take turns to hold."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
