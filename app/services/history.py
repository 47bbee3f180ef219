"""History: the list of cases, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.domain.user import User
from app.ports import Bundle, CaseSummary, Transaction
from app.services.reading import bundle_of


@dataclass(frozen=True)
class CasePage:
    """Some cases, newest first; `next_before` asks for the older ones, None at the end."""

    items: Sequence[CaseSummary]
    next_before: UUID | None


def page_of_cases(
    transaction: Transaction,
    viewer: User,
    before: UUID | None,
    limit: int,
    active: Bundle,
) -> CasePage:
    """Up to `limit` cases of the viewer's sites that are older than `before`.

    The progress of each is under the bundle that its report is made with.
    """
    found = transaction.cases.page(before, limit + 1, active.manifest.digest, viewer.site_ids)
    items = [_as_reported(transaction, item, active) for item in found[:limit]]
    return CasePage(items, items[-1].case.id if len(found) > limit else None)


def _as_reported(transaction: Transaction, item: CaseSummary, active: Bundle) -> CaseSummary:
    """A case that an earlier bundle read alone does not wait for the active one."""
    progress = item.progress
    if not progress.cell_count or progress.pending_count < progress.cell_count:
        return item
    bundle = bundle_of(transaction, item.case.id, active)
    if bundle is active:
        return item
    digest = bundle.manifest.digest
    return replace(item, progress=transaction.cells.progress(item.case.id, digest))
