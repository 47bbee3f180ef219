"""The audit, read: the check of its chain, and what is exported of it."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from app.domain.audit import AuditEntry, AuditHead, Break, ChainCheck
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.ports import AuditFilter, Transaction

EACH = 10_000
_HEAD = re.compile(r"(?<![0-9])([0-9]{1,18}):([0-9a-f]{64})(?![0-9a-f])")


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
    known: Iterable[AuditHead] = (),
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Walk the whole chain.

    Parameters
    ----------
    known
        Ends of the chain that were noted elsewhere: those entries must still be there as they were.
    progress
        Called now and then with the number of entries that were looked at.
    """
    check, after = ChainCheck(known), None
    while True:
        for entry in transaction.audit.all(after=after):
            if check.add(entry):
                break
            if progress and not entry.sequence % EACH:
                progress(entry.sequence)
        # After the entries, none of which may stand behind it; what was appended meanwhile follows.
        head, seen = transaction.audit.head(), check.head.count
        if check.found or head.count <= seen or seen == after:
            return Verdict(head, check.end(head))
        after = seen


def shown_head(head: AuditHead) -> str:
    """An end of the chain to be kept elsewhere, ``COUNT:HASH``."""
    return f"{head.count}:{head.hash}"


def read_heads(text: str) -> list[AuditHead]:
    """Every end of the chain that stands in a text: one that was printed, or a whole log.

    Raises
    ------
    InvalidInput
        If there is none.
    """
    found = [AuditHead(int(count), digest) for count, digest in _HEAD.findall(text)]
    if not found:
        raise InvalidInput(
            message("Give the end of the chain as it was printed: a number, a colon and 64 digits.")
        )
    return found


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
