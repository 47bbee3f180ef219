"""Erasing a patient or a case, with proof.

In one transaction everything that leads to a person is taken out of the database, and the images
are listed; they are removed afterwards, each looked up again, and the last one completes the
proof. A process that is killed in between goes on where it was.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.case import Case
from app.domain.erasure import (
    ErasedCase,
    Erasure,
    ErasureCause,
    RetentionRule,
    checked_reason,
)
from app.domain.errors import Conflict, NotFound
from app.domain.message import message
from app.ports import BlobStore, Transaction, Transactions
from app.services.acting import acting
from app.services.intake import blob_name
from app.services.thumbnails import remove_thumbnails

IMAGES_AT_ONCE = 200
SETTLES = timedelta(minutes=1)
"""After this time every delivery that did not see the list has stored its rows."""
JUST_ERASED = message(
    "An image of this delivery has just been erased with another case. Nothing was stored. Send it "
    "again in an hour or two."
)
STAYS_LISTED = timedelta(hours=1)
"""No delivery takes longer from its images to its rows."""


def erase_patient(
    transaction: Transaction, patient_id: UUID, reason: str, now: datetime
) -> Erasure:
    """Erase all cases of a patient, and the patient.

    Raises
    ------
    InvalidInput
        Without a reason.
    NotFound
        If there is no such patient, or nothing of them is left.
    Conflict
        While a file of theirs is on its way.
    """
    # Before their cases are read: one that is opened meanwhile is erased with the others, or waits.
    transaction.erasures.hold_patient(patient_id)
    cases = transaction.cases.of_patient(patient_id)
    if not cases:
        raise NotFound(message("There is no such patient, or nothing of theirs is left."))
    return _erase(transaction, cases, ErasureCause.REQUEST, checked_reason(reason, cases), now)


def erase_overdue(
    transaction: Transaction, case: Case, rule: RetentionRule, now: datetime
) -> Erasure:
    """Erase one case whose time is over; its patient too, if it was the last.

    Raises
    ------
    Gone
        If somebody has erased it meanwhile.
    Conflict
        If its time is not over any more, or a file of it is on its way.
    """
    transaction.erasures.hold_patient(case.patient.id)
    transaction.cases.lock(case.id)
    signed = [version.signature.at for version in transaction.versions.of_case(case.id)]
    if not rule.is_over(case.created_at, max(signed, default=None), now):
        raise Conflict(message("The time of this case is not over any more: it was just signed."))
    return _erase(transaction, [case], ErasureCause.RETENTION, _rule_text(rule), now)


def _erase(
    transaction: Transaction,
    cases: Sequence[Case],
    cause: ErasureCause,
    reason: str,
    now: datetime,
) -> Erasure:
    patient_id = cases[0].patient.id
    for case in cases:
        transaction.cases.lock(case.id)
        if transaction.parts.all_of(case.id):
            raise Conflict(
                message("A file of this patient is on its way. Wait for it, or cancel it.")
            )
    kept = tuple(_kept(transaction, case) for case in cases)
    shared = transaction.erasures.shared_pixels([case.id for case in cases])
    pixels = {cell.pixel_sha256 for case in cases for cell in transaction.cells.of_case(case.id)}
    for case in cases:
        transaction.erasures.erase_case(case.id, now)
    is_last = not transaction.cases.of_patient(patient_id)
    if is_last:
        transaction.erasures.forget_patient(patient_id)
    # Answers that are kept for repeated requests hold what was asked of any case.
    transaction.keys.withhold_answers()
    erasure = Erasure(
        id=uuid7(),
        patient_id=patient_id if is_last else None,
        cases=kept,
        cause=cause,
        reason=reason,
        erased_by=acting().name,
        erased_at=now,
        image_count=len(pixels - shared),
        shared_count=len(shared),
        removed_at=None if pixels - shared else now,
    )
    transaction.erasures.add(erasure, pixels - shared)
    for case in cases:
        after = {"cause": cause.value, "erasure": str(erasure.id)}
        transaction.audit.note("case.erase", case_id=case.id, after=after)
    return erasure


def _kept(transaction: Transaction, case: Case) -> ErasedCase:
    """The counts as the worklist has them, which nobody can be told by."""
    entry = transaction.worklist.get(case.id)
    counts = {"cells": entry.cell_count}
    if entry.pmn_count is not None:
        counts["pmn"] = entry.pmn_count
    for label, count in (entry.abnormality_counts or {}).items():
        counts[label.value] = count
    return ErasedCase(
        case_id=case.id,
        opened_at=case.created_at,
        counts=counts,
        recommendation=entry.recommendation.value if entry.recommendation else None,
        versions={
            str(version.number): version.sha256 for version in transaction.versions.of_case(case.id)
        },
    )


def _rule_text(rule: RetentionRule) -> str:
    kept = {"signed": rule.signed, "unsigned": rule.unsigned}
    return ", ".join(f"{name}: {time.days} d" for name, time in kept.items() if time is not None)


def refuse_erased(transaction: Transaction, pixels: Collection[str]) -> None:
    """Raise `Conflict` where an image of a delivery is being erased."""
    if transaction.erasures.are_listed(pixels):
        raise Conflict(JUST_ERASED)


def remove_images(transactions: Transactions, blobs: BlobStore, now: datetime) -> int:
    """Remove some of the images that erasures have listed, and every cut of them; how many.

    An image that somebody else's case has got just before it was listed stays. What comes while it
    is listed is refused (`refuse_erased`): a delivery stores its images before its rows, and would
    count on one that is removed in between. What a refused delivery has stored again is removed
    again, before the image comes off the list.
    """
    with transactions() as transaction:
        pending = set(transaction.erasures.pending(now - SETTLES, IMAGES_AT_ONCE))
        old = transaction.erasures.removed_before(now - STAYS_LISTED, IMAGES_AT_ONCE)
        needed = transaction.erasures.needed(pending | old)
    back = {pixels for pixels in old - needed if blobs.exists(blob_name(pixels))}
    wanted = (pending | back) - needed
    remove_thumbnails(wanted, blobs)
    for pixels in wanted:
        blobs.remove(blob_name(pixels))
    gone = {pixels for pixels in wanted if not blobs.exists(blob_name(pixels))}
    with transactions() as transaction:
        transaction.erasures.note_removed(gone | (pending & needed), now)
        transaction.erasures.take_off(old - back)
    return len(gone)
