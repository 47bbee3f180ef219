"""The audit: written with what it tells of, read in the order of its chain."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from app.domain.audit import AuditEntry, AuditEvent, AuditHead, Outcome


@dataclass(frozen=True)
class AuditFilter:
    """Which entries; None does not ask.

    Parameters
    ----------
    action
        The name of an act, or the part before its dot: `case` for all acts on cases.
    since, until
        From the first moment on, and before the second.
    site_ids
        Leaves out what is about a case of another site; entries without a case stay.
    """

    account_id: UUID | None = None
    case_id: UUID | None = None
    action: str | None = None
    outcome: Outcome | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    site_ids: frozenset[UUID] | None = None


class AuditRepository(Protocol):
    """Append-only. What was noted is chained and written as the last act of the transaction."""

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
        """Tell what whoever acts does in this transaction; values must be JSON, and no patient."""

    def add(self, events: Sequence[AuditEvent]) -> None:
        """Append events that were made elsewhere."""

    def page(self, chosen: AuditFilter, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """Entries, newest first, with a sequence below `before`."""

    def all(
        self, chosen: AuditFilter | None = None, *, after: int | None = None
    ) -> Iterator[AuditEntry]:
        """Entries in the order of the chain, read in pieces; those behind a place, or all."""

    def head(self) -> AuditHead:
        """Where the chain was last written to."""
