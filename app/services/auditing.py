"""The audit, read: the check of its chain, and what is exported of it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.domain.audit import GENESIS, AuditEntry, AuditHead, Break, ChainCheck
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.ports import AuditFilter, Transaction

EACH = 10_000


@dataclass(frozen=True)
class Verdict:
    """What the check of the chain found.

    Parameters
    ----------
    head
        Where the chain ends; to be kept elsewhere and compared with later.
    found
        The first place where the chain does not hold; None where it holds.
    """

    head: AuditHead
    found: Break | None


def verify(
    transaction: Transaction,
    *,
    known: AuditHead | None = None,
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Walk the whole chain.

    Parameters
    ----------
    known
        An end of the chain that was noted elsewhere: the entry must still be there as it was.
    progress
        Called now and then with the number of entries that were looked at.
    """
    check = ChainCheck(known)
    # Before the entries: what is appended meanwhile must not look like a wrong end.
    head = transaction.audit.head()
    for entry in transaction.audit.all():
        if entry.sequence > head.count or check.add(entry):
            break
        if progress and not entry.sequence % EACH:
            progress(entry.sequence)
    return Verdict(head, check.end(head))


def read_head(text: str) -> AuditHead:
    """An end of the chain as `vexascope audit verify` prints it, ``COUNT:HASH``.

    Raises
    ------
    InvalidInput
        If it is none.
    """
    count, _, digest = text.partition(":")
    if not count.isdecimal() or len(digest) != len(GENESIS):
        raise InvalidInput(
            message("Give the end of the chain as it was printed: a number, a colon and 64 digits.")
        )
    return AuditHead(int(count), digest)


def export(transaction: Transaction, chosen: AuditFilter) -> Iterator[str]:
    """Entries as lines of JSON, in the order of the chain."""
    for entry in transaction.audit.all(chosen):
        yield json.dumps(as_json(entry), ensure_ascii=False)


def as_json(entry: AuditEntry) -> dict[str, object]:
    """All that is kept of an entry."""
    event, actor = entry.event, entry.event.actor
    return {
        "sequence": entry.sequence,
        "at": event.at.isoformat(timespec="microseconds"),
        "actor": {
            "kind": actor.kind.value,
            "name": actor.name,
            "account_id": str(actor.account_id) if actor.account_id else None,
            "role": actor.role,
            "address": actor.address,
            "request_id": actor.request_id,
        },
        "action": event.action,
        "outcome": event.outcome.value,
        "case_id": str(event.case_id) if event.case_id else None,
        "subject": event.subject,
        "before": event.before,
        "after": event.after,
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }
