"""Requests under an Idempotency-Key in SQL."""

import zlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, delete, event, select, update
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from app.db.idempotency_tables import KeyedRequestRow
from app.db.inserting import insert_new
from app.domain.errors import KeyInUse
from app.domain.idempotency import Answer, KeyedRequest
from app.domain.message import message
from app.services.once import Turn, current_turn

FASTEST = 1


class SqlIdempotencyRepository:
    """`IdempotencyRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, request: KeyedRequest) -> bool:
        """Insert; of two at once one is first."""
        row = asdict(request)
        del row["answer"]
        insert_new(self._session, KeyedRequestRow, [row])
        query = select(KeyedRequestRow.id).where(KeyedRequestRow.id == request.id)
        return self._session.scalar(query) is not None

    def find(self, user_id: UUID, key_sha256: str) -> KeyedRequest | None:
        """By account and key."""
        query = select(KeyedRequestRow).where(
            KeyedRequestRow.user_id == user_id, KeyedRequestRow.key_sha256 == key_sha256
        )
        row = self._session.scalar(query)
        return _to_request(row) if row else None

    def take_over(self, left: KeyedRequest, holder: UUID, held_until: datetime) -> bool:
        """Change the holder, unless somebody else has."""
        return self._change(left.id, left.holder, {"holder": holder, "held_until": held_until})

    def extend(self, request_id: UUID, holder: UUID, held_until: datetime) -> None:
        """Move the end on."""
        self._change(request_id, holder, {"held_until": held_until})

    def finish(self, request_id: UUID, holder: UUID, body_sha256: str, answer: Answer) -> None:
        """Store the answer."""
        values = {
            "body_sha256": body_sha256,
            "answer_status": answer.status,
            "answer_headers": dict(answer.headers),
            "answer_body": None if answer.body is None else zlib.compress(answer.body, FASTEST),
        }
        self._change(request_id, holder, values)

    def let_go(self, request_id: UUID, holder: UUID, now: datetime) -> None:
        """Delete what did nothing; of the rest the hold ends."""
        mine = _held_by(request_id, holder)
        self._session.execute(
            delete(KeyedRequestRow).where(mine, KeyedRequestRow.worked_at.is_(None))
        )
        self._change(request_id, holder, {"held_until": now})

    def forget_before(self, started_at: datetime) -> int:
        """Delete."""
        return _changed(
            self._session.execute(
                delete(KeyedRequestRow).where(KeyedRequestRow.started_at <= started_at)
            )
        )

    def withhold_answers(self) -> None:
        """Empty the texts; status and key stay, so that nothing is done twice."""
        self._session.execute(update(KeyedRequestRow).values(answer_body=None))

    def _change(self, request_id: UUID, holder: UUID, values: dict[str, Any]) -> bool:
        query = update(KeyedRequestRow).where(_held_by(request_id, holder)).values(values)
        return bool(_changed(self._session.execute(query)))


def noting_work(session: Session) -> Callable[[], None]:
    """Watch a session of a request under a key; the result is to be called before the commit.

    A transaction that wrote something then also says that the request is done: both are stored or
    neither, so that a crash never leaves work behind that would be done again.
    """
    turn = current_turn()
    if turn is None:
        return lambda: None
    wrote = False

    def executing(state: ORMExecuteState) -> None:
        nonlocal wrote
        wrote = wrote or state.is_insert or state.is_update or state.is_delete

    def flushing(_session: Session, _context: UOWTransaction) -> None:
        nonlocal wrote
        wrote = True

    def note() -> None:
        session.flush()
        if wrote:
            _note_work(session, turn)

    event.listen(session, "do_orm_execute", executing)
    event.listen(session, "after_flush", flushing)
    return note


def _note_work(session: Session, turn: Turn) -> None:
    query = (
        update(KeyedRequestRow)
        .where(_held_by(turn.request_id, turn.holder))
        .values(
            worked_at=datetime.now(UTC),
            location=turn.location,
            work_status=turn.status,
            body_sha256=turn.body_sha256(),
        )
    )
    if not _changed(session.execute(query)):
        # This process stood still for so long that another request does the work by now.
        raise KeyInUse(message("Another request with this Idempotency-Key has taken over."))


def _held_by(request_id: UUID, holder: UUID) -> ColumnElement[bool]:
    return (KeyedRequestRow.id == request_id) & (KeyedRequestRow.holder == holder)


def _changed(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0


def _to_request(row: KeyedRequestRow) -> KeyedRequest:
    return KeyedRequest(
        id=row.id,
        user_id=row.user_id,
        key_sha256=row.key_sha256,
        holder=row.holder,
        started_at=row.started_at,
        held_until=row.held_until,
        body_sha256=row.body_sha256,
        worked_at=row.worked_at,
        location=row.location,
        work_status=row.work_status,
        answer=_to_answer(row),
    )


def _to_answer(row: KeyedRequestRow) -> Answer | None:
    if row.answer_status is None:
        return None
    body = None if row.answer_body is None else zlib.decompress(row.answer_body)
    return Answer(row.answer_status, row.answer_headers or {}, body)
