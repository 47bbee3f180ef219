"""A bundle in shadow: it reads what the active one has read; administrators alone see it."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from app.domain.comparison import Comparison, Pair, compare
from app.domain.finding import read_cell
from app.ports import Bundle, Transaction
from app.services.switching import shadow_digest

# The newest that are compared on the page; more would take seconds.
MOST_COMPARED = 5000


def enqueue_shadow(
    transaction: Transaction, case_id: UUID, cell_ids: Sequence[UUID], read_with: str
) -> None:
    """Queue for the bundle in shadow what another has just read; nothing without one."""
    digest = shadow_digest(transaction)
    if digest is not None and digest != read_with and cell_ids:
        transaction.jobs.enqueue_shadow(case_id, cell_ids, digest)


def shadow_comparison(transaction: Transaction, active: Bundle, shadow: Bundle) -> Comparison:
    """Compare both on the newest cells that both have read, case by case."""
    cells = transaction.cells.latest_of(shadow.manifest.digest, MOST_COMPARED)
    ids = [cell.id for cell in cells]
    first = transaction.cells.findings(ids, active.manifest.digest)
    second = transaction.cells.findings(ids, shadow.manifest.digest)
    groups: dict[str, list[Pair]] = defaultdict(list)
    for cell in cells:
        if cell.id in first and cell.id in second:
            groups[str(cell.case_id)].append(
                (
                    read_cell(cell, first[cell.id], active.manifest),
                    read_cell(cell, second[cell.id], shadow.manifest),
                )
            )
    return compare(groups, (active.rule, shadow.rule))
