"""Sessions of people in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session as SqlSession

from app.db.identity_tables import SessionRow
from app.domain.sign_in import Method, Session


class SqlSessionRepository:
    """`SessionRepository` on one session of the database."""

    def __init__(self, session: SqlSession) -> None:
        self._session = session

    def add(self, session: Session, token_sha256: str) -> None:
        """Insert."""
        self._session.add(
            SessionRow(
                id=session.id,
                token_sha256=token_sha256,
                user_id=session.user_id,
                since=session.since,
                seen_at=session.seen_at,
                address=session.address,
                device=session.device,
                method=session.method.value,
                confirmed_at=session.confirmed_at,
            )
        )
        self._session.flush()

    def by_token(self, token_sha256: str) -> Session | None:
        """By the digest of its token."""
        row = self._session.scalar(
            select(SessionRow).where(SessionRow.token_sha256 == token_sha256)
        )
        return _to_session(row) if row else None

    def of_user(self, user_id: UUID) -> Sequence[Session]:
        """The latest act first."""
        query = (
            select(SessionRow)
            .where(SessionRow.user_id == user_id)
            .order_by(SessionRow.seen_at.desc(), SessionRow.id)
        )
        return [_to_session(row) for row in self._session.scalars(query)]

    def touch(self, session_id: UUID, at: datetime) -> None:
        """Write the time."""
        self._session.execute(
            update(SessionRow).where(SessionRow.id == session_id).values(seen_at=at)
        )

    def set_confirmed(self, session_id: UUID, at: datetime | None) -> None:
        """Write the time of the proof."""
        self._session.execute(
            update(SessionRow).where(SessionRow.id == session_id).values(confirmed_at=at)
        )

    def use_confirmation(self, session_id: UUID, since: datetime) -> bool:
        """One statement, so that of two requests one gets it."""
        statement = (
            update(SessionRow)
            .where(SessionRow.id == session_id, SessionRow.confirmed_at >= since)
            .values(confirmed_at=None)
        )
        return self._changed(statement) == 1

    def end(self, user_id: UUID, session_id: UUID) -> None:
        """Delete it, if it is the account's."""
        self._session.execute(
            delete(SessionRow).where(SessionRow.id == session_id, SessionRow.user_id == user_id)
        )

    def end_all(self, user_id: UUID, *, but: UUID | None = None) -> int:
        """Delete them."""
        statement = delete(SessionRow).where(SessionRow.user_id == user_id)
        if but is not None:
            statement = statement.where(SessionRow.id != but)
        return self._changed(statement)

    def forget(self, seen_before: datetime) -> None:
        """Delete the stale ones."""
        self._session.execute(delete(SessionRow).where(SessionRow.seen_at < seen_before))

    def _changed(self, statement: object) -> int:
        result = self._session.execute(statement)  # type: ignore[call-overload]
        return cast("CursorResult[object]", result).rowcount


def _to_session(row: SessionRow) -> Session:
    return Session(
        id=row.id,
        user_id=row.user_id,
        since=row.since,
        seen_at=row.seen_at,
        address=row.address,
        device=row.device,
        method=Method(row.method),
        confirmed_at=row.confirmed_at,
    )
