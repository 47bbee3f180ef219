"""Comments and interpretations in SQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from uuid_utils.compat import uuid7

from app.db.tables import CommentRow, InterpretationRow
from app.domain.discussion import Comment
from app.domain.report import Interpretation
from app.domain.user import User


class SqlDiscussionRepository:
    """`DiscussionRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_comment(self, comment: Comment) -> None:
        """Insert."""
        self._session.add(
            CommentRow(
                id=comment.id,
                case_id=comment.case_id,
                cell_id=comment.cell_id,
                author_id=comment.author_id,
                at=comment.at,
                text=comment.text,
            )
        )
        self._session.flush()

    def comments(self, case_id: UUID) -> Sequence[Comment]:
        """Keys are UUIDv7: by key is by time."""
        query = (
            select(CommentRow)
            .where(CommentRow.case_id == case_id)
            .options(joinedload(CommentRow.author))
            .order_by(CommentRow.id)
        )
        return [_to_comment(row) for row in self._session.scalars(query)]

    def add_interpretation(self, case_id: UUID, text: str, author: User, at: datetime) -> None:
        """Insert."""
        self._session.add(
            InterpretationRow(id=uuid7(), case_id=case_id, author_id=author.id, at=at, text=text)
        )
        self._session.flush()

    def interpretation(self, case_id: UUID) -> Interpretation | None:
        """The newest row; an empty text takes the earlier one back."""
        query = (
            select(InterpretationRow)
            .where(InterpretationRow.case_id == case_id)
            .options(joinedload(InterpretationRow.author))
            .order_by(InterpretationRow.id.desc())
            .limit(1)
        )
        row = self._session.scalar(query)
        if row is None or not row.text:
            return None
        return Interpretation(row.text, row.author.full_name or row.author.name, row.at)

    def interpreters(self, case_id: UUID) -> set[UUID]:
        """Of every row."""
        query = select(InterpretationRow.author_id).where(InterpretationRow.case_id == case_id)
        return set(self._session.scalars(query))


def _to_comment(row: CommentRow) -> Comment:
    return Comment(
        id=row.id,
        case_id=row.case_id,
        cell_id=row.cell_id,
        author_id=row.author_id,
        author_name=row.author.full_name or row.author.name,
        at=row.at,
        text=row.text,
    )
