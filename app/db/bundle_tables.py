"""The tables of what runs where. `migrations/` makes them; a test holds both together."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables import Row


class BundleSwitchRow(Row):
    """From a moment on another bundle is active, or in shadow: append-only.

    `by_id` is NULL where it was done with a command on the server.
    """

    __tablename__ = "bundle_switches"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(String(20), index=True)
    digest: Mapped[str | None] = mapped_column(ForeignKey("bundles.digest"))
    at: Mapped[datetime]
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    by_name: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)


class CaseBundleRow(Row):
    """The bundle that a case stands on."""

    __tablename__ = "case_bundles"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("bundles.digest"))
    since: Mapped[datetime]
    is_chosen: Mapped[bool]


class ReclassificationRow(Row):
    """A case was given to another bundle, by whom and why: append-only."""

    __tablename__ = "reclassifications"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    from_digest: Mapped[str | None] = mapped_column(ForeignKey("bundles.digest"))
    to_digest: Mapped[str] = mapped_column(ForeignKey("bundles.digest"))
    by_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    by_name: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
