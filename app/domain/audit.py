"""The audit: who did what, when, from where; each entry is chained to the one before it.

An entry names people of the laboratory and cases by their keys. It never holds a patient's name or
number: entries cannot be taken back, and erasing a patient must leave none behind.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

GENESIS = "0" * 64
"""In place of a hash before the first entry."""


class ActorKind(StrEnum):
    """What acts."""

    PERSON = "person"
    CLIENT = "client"
    """A program with a key."""
    PRODUCT = "product"
    """A job or a command of the product itself."""
    STRANGER = "stranger"
    """Nobody that is known: a refused sign-in, for example."""


class Outcome(StrEnum):
    """What became of it."""

    DONE = "done"
    REFUSED = "refused"
    """Not signed in, not allowed, too often, or not valid."""
    FAILED = "failed"
    """The product could not."""


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where.

    Parameters
    ----------
    account_id, name, role
        Of the account; None where there is none.
    address
        Of the network; None for the product itself.
    request_id
        The number that the log has too.
    """

    kind: ActorKind
    name: str
    account_id: UUID | None = None
    role: str | None = None
    address: str | None = None
    request_id: str | None = None


PRODUCT = Actor(ActorKind.PRODUCT, "vexascope")


@dataclass(frozen=True)
class AuditEvent:
    """One act, before it has its place in the chain.

    Parameters
    ----------
    action
        A stable name, `case.view` for example.
    case_id
        The case that it is about.
    subject
        What else it is about, `user:KEY` for example; never a patient.
    before, after
        What it changed, as JSON; None where nothing changed.
    """

    at: datetime
    actor: Actor
    action: str
    outcome: Outcome = Outcome.DONE
    case_id: UUID | None = None
    subject: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class AuditEntry:
    """One act in its place.

    Parameters
    ----------
    sequence
        1, 2, ... without a gap.
    previous_hash, hash
        SHA-256 in hexadecimal digits; see `chained_hash`.
    """

    sequence: int
    event: AuditEvent
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class AuditHead:
    """Where the chain ends: how many entries, and the hash of the last."""

    count: int
    hash: str


def chained_hash(sequence: int, event: AuditEvent, previous_hash: str) -> str:
    """SHA-256 over the entry's place, its content and the hash before it."""
    content = json.dumps(
        [sequence, previous_hash, *_fields(event)],
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    )
    return hashlib.sha256(content.encode()).hexdigest()


def _fields(event: AuditEvent) -> list[Any]:
    """All that is kept of an event, in a fixed order."""
    actor = event.actor
    return [
        # Microseconds always: the form must not depend on the moment.
        event.at.isoformat(timespec="microseconds"),
        actor.kind.value,
        actor.name,
        str(actor.account_id) if actor.account_id else None,
        actor.role,
        actor.address,
        actor.request_id,
        event.action,
        event.outcome.value,
        str(event.case_id) if event.case_id else None,
        event.subject,
        event.before,
        event.after,
    ]


def chain(head: AuditHead, events: Iterable[AuditEvent]) -> list[AuditEntry]:
    """Give events their places after the end of a chain."""
    entries: list[AuditEntry] = []
    previous = head.hash
    for sequence, event in enumerate(events, head.count + 1):
        entry = AuditEntry(sequence, event, previous, chained_hash(sequence, event, previous))
        entries.append(entry)
        previous = entry.hash
    return entries


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold.

    Parameters
    ----------
    sequence
        Of the entry that is not what was written, or that should stand there.
    """

    sequence: int
    reason: str


class ChainCheck:
    """Walks the chain from its start; entries are given in the order of their sequence.

    Parameters
    ----------
    known
        Ends of the chain that were noted elsewhere, in the past.
    """

    def __init__(self, known: Iterable[AuditHead] = ()) -> None:
        self._known: dict[int, set[str]] = {}
        for head in known:
            self._known.setdefault(head.count, set()).add(head.hash)
        self.head = AuditHead(0, GENESIS)
        self.found: Break | None = None

    def add(self, entry: AuditEntry) -> Break | None:
        """Look at the next entry; the first break that was found, if any."""
        if self.found is None:
            self.found = self._look_at(entry)
            self.head = AuditHead(entry.sequence, entry.hash)
        return self.found

    def end(self, head: AuditHead) -> Break | None:
        """Look whether the chain ends where it was last written to."""
        if self.found is None:
            self.found = self._look_at_end(head)
        return self.found

    def _look_at_end(self, head: AuditHead) -> Break | None:
        noted = max(self._known, default=0)
        if head.count < noted:
            return Break(head.count + 1, "entries that were noted elsewhere were removed")
        if self.head.count < head.count:
            return Break(self.head.count + 1, "entries at the end were removed")
        if self.head.count > head.count:
            return Break(head.count + 1, "an entry was put in after the end of the chain")
        if self.head.hash != head.hash:
            return Break(head.count, "the end of the chain is not the one that was noted")
        return None

    def _look_at(self, entry: AuditEntry) -> Break | None:
        expected = self.head.count + 1
        if entry.sequence < expected:
            return Break(entry.sequence, "an entry was put in where none was written")
        if entry.sequence > expected:
            return Break(expected, "an entry was removed")
        if entry.previous_hash != self.head.hash:
            return Break(entry.sequence, "the entry does not follow the one before it")
        if chained_hash(entry.sequence, entry.event, entry.previous_hash) != entry.hash:
            return Break(entry.sequence, "the entry was changed")
        if self._known.get(entry.sequence, {entry.hash}) != {entry.hash}:
            return Break(entry.sequence, "the entry is not the one that was noted elsewhere")
        return None
