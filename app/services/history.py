"""History: the cases that somebody may see, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.bundle_switch import CaseBundle
from app.domain.case import Case, Progress
from app.domain.worklist import (
    WorklistEntry,
    WorklistFilter,
    WorklistOrder,
    WorklistPosition,
)
from app.ports import Bundle, CaseSummary, Transaction
from app.services.reading import bundle_of


@dataclass(frozen=True)
class StandingCase:
    """A case, how far its classification is, and its line in the worklist."""

    case: Case
    progress: Progress
    line: WorklistEntry


@dataclass(frozen=True)
class CasePage:
    """Some cases, newest first; `next` is the place of the last one, None at the end."""

    items: Sequence[StandingCase]
    next: WorklistPosition | None


def standing(transaction: Transaction, case: Case, active: Bundle) -> StandingCase:
    """One case, under the bundle that its report is made with."""
    bundle = bundle_of(transaction, case.id, active)
    progress = transaction.cells.progress(case.id, bundle.manifest.digest)
    return StandingCase(case, progress, transaction.worklist.get(case.id))


def page_of_cases(
    transaction: Transaction,
    chosen: WorklistFilter,
    after: WorklistPosition | None,
    limit: int,
    active: Bundle,
) -> CasePage:
    """Up to `limit` cases after a place, newest first.

    The progress of each is under the bundle that its report is made with.
    """
    lines = transaction.worklist.page(chosen, WorklistOrder(), after, limit + 1)
    shown = {line.case_id: line for line in lines[:limit]}
    found = transaction.cases.several(list(shown), active.manifest.digest)
    chosen_for = transaction.case_bundles.of_cases(list(shown))
    items = []
    for item in found:
        key = item.case.id
        read = _as_reported(transaction, item, active, chosen_for.get(key))
        items.append(StandingCase(read.case, read.progress, shown[key]))
    last = lines[limit - 1] if len(lines) > limit else None
    return CasePage(items, WorklistPosition(last.opened_at, last.case_id) if last else None)


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
