"""The audit in SQL: one chain, to which writers append in turn."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, insert, select, update
from sqlalchemy.orm import Session

from app.db.audit_tables import AuditHeadRow, AuditRow
from app.db.tables import CaseRow
from app.domain.audit import (
    Actor,
    ActorKind,
    AuditEntry,
    AuditEvent,
    AuditHead,
    Outcome,
    chain,
)
from app.ports.audit import AuditFilter
from app.services.acting import acting, noted

PIECE = 5000
HEAD = 1


class SqlAuditRepository:
    """`AuditRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._noted: list[AuditEvent] = []

    def note(
        self,
        action: str,
        *,
        case_id: UUID | None = None,
        subject: str | None = None,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        outcome: Outcome = Outcome.DONE,
    ) -> None:
        """Keep it for `flush`."""
        now = datetime.now(UTC)
        event = AuditEvent(now, acting(), action, outcome, case_id, subject, before, after)
        self._noted.append(event)

    def flush(self, on_commit: Callable[[Callable[[], None]], None]) -> None:
        """Chain what was noted. The last act before the commit: from here on others wait."""
        if self._noted:
            self.add(self._noted)
            self._noted = []
            on_commit(noted)

    def add(self, events: Sequence[AuditEvent]) -> None:
        """Append; the head's row is locked until the transaction ends, so that places are unique.

        Writing the row is what locks it: SQLite knows no other way.
        """
        grown = (
            update(AuditHeadRow)
            .where(AuditHeadRow.id == HEAD)
            .values(count=AuditHeadRow.count + len(events))
            .returning(AuditHeadRow.count, AuditHeadRow.hash)
        )
        count, last = self._session.execute(grown).one()
        entries = chain(AuditHead(count - len(events), last), events)
        self._session.execute(insert(AuditRow), [_to_row(entry) for entry in entries])
        closed = update(AuditHeadRow).where(AuditHeadRow.id == HEAD)
        self._session.execute(closed.values(hash=entries[-1].hash))

    def page(self, chosen: AuditFilter, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """Newest first."""
        query = select(AuditRow).where(*_conditions(chosen))
        if before is not None:
            query = query.where(AuditRow.sequence < before)
        query = query.order_by(AuditRow.sequence.desc()).limit(limit)
        return [_to_entry(row) for row in self._session.scalars(query)]

    def all(
        self, chosen: AuditFilter | None = None, *, after: int | None = None
    ) -> Iterator[AuditEntry]:
        """In pieces by sequence, as plain rows: a session would keep a million objects."""
        query = select(*AuditRow.__table__.c).where(*_conditions(chosen or AuditFilter()))
        query = query.order_by(AuditRow.sequence).limit(PIECE)
        while True:
            # Without a place from the lowest on: who writes below 1 is to be found.
            piece = query if after is None else query.where(AuditRow.sequence > after)
            rows = self._session.execute(piece).all()
            yield from map(_to_entry, rows)
            if len(rows) < PIECE:
                return
            after = rows[-1].sequence

    def head(self) -> AuditHead:
        """Of its row."""
        row = self._session.get_one(AuditHeadRow, HEAD, populate_existing=True)
        return AuditHead(row.count, row.hash)


def _conditions(chosen: AuditFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.account_id:
        found.append(AuditRow.account_id == chosen.account_id)
    if chosen.case_id:
        found.append(AuditRow.case_id == chosen.case_id)
    if chosen.action:
        is_group = "." not in chosen.action
        found.append(
            AuditRow.action.startswith(f"{chosen.action}.", autoescape=True)
            if is_group
            else AuditRow.action == chosen.action
        )
    if chosen.outcome:
        found.append(AuditRow.outcome == chosen.outcome.value)
    if chosen.subject:
        found.append(AuditRow.subject == chosen.subject)
    if chosen.since:
        found.append(AuditRow.at >= chosen.since)
    if chosen.until:
        found.append(AuditRow.at < chosen.until)
    if chosen.site_ids is not None:
        elsewhere = CaseRow.site_id.not_in(chosen.site_ids)
        found.append(~exists().where(CaseRow.id == AuditRow.case_id, elsewhere))
    return found


def _to_row(entry: AuditEntry) -> dict[str, Any]:
    event, actor = entry.event, entry.event.actor
    return {
        "sequence": entry.sequence,
        "at": event.at,
        "actor_kind": actor.kind.value,
        "actor_name": actor.name,
        "account_id": actor.account_id,
        "role": actor.role,
        "address": actor.address,
        "request_id": actor.request_id,
        "action": event.action,
        "outcome": event.outcome.value,
        "case_id": event.case_id,
        "subject": event.subject,
        "before": _to_text(event.before),
        "after": _to_text(event.after),
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }


def _to_entry(row: Any) -> AuditEntry:
    actor = Actor(
        kind=ActorKind(row.actor_kind),
        name=row.actor_name,
        account_id=row.account_id,
        role=row.role,
        address=row.address,
        request_id=row.request_id,
    )
    event = AuditEvent(
        at=row.at,
        actor=actor,
        action=row.action,
        outcome=Outcome(row.outcome),
        case_id=row.case_id,
        subject=row.subject,
        before=_from_text(row.before),
        after=_from_text(row.after),
    )
    return AuditEntry(row.sequence, event, row.previous_hash, row.hash)


def _to_text(content: Mapping[str, Any] | None) -> str | None:
    return None if content is None else json.dumps(content, ensure_ascii=False, sort_keys=True)


def _from_text(text: str | None) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = None if text is None else json.loads(text)
    return found
