"""Search texts and saved filters of the worklist in SQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.db.inserting import insert_new
from app.db.worklist_tables import SavedFilterRow, WorklistSearchRow
from app.domain.errors import Conflict, NotFound
from app.domain.message import message
from app.domain.worklist import SavedFilter


class SqlFilterRepository:
    """`FilterRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def search_for(self, user_id: UUID, text: str, now: datetime) -> UUID:
        """Insert, or find and note that it was asked for again."""
        row = {"id": uuid7(), "user_id": user_id, "text": text, "used_at": now}
        insert_new(self._session, WorklistSearchRow, [row])
        found = self._session.scalars(
            select(WorklistSearchRow).where(
                WorklistSearchRow.user_id == user_id, WorklistSearchRow.text == text
            )
        ).one()
        found.used_at = now
        return found.id

    def text(self, user_id: UUID, search_id: UUID) -> str:
        """Only to whom it belongs."""
        row = self._session.get(WorklistSearchRow, search_id)
        if row is None or row.user_id != user_id:
            raise NotFound(message("This search is no longer kept. Type it again."))
        return row.text

    def forget_before(self, moment: datetime) -> None:
        """Delete what no saved filter holds."""
        kept = exists().where(SavedFilterRow.search_id == WorklistSearchRow.id)
        self._session.execute(
            delete(WorklistSearchRow).where(WorklistSearchRow.used_at < moment, ~kept)
        )

    def add(self, saved: SavedFilter) -> None:
        """Insert."""
        row = SavedFilterRow(
            id=saved.id,
            user_id=saved.user_id,
            name=saved.name,
            content=dict(saved.content),
            search_id=saved.search_id,
        )
        self._session.add(row)
        try:
            self._session.flush()
        except IntegrityError as error:
            raise _name_taken() from error

    def of_user(self, user_id: UUID) -> Sequence[SavedFilter]:
        """By name."""
        query = select(SavedFilterRow).where(SavedFilterRow.user_id == user_id)
        rows = self._session.scalars(query.order_by(SavedFilterRow.name))
        return [
            SavedFilter(row.id, row.user_id, row.name, row.content, row.search_id) for row in rows
        ]

    def rename(self, user_id: UUID, filter_id: UUID, name: str) -> None:
        """Update the person's own."""
        query = (
            update(SavedFilterRow)
            .where(SavedFilterRow.id == filter_id, SavedFilterRow.user_id == user_id)
            .values(name=name)
            .returning(SavedFilterRow.id)
        )
        try:
            found = self._session.scalar(query)
        except IntegrityError as error:
            raise _name_taken() from error
        if found is None:
            raise NotFound(message("There is no such filter."))

    def remove(self, user_id: UUID, filter_id: UUID) -> None:
        """Delete the person's own."""
        self._session.execute(
            delete(SavedFilterRow).where(
                SavedFilterRow.id == filter_id, SavedFilterRow.user_id == user_id
            )
        )


def _name_taken() -> Conflict:
    return Conflict(message("You have a filter of this name already. Give another name."))
