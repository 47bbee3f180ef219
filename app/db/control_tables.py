"""The tables of control slides. `migrations/` makes them; a test holds both together."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Float, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables import Row


class ControlSetRow(Row):
    """A set of cells that never changes."""

    __tablename__ = "control_sets"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))
    cell_count: Mapped[int]
    is_daily: Mapped[bool]
    retired_at: Mapped[datetime | None]


class ControlCellRow(Row):
    """One cell of a set: a copy, so that no case can change it."""

    __tablename__ = "control_cells"

    set_id: Mapped[UUID] = mapped_column(ForeignKey("control_sets.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    group_name: Mapped[str] = mapped_column(String(200))
    cell: Mapped[dict[str, Any]]


class SetRunRow(Row):
    """A set was read. The unique key lets one worker alone begin a day's run."""

    __tablename__ = "control_runs"
    __table_args__ = (UniqueConstraint("set_id", "due_on", "first_digest"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    set_id: Mapped[UUID] = mapped_column(ForeignKey("control_sets.id"))
    kind: Mapped[str] = mapped_column(String(20), index=True)
    first_digest: Mapped[str] = mapped_column(ForeignKey("bundles.digest"))
    second_digest: Mapped[str | None] = mapped_column(ForeignKey("bundles.digest"))
    due_on: Mapped[date | None]
    started_at: Mapped[datetime]
    started_by: Mapped[str] = mapped_column(String(200))
    finished_at: Mapped[datetime | None]
    provider: Mapped[str | None] = mapped_column(String(100))
    baseline_id: Mapped[UUID | None] = mapped_column(ForeignKey("control_runs.id"))
    counts: Mapped[dict[str, Any] | None]
    moved: Mapped[list[Any] | None]
    largest_shift: Mapped[float | None] = mapped_column(Float(53))
    problem: Mapped[str | None] = mapped_column(Text)


class SetReadingRow(Row):
    """What a bundle says of one cell of a set: append-only."""

    __tablename__ = "control_readings"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("control_runs.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("bundles.digest"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    pmn_probability: Mapped[float | None] = mapped_column(Float(53))
    probabilities: Mapped[dict[str, Any]]
    novelty: Mapped[float | None] = mapped_column(Float(53))
    failure: Mapped[str | None] = mapped_column(Text)
