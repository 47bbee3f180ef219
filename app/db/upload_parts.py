"""Files in the making, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from app.db.mapping import from_upload_part, to_upload_part
from app.db.tables import UploadPartRow
from app.domain.errors import NotFound
from app.domain.message import message
from app.domain.upload_part import PART_LIFETIME, UploadPart


class SqlUploadPartRepository:
    """`UploadPartRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, part: UploadPart) -> None:
        """Insert at once."""
        self._session.add(from_upload_part(part))
        self._session.flush()

    def get(self, part_id: UUID, case_id: UUID, user_id: UUID) -> UploadPart:
        """One file in the making; another case's or person's is not there."""
        row = self._session.get(UploadPartRow, part_id)
        if row is None or (row.case_id, row.user_id) != (case_id, user_id):
            raise NotFound(message("There is no such upload in the making. Choose the file again."))
        return to_upload_part(row)

    def set_offset(self, part_id: UUID, offset_bytes: int, updated_at: datetime) -> None:
        """Note how many bytes are stored."""
        self._session.execute(
            update(UploadPartRow)
            .where(UploadPartRow.id == part_id)
            .values(offset_bytes=offset_bytes, updated_at=updated_at)
        )

    def remove(self, part_id: UUID, *, left_before: datetime | None = None) -> bool:
        """Forget it; of two that try at once, one learns that it did."""
        # The keys of the rows that went, since not every driver counts them.
        query = delete(UploadPartRow).where(UploadPartRow.id == part_id).returning(UploadPartRow.id)
        if left_before is not None:
            query = query.where(UploadPartRow.updated_at < left_before)
        return self._session.scalar(query) is not None

    def all_of(self, case_id: UUID) -> Sequence[UploadPart]:
        """By the time at which they began."""
        return self._read(UploadPartRow.case_id == case_id)

    def complete(self) -> Sequence[UploadPart]:
        """Those whose every byte is there, the oldest first."""
        return self._read(UploadPartRow.offset_bytes == UploadPartRow.size_bytes)

    def expired(self, now: datetime) -> Sequence[UploadPart]:
        """Those that no byte has reached for longer than `PART_LIFETIME`."""
        return self._read(UploadPartRow.updated_at < now - PART_LIFETIME)

    def ids(self) -> set[UUID]:
        """Of all that are in the making."""
        return set(self._session.scalars(select(UploadPartRow.id)))

    def cases_in_progress(self) -> set[UUID]:
        """Cases that have a file in the making."""
        return set(self._session.scalars(select(UploadPartRow.case_id).distinct()))

    def _read(self, condition: ColumnElement[bool]) -> list[UploadPart]:
        query = select(UploadPartRow).where(condition).order_by(UploadPartRow.id)
        return [to_upload_part(row) for row in self._session.scalars(query)]
