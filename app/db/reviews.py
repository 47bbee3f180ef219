"""Readers' decisions and readings in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.orm import Session, joinedload

from app.db.tables import CaseReadingRow, CellReviewRow, UserRow
from app.domain.abnormality import Abnormality
from app.domain.finding import Exclusion
from app.domain.review import Act, CellReview, Decision, Reading
from app.domain.signing import ReadingState
from app.domain.user import User

_REVIEW_COLUMNS = (*CellReviewRow.__table__.columns, UserRow.full_name, UserRow.name)


class SqlReviewRepository:
    """`ReviewRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_case(self, case_id: UUID) -> Sequence[CellReview]:
        """By sequence."""
        # Columns, not objects: a case has a thousand of them, read anew with every decision.
        query = (
            select(*_REVIEW_COLUMNS)
            .join(UserRow, UserRow.id == CellReviewRow.reader_id)
            .where(CellReviewRow.case_id == case_id)
            .order_by(CellReviewRow.sequence)
        )
        return [_to_review(row) for row in self._session.execute(query)]

    def last_sequence(self, case_id: UUID) -> int:
        """0 without events."""
        query = select(func.max(CellReviewRow.sequence)).where(CellReviewRow.case_id == case_id)
        return self._session.scalar(query) or 0

    def add(self, reviews: Sequence[CellReview]) -> None:
        """Insert in bulk."""
        if reviews:
            self._session.execute(insert(CellReviewRow), [_from_review(item) for item in reviews])

    def readings(self, case_id: UUID) -> Mapping[Reading, ReadingState]:
        """By reading."""
        query = (
            select(CaseReadingRow)
            .where(CaseReadingRow.case_id == case_id)
            .options(joinedload(CaseReadingRow.reader))
            # They are written by statements that the session does not follow.
            .execution_options(populate_existing=True)
        )
        return {
            Reading(row.reading): ReadingState(
                row.reader_id,
                row.reader.full_name or row.reader.name,
                row.assigned_at,
                row.finished_at,
            )
            for row in self._session.scalars(query)
        }

    def assign(self, case_id: UUID, reading: Reading, reader: User, by: User, at: datetime) -> None:
        """Replace the row."""
        self.withdraw(case_id, reading)
        values = {
            "case_id": case_id,
            "reading": reading.value,
            "reader_id": reader.id,
            "assigned_by": by.id,
            "assigned_at": at,
            "finished_at": None,
        }
        self._session.execute(insert(CaseReadingRow), [values])

    def finish(self, case_id: UUID, reading: Reading, at: datetime | None) -> None:
        """Set or clear the time."""
        self._session.execute(
            update(CaseReadingRow)
            .where(CaseReadingRow.case_id == case_id, CaseReadingRow.reading == reading.value)
            .values(finished_at=at)
        )

    def withdraw(self, case_id: UUID, reading: Reading) -> None:
        """Delete the row."""
        self._session.execute(
            delete(CaseReadingRow).where(
                CaseReadingRow.case_id == case_id, CaseReadingRow.reading == reading.value
            )
        )


def _to_review(row: Row[Any]) -> CellReview:
    return CellReview(
        id=row.id,
        case_id=row.case_id,
        sequence=row.sequence,
        cell_id=row.cell_id,
        reading=Reading(row.reading),
        reader_id=row.reader_id,
        reader_name=row.full_name or row.name,
        at=row.at,
        act=Act(row.act),
        label=Abnormality(row.label) if row.label else None,
        decision=_to_decision(row),
        action_id=row.action_id,
        undoes=row.undoes,
        bundle_digest=row.bundle_digest,
    )


def _to_decision(row: Row[Any]) -> Decision | None:
    if not row.is_decided:
        return None
    exclusion = Exclusion(row.exclusion) if row.exclusion else None
    return Decision(exclusion, frozenset(map(Abnormality, row.abnormalities)))


def _from_review(review: CellReview) -> dict[str, Any]:
    decision = review.decision
    return {
        "id": review.id,
        "case_id": review.case_id,
        "sequence": review.sequence,
        "cell_id": review.cell_id,
        "reading": review.reading.value,
        "reader_id": review.reader_id,
        "at": review.at,
        "act": review.act.value,
        "label": review.label.value if review.label else None,
        "is_decided": decision is not None,
        "exclusion": decision.exclusion.value if decision and decision.exclusion else None,
        "abnormalities": sorted(decision.abnormalities) if decision else [],
        "action_id": review.action_id,
        "undoes": review.undoes,
        "bundle_digest": review.bundle_digest,
    }
