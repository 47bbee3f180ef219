"""The tables of the worklist. `migrations/` makes them; a test holds both together."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables import Row
from app.domain.site import DEFAULT_SITE_ID


class WorklistRow(Row):
    """What the worklist shows of a case: a copy, kept true by `app.services.worklist`.

    Folded columns hold what is searched for and sorted by without differences of case.
    """

    __tablename__ = "worklist"
    # One for each way to sort; the last three serve a filter in the order of opening.
    __table_args__ = (
        Index(None, "opened_at", "case_id"),
        Index(None, "accession_folded", "case_id"),
        Index(None, "patient_folded", "case_id"),
        Index(None, "state_rank", "case_id"),
        Index(None, "pmn_count", "case_id"),
        Index(None, "score", "case_id"),
        Index(None, "reader_name", "case_id"),
        Index(None, "state", "opened_at", "case_id"),
        Index(None, "recommendation", "opened_at", "case_id"),
        Index(None, "reader_id", "opened_at", "case_id"),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    accession_number: Mapped[str] = mapped_column(String(200))
    accession_folded: Mapped[str] = mapped_column(Text)
    patient_identifier: Mapped[str] = mapped_column(String(200))
    patient_folded: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(String(20))
    opened_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    state_rank: Mapped[int]
    cell_count: Mapped[int]
    pending_count: Mapped[int]
    failed_count: Mapped[int]
    pmn_count: Mapped[int | None]
    pseudo_pelger_count: Mapped[int | None]
    nuclear_spike_count: Mapped[int | None]
    vacuole_count: Mapped[int | None]
    hypogranularity_count: Mapped[int | None]
    score: Mapped[float | None] = mapped_column(Float(53))
    cut_off: Mapped[float | None] = mapped_column(Float(53))
    recommendation: Mapped[str | None] = mapped_column(String(40))
    reader_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    reader_name: Mapped[str | None] = mapped_column(String(200))
    needs_second: Mapped[bool]
    site_id: Mapped[UUID] = mapped_column(server_default=DEFAULT_SITE_ID.hex)


class WorklistSearchRow(Row):
    """What a person searched the worklist for; addresses hold its random key instead."""

    __tablename__ = "worklist_searches"
    __table_args__ = (UniqueConstraint("user_id", "text"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str] = mapped_column(Text)
    used_at: Mapped[datetime] = mapped_column(index=True)


class SavedFilterRow(Row):
    """A filter of the worklist that a person keeps."""

    __tablename__ = "saved_filters"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(60))
    content: Mapped[dict[str, Any]]
    search_id: Mapped[UUID | None] = mapped_column(ForeignKey("worklist_searches.id"), index=True)
