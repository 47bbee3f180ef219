"""The tables. `migrations/` makes them; a test holds both together."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from app.domain.site import DEFAULT_SITE_ID

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone. SQLite keeps none, so every time is stored in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone: it would be read back as another moment."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without its zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Row(DeclarativeBase):
    """All tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


class PatientRow(Row):
    """A patient of a site; `identifier` is a key of `app.db.site_keys`."""

    __tablename__ = "patients"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    identifier: Mapped[str] = mapped_column(String(200), unique=True)
    own_identifier: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str | None] = mapped_column(String(200))
    # As it is searched for; written with the name, by `app.db.mapping.from_name`.
    name_folded: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


class CaseRow(Row):
    """One accession; `accession_number` is a key of `app.db.site_keys`."""

    __tablename__ = "cases"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), index=True)
    accession_number: Mapped[str] = mapped_column(String(200), unique=True)
    own_number: Mapped[str | None] = mapped_column(String(200))
    origin: Mapped[str] = mapped_column(String(20))
    context: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    # Without a foreign key: SQLite adds no such column to a table that has rows.
    site_id: Mapped[UUID] = mapped_column(server_default=DEFAULT_SITE_ID.hex)
    erased_at: Mapped[datetime | None]

    patient: Mapped[PatientRow] = relationship(lazy="raise")


class UploadRow(Row):
    """One delivery of images."""

    __tablename__ = "uploads"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    created_at: Mapped[datetime]
    accepted_count: Mapped[int]
    duplicates: Mapped[list[Any]]
    refused: Mapped[list[Any]]
    file_name: Mapped[str | None] = mapped_column(Text)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)


class UploadPartRow(Row):
    """A file of which some bytes have arrived."""

    __tablename__ = "upload_parts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    file_name: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    offset_bytes: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CellRow(Row):
    """One accepted cell image."""

    __tablename__ = "cells"
    __table_args__ = (
        UniqueConstraint("case_id", "pixel_sha256"),
        UniqueConstraint("case_id", "ordinal"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id"), index=True)
    ordinal: Mapped[int]
    file_name: Mapped[str] = mapped_column(Text)
    content_sha256: Mapped[str] = mapped_column(String(64))
    pixel_sha256: Mapped[str] = mapped_column(String(64))
    width_px: Mapped[int]
    height_px: Mapped[int]
    framing: Mapped[str] = mapped_column(String(20))
    crop_left: Mapped[int]
    crop_top: Mapped[int]
    crop_right: Mapped[int]
    crop_bottom: Mapped[int]
    quality_flags: Mapped[list[Any]]
    quality_measures: Mapped[dict[str, Any]]


class BundleRow(Row):
    """A bundle that ever ran here."""

    __tablename__ = "bundles"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(50))
    manifest: Mapped[dict[str, Any]]
    rule: Mapped[dict[str, Any]]
    first_seen_at: Mapped[datetime]


class FindingRow(Row):
    """One label's probability on one cell under one bundle: append-only.

    The label is an abnormality or `pmn`. The key makes a second run of a job change nothing.
    `novelty` stands on the `pmn` row, of which every read cell has one; NULL where the bundle
    measures none.
    """

    __tablename__ = "findings"

    cell_id: Mapped[UUID] = mapped_column(ForeignKey("cells.id"), primary_key=True)
    bundle_digest: Mapped[str] = mapped_column(ForeignKey("bundles.digest"), primary_key=True)
    label: Mapped[str] = mapped_column(String(40), primary_key=True)
    probability: Mapped[float] = mapped_column(Float(53))
    novelty: Mapped[float | None] = mapped_column(Float(53))
    found_at: Mapped[datetime]


class ClassificationFailureRow(Row):
    """A cell that a bundle could not classify, and why."""

    __tablename__ = "classification_failures"

    cell_id: Mapped[UUID] = mapped_column(ForeignKey("cells.id"), primary_key=True)
    bundle_digest: Mapped[str] = mapped_column(ForeignKey("bundles.digest"), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    failed_at: Mapped[datetime]


class CellEmbeddingRow(Row):
    """Where a cell lies among the others, under one bundle: append-only.

    The bundle comes first in the key, and keys of cells rise with time: so the newest cells of
    a bundle are one stretch of the index. `vector` is 64 numbers of 16 bits, little-endian.
    """

    __tablename__ = "cell_embeddings"

    bundle_digest: Mapped[str] = mapped_column(ForeignKey("bundles.digest"), primary_key=True)
    cell_id: Mapped[UUID] = mapped_column(ForeignKey("cells.id"), primary_key=True)
    vector: Mapped[bytes]


class UserRow(Row):
    """An account."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    role: Mapped[str] = mapped_column(String(40))
    password_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    full_name: Mapped[str | None] = mapped_column(String(200))
    language: Mapped[str | None] = mapped_column(String(10))
    theme: Mapped[str] = mapped_column(String(10))
    tour_seen: Mapped[bool]
    is_active: Mapped[bool] = mapped_column(server_default=true())


class ApiTokenRow(Row):
    """A bearer token, by its digest."""

    __tablename__ = "api_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class CellReviewRow(Row):
    """One event on one cell by a reader: append-only, numbered within the case."""

    __tablename__ = "cell_reviews"
    __table_args__ = (UniqueConstraint("case_id", "sequence"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    sequence: Mapped[int]
    cell_id: Mapped[UUID] = mapped_column(ForeignKey("cells.id"), index=True)
    reading: Mapped[str] = mapped_column(String(20))
    reader_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    act: Mapped[str] = mapped_column(String(20))
    label: Mapped[str | None] = mapped_column(String(40))
    is_decided: Mapped[bool]
    exclusion: Mapped[str | None] = mapped_column(String(40))
    abnormalities: Mapped[list[Any]]
    action_id: Mapped[UUID]
    undoes: Mapped[UUID | None]
    bundle_digest: Mapped[str] = mapped_column(ForeignKey("bundles.digest"))

    reader: Mapped[UserRow] = relationship(lazy="raise")


class CaseReadingRow(Row):
    """Who has the first or the second reading of a case."""

    __tablename__ = "case_readings"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    reading: Mapped[str] = mapped_column(String(20), primary_key=True)
    reader_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    assigned_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    assigned_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    reader: Mapped[UserRow] = relationship(lazy="raise", foreign_keys=[reader_id])


class CommentRow(Row):
    """What somebody wrote about a case, or about one of its cells."""

    __tablename__ = "comments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    cell_id: Mapped[UUID | None] = mapped_column(ForeignKey("cells.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)

    author: Mapped[UserRow] = relationship(lazy="raise")


class InterpretationRow(Row):
    """What stands under the numbers; the latest one holds, the others are its past."""

    __tablename__ = "interpretations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)

    author: Mapped[UserRow] = relationship(lazy="raise")


class ReportVersionRow(Row):
    """One signed report as it was; never changed."""

    __tablename__ = "report_versions"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    signer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    printed_name: Mapped[str] = mapped_column(String(200))
    account_name: Mapped[str] = mapped_column(String(200), server_default="")
    signed_at: Mapped[datetime]
    meaning: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))


class AmendmentRow(Row):
    """A signed case that was opened again; one at a time is open."""

    __tablename__ = "amendments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    opened_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    opened_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
    closed_at: Mapped[datetime | None]

    opener: Mapped[UserRow] = relationship(lazy="raise")


class WorkerRow(Row):
    """When a process that runs jobs was last alive; others take over from a silent one."""

    __tablename__ = "workers"

    executor_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    seen_at: Mapped[datetime]
