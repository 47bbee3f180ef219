"""Having a case classified by another bundle: a new version, and the old one is kept."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.bundle_switch import CaseBundle, Reclassification
from app.domain.case import Progress
from app.domain.discussion import written
from app.domain.errors import Conflict
from app.domain.message import message
from app.domain.review import Reading
from app.domain.signing import MAX_REASON_LENGTH
from app.ports import Transaction
from app.services.cancelling import refuse_cancelled
from app.services.reading import bundle_of
from app.services.reviewing import Reader, is_closed
from app.services.signing import amend, refuse_blinded
from app.services.standing import enqueue
from app.services.switching import Candidate
from app.services.telling import tell_if_classified
from app.services.worklist import refresh


def reclassify(
    transaction: Transaction, reader: Reader, candidate: Candidate, reason: str, now: datetime
) -> Reclassification:
    """Let a case stand on a bundle that a person chose; what that has not read is queued.

    A signed case is opened by an amendment with the same reason: the signed version stays as it
    is, and what the other bundle says holds once it is signed. What readers decided stays theirs.

    Raises
    ------
    InvalidInput
        Without a reason.
    Forbidden
        For the blinded second reader.
    Conflict
        If the case has no cells, is cancelled, stands on the bundle already, or a second reading
        goes on.
    """
    case_id, digest = reader.case.id, candidate.digest
    transaction.cases.lock(case_id)
    refuse_cancelled(transaction, case_id)
    refuse_blinded(transaction, case_id, reader.user.id)
    reason = written(reason, MAX_REASON_LENGTH)
    before = bundle_of(transaction, case_id, reader.active).manifest.digest
    _refuse_useless(transaction.cells.progress(case_id, before), is_same=before == digest)
    if is_closed(transaction, case_id):
        amend(transaction, reader, reason, now)
    _go_on_reading(transaction, case_id)
    transaction.bundles.remember(candidate.bundle, candidate.texts, now)
    transaction.case_bundles.put(case_id, CaseBundle(digest, now, is_chosen=True))
    made = _recorded(transaction, reader, before, digest, reason, now)
    enqueue(transaction, case_id, transaction.cells.unread_of_case(case_id, digest))
    refresh(transaction, case_id, reader.active, reader.rule)
    # It may have read the case already: in shadow, or before another one was chosen.
    tell_if_classified(transaction, case_id, reader.active, now)
    return made


def _refuse_useless(progress: Progress, *, is_same: bool) -> None:
    if not progress.cell_count:
        raise Conflict(message("The case has no cells."))
    if is_same and progress.done:
        raise Conflict(message("This bundle has read the case already. Choose another one."))


def _go_on_reading(transaction: Transaction, case_id: UUID) -> None:
    """A finished first reading goes on: the reader has not seen what comes now."""
    readings = transaction.reviews.readings(case_id)
    second = readings.get(Reading.SECOND)
    if second is not None:
        first = readings.get(Reading.FIRST)
        if second.finished_at is None or first is None or first.finished_at is None:
            raise Conflict(
                message(
                    "A second reading goes on. Have the case classified by another bundle once "
                    "both readings are finished, or withdraw the second one."
                )
            )
    elif Reading.FIRST in readings:
        transaction.reviews.finish(case_id, Reading.FIRST, None)


def _recorded(
    transaction: Transaction,
    reader: Reader,
    before: str,
    after: str,
    reason: str,
    now: datetime,
) -> Reclassification:
    made = Reclassification(
        id=uuid7(),
        case_id=reader.case.id,
        from_digest=before,
        to_digest=after,
        by_id=reader.user.id,
        by_name=reader.user.printed_name,
        at=now,
        reason=reason,
    )
    transaction.case_bundles.add_reclassification(made)
    # The reason may name a patient; it stands with the case, not in the audit.
    transaction.audit.note(
        "case.reclassify",
        case_id=reader.case.id,
        before={"digest": before},
        after={"digest": after},
    )
    return made
