"""History: the list of cases, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.domain.bundle_switch import CaseBundle
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
    standing = transaction.case_bundles.of_cases([item.case.id for item in found[:limit]])
    items = [
        _as_reported(transaction, item, active, standing.get(item.case.id))
        for item in found[:limit]
    ]
    return CasePage(items, items[-1].case.id if len(found) > limit else None)


def _as_reported(
    transaction: Transaction, item: CaseSummary, active: Bundle, standing: CaseBundle | None
) -> CaseSummary:
    """A case that stands on another bundle does not wait for the active one."""
    if standing is None:
        bundle = bundle_of(transaction, item.case.id, active)
        digest = bundle.manifest.digest
    else:
        digest = standing.digest
    if digest == active.manifest.digest:
        return item
    return replace(item, progress=transaction.cells.progress(item.case.id, digest))
