"""The tables of sites. `migrations/` makes them; a test holds both together."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables import Row


class SiteRow(Row):
    """A laboratory; never removed."""

    __tablename__ = "sites"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    is_active: Mapped[bool]
    created_at: Mapped[datetime]


class UserSiteRow(Row):
    """That an account sees the cases of a site."""

    __tablename__ = "user_sites"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"), primary_key=True)
