"""History: the list of cases, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.ports import CaseSummary, Transaction


@dataclass(frozen=True)
class CasePage:
    """Some cases, newest first; `next_before` asks for the older ones, None at the end."""

    items: Sequence[CaseSummary]
    next_before: UUID | None


def page_of_cases(
    transaction: Transaction, before: UUID | None, limit: int, digest: str
) -> CasePage:
    """Up to `limit` cases that are older than `before`."""
    found = transaction.cases.page(before, limit + 1, digest)
    items = found[:limit]
    return CasePage(items, items[-1].case.id if len(found) > limit else None)
