"""The tables of the statistics. `migrations/` makes them; a test holds both together."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Float, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables import Row


class CaseMeasuresRow(Row):
    """What a case adds to the statistics of its week, under the bundle that read it first.

    A copy, written when the last of the case's cells is read: over a year of findings no page
    could add up. `vector` is the mean of the embeddings, 64 numbers of 32 bits, little-endian.
    """

    __tablename__ = "case_measures"
    __table_args__ = (Index(None, "week", "bundle_digest"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    bundle_digest: Mapped[str] = mapped_column(ForeignKey("bundles.digest"))
    received_at: Mapped[datetime]
    week: Mapped[date]
    file_count: Mapped[int]
    refused_count: Mapped[int]
    cell_count: Mapped[int]
    poor_count: Mapped[int]
    familiar_base: Mapped[int]
    unfamiliar_count: Mapped[int]
    pmn_count: Mapped[int]
    pseudo_pelger_count: Mapped[int]
    nuclear_spike_count: Mapped[int]
    vacuole_count: Mapped[int]
    hypogranularity_count: Mapped[int]
    sharpness: Mapped[float | None] = mapped_column(Float(53))
    mean_brightness: Mapped[float | None] = mapped_column(Float(53))
    nucleus_purple_density: Mapped[float | None] = mapped_column(Float(53))
    background_red_log_ratio: Mapped[float | None] = mapped_column(Float(53))
    background_blue_log_ratio: Mapped[float | None] = mapped_column(Float(53))
    novelty: Mapped[float | None] = mapped_column(Float(53))
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)


class CaseOverridesRow(Row):
    """What readers decided otherwise than the classifier on a signed case, as it was signed last.

    `subject` is an abnormality, or `counted`. `reader_id` is NULL for what the report holds.
    """

    __tablename__ = "case_overrides"
    __table_args__ = (
        UniqueConstraint("case_id", "scope", "reader_id", "bundle_digest", "subject"),
        Index(None, "signed_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    scope: Mapped[str] = mapped_column(String(20))
    reader_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    bundle_digest: Mapped[str] = mapped_column(ForeignKey("bundles.digest"))
    subject: Mapped[str] = mapped_column(String(40))
    signed_at: Mapped[datetime]
    called: Mapped[int]
    not_called: Mapped[int]
    removed: Mapped[int]
    added: Mapped[int]
