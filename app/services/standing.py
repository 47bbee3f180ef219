"""Which bundle a case stands on, and how it moves from one to another.

What holds at every commit: each cell that the case's bundle has not read waits in a job.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.domain.bundle_switch import BundlePart, CaseBundle
from app.ports import Transaction
from app.services.intake import CELLS_PER_JOB, batches


def active_digest(transaction: Transaction, default: str) -> str:
    """Digest of the bundle that was activated last; else `default`, which the settings name."""
    switch = transaction.switches.latest(BundlePart.ACTIVE)
    return switch.digest if switch and switch.digest else default


def bundle_to_read_with(transaction: Transaction, case_id: UUID, default: str) -> str:
    """Digest of the bundle that the case's waiting cells are to be read with.

    A case whose bundle has read all of it, or was chosen by a person, stays on it; every other
    goes on with the active one.
    """
    standing = transaction.case_bundles.get(case_id)
    if standing is None:
        return active_digest(transaction, default)
    if standing.is_chosen or transaction.cells.progress(case_id, standing.digest).done:
        return standing.digest
    return active_digest(transaction, default)


def bundle_for_arrivals(
    transaction: Transaction, case_id: UUID, active: str, now: datetime
) -> tuple[str, Sequence[UUID]]:
    """Digest of the bundle that reads new cells of a case, and the old cells that it lacks.

    New cells bring a case to the active bundle, unless a person chose another one for it. The
    case must be held.
    """
    standing = transaction.case_bundles.get(case_id)
    if standing is not None and standing.is_chosen:
        return standing.digest, ()
    if standing is None or standing.digest != active:
        transaction.case_bundles.put(case_id, CaseBundle(active, now))
    return active, transaction.cells.read_by_another(case_id, active)


def settle(
    transaction: Transaction, case_id: UUID, cell_ids: Sequence[UUID], default: str, now: datetime
) -> str:
    """After a job: let the case stand on one bundle, and queue what that has still to read.

    Gives that bundle's digest.
    Another bundle may have been activated since the job began, even more than one, and other jobs
    of the case may have run under each. The case must be held.
    """
    digest = bundle_to_read_with(transaction, case_id, default)
    standing = transaction.case_bundles.get(case_id)
    if standing is None or standing.digest != digest:
        transaction.case_bundles.put(case_id, CaseBundle(digest, now))
        enqueue(transaction, case_id, transaction.cells.read_by_another(case_id, digest))
        return digest
    # What this job read under a bundle that the case has left by now, no other job holds.
    left = [cell.id for cell in transaction.cells.unread(cell_ids, digest)]
    enqueue(transaction, case_id, left)
    return digest


def enqueue(transaction: Transaction, case_id: UUID, cell_ids: Sequence[UUID]) -> None:
    """Queue cells in jobs of the usual size."""
    for batch in batches(list(cell_ids), CELLS_PER_JOB):
        transaction.jobs.enqueue_classification(case_id, batch)
