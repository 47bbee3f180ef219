"""Telling: what other systems are to know goes into the outbox, with what it tells of."""

from datetime import datetime
from uuid import UUID

from app.domain.outbox import EventType, OutboxEvent
from app.domain.signing import Meaning, SignedVersion
from app.ports import Bundle, Transaction
from app.services.reading import bundle_of
from app.services.reviewing import why_closed


def tell_if_classified(
    transaction: Transaction, case_id: UUID, active: Bundle, now: datetime
) -> None:
    """Tell that a case is read, once for each time that all of it is, and for each order of it.

    To be called in the transaction of whatever may have been the last thing to wait for: cells
    that were read, or a file that was on its way and brought none.
    """
    transaction.cases.lock(case_id)
    digest = bundle_of(transaction, case_id, active).manifest.digest
    progress = transaction.cells.progress(case_id, digest)
    if not progress.cell_count or not progress.done:
        return
    if why_closed(transaction, case_id):
        return
    if transaction.parts.all_of(case_id):
        # More is on its way, and will be told of together with this.
        return
    last = transaction.outbox.last(case_id, EventType.CLASSIFIED)
    is_same = last and (last.bundle_digest, last.read_count) == (digest, progress.cell_count)
    if last and is_same and not _is_of_former_order(transaction, last):
        return
    transaction.outbox.publish(
        EventType.CLASSIFIED, case_id, now, bundle_digest=digest, read_count=progress.cell_count
    )


def _is_of_former_order(transaction: Transaction, event: OutboxEvent) -> bool:
    """Whether the case was ordered again since: who ordered now has heard nothing yet."""
    placed = transaction.orders.of_case(event.case_id)
    return placed is not None and event.occurred_at < placed.received_at


def tell_signed(transaction: Transaction, version: SignedVersion, digest: str, count: int) -> None:
    """Tell of a version in the transaction that signs it.

    Parameters
    ----------
    digest, count
        The bundle of the report, and how many cells of the case it has read.
    """
    signature = version.signature
    amended = signature.meaning is Meaning.AMENDED
    transaction.outbox.publish(
        EventType.AMENDED if amended else EventType.SIGNED,
        version.case_id,
        signature.at,
        bundle_digest=digest,
        read_count=count,
        version=version.number,
    )
