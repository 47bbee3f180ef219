"""Everything that is stored of one case: what moves with it to another instance."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.case import Case, Upload
from app.domain.cell import Cell
from app.domain.discussion import Comment
from app.domain.order import PlacedOrder
from app.domain.review import CellReview, Reading
from app.domain.signing import SignedVersion


@dataclass(frozen=True)
class BundleRecord:
    """A bundle that read the case: the JSON of its manifest and of its screening rule."""

    digest: str
    manifest: Mapping[str, Any]
    rule: Mapping[str, Any]


@dataclass(frozen=True)
class FindingRecord:
    """The probability (0-1) of one label on one cell; `novelty` stands with the label `pmn`."""

    cell_id: UUID
    bundle_digest: str
    label: str
    probability: float
    novelty: float | None
    found_at: datetime


@dataclass(frozen=True)
class FailureRecord:
    """A cell that a bundle could not classify, and why."""

    cell_id: UUID
    bundle_digest: str
    reason: str
    failed_at: datetime


@dataclass(frozen=True)
class PersonRecord:
    """Who read, wrote or signed; an account's name, and the name as it is printed."""

    id: UUID
    name: str
    printed_name: str


@dataclass(frozen=True)
class ReadingRecord:
    """Who had a reading, by whom it was given, and when it was finished."""

    reading: Reading
    reader_id: UUID
    assigned_by: UUID
    assigned_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class InterpretationRecord:
    """One text that stood under the numbers; the latest key holds."""

    id: UUID
    author_id: UUID
    at: datetime
    text: str


@dataclass(frozen=True)
class AmendmentRecord:
    """A signed case that was opened again; `closed_at` is None while it is open."""

    id: UUID
    opened_by: UUID
    opened_at: datetime
    reason: str
    closed_at: datetime | None


@dataclass(frozen=True)
class CaseRecords:
    """One case with everything that belongs to it but the pictures.

    Parameters
    ----------
    cells
        By ordinal.
    bundles
        The one that the case is reported with, and those that readers saw.
    findings, failures
        Of the bundle that the case is reported with: a report never mixes two.
    reviews
        By sequence.
    versions
        By number.
    order
        The numbers under which results go back; None where nobody ordered the case by message, and
        in archives of before they were kept.
    """

    case: Case
    uploads: tuple[Upload, ...]
    cells: tuple[Cell, ...]
    bundles: tuple[BundleRecord, ...]
    findings: tuple[FindingRecord, ...]
    failures: tuple[FailureRecord, ...]
    people: tuple[PersonRecord, ...]
    reviews: tuple[CellReview, ...]
    readings: tuple[ReadingRecord, ...]
    comments: tuple[Comment, ...]
    interpretations: tuple[InterpretationRecord, ...]
    versions: tuple[SignedVersion, ...]
    amendments: tuple[AmendmentRecord, ...]
    order: PlacedOrder | None = None


def people_of(records: CaseRecords) -> frozenset[UUID]:
    """Every account that the records name."""
    return frozenset(
        [review.reader_id for review in records.reviews]
        + [person for item in records.readings for person in (item.reader_id, item.assigned_by)]
        + [comment.author_id for comment in records.comments]
        + [item.author_id for item in records.interpretations]
        + [version.signature.signer_id for version in records.versions]
        + [amendment.opened_by for amendment in records.amendments]
    )
