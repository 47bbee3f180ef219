"""Signing a report, and opening a signed case again."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.discussion import written
from app.domain.errors import Conflict
from app.domain.message import Message, message
from app.domain.report import Report
from app.domain.review import Reading
from app.domain.signing import (
    MAX_REASON_LENGTH,
    Amendment,
    Meaning,
    Signature,
    SignedVersion,
    missing,
)
from app.domain.user import User
from app.ports import Transaction
from app.services.readiness import review_state
from app.services.reading import CaseAsRead, read_case
from app.services.report_content import digest, read_version, to_content
from app.services.reporting import report_of
from app.services.reviewing import Reader, refuse_signed
from app.services.worklist import refresh


def missing_for_signature(transaction: Transaction, as_read: CaseAsRead) -> tuple[Message, ...]:
    """What stands between a case and its signature, in sentences."""
    found = missing(as_read.progress, review_state(as_read))
    if as_read.is_blinded:
        return (message("The second reader does not sign."), *found)
    if transaction.versions.count(as_read.case.id) and not transaction.versions.amendment(
        as_read.case.id
    ):
        return (message("The case is signed already."), *found)
    return found


def sign(
    transaction: Transaction, reader: Reader, seen_sequence: int, now: datetime
) -> SignedVersion:
    """Sign the report as it stands; the caller has just checked the signer's password.

    Parameters
    ----------
    seen_sequence
        Of the latest review that the signer has seen: nobody signs what changed meanwhile.

    Raises
    ------
    Conflict
        With what is missing, or if the case has changed since it was looked at.
    """
    case_id = reader.case.id
    transaction.cases.lock(case_id)
    refuse_signed(transaction, case_id)
    as_read = read_case(transaction, reader.case, reader.active, reader.rule, reader.user.id)
    if problems := missing_for_signature(transaction, as_read):
        raise Conflict(
            message("The report cannot be signed yet. {problems}", problems=" ".join(problems))
        )
    if transaction.reviews.last_sequence(case_id) != seen_sequence:
        raise Conflict(
            message("Cells were changed since you opened this page. Look at them, then sign.")
        )
    _finish_first(transaction, as_read, reader.user, now)
    version = _version(transaction, as_read, reader.user, now)
    transaction.versions.add(version)
    transaction.versions.close_amendment(case_id, now)
    refresh(transaction, case_id, reader.active, reader.rule)
    return version


def _finish_first(transaction: Transaction, as_read: CaseAsRead, user: User, now: datetime) -> None:
    """Who signs has read; a case without a reader so far is the signer's."""
    first = as_read.readings.get(Reading.FIRST)
    if first is None:
        transaction.reviews.assign(as_read.case.id, Reading.FIRST, user, user, now)
    if first is None or first.finished_at is None:
        transaction.reviews.finish(as_read.case.id, Reading.FIRST, now)


def _version(
    transaction: Transaction, as_read: CaseAsRead, user: User, now: datetime
) -> SignedVersion:
    case_id = as_read.case.id
    amendment = transaction.versions.amendment(case_id)
    number = transaction.versions.count(case_id) + 1
    signature = Signature(
        signer_id=user.id,
        printed_name=user.printed_name,
        at=now,
        meaning=Meaning.AMENDED if amendment else Meaning.REVIEWED,
        reason=amendment.reason if amendment else None,
    )
    report = report_of(as_read, now, transaction.discussion.interpretation(case_id))
    content = to_content(replace(report, version=number, signature=signature))
    return SignedVersion(uuid7(), case_id, number, signature, content, digest(content))


def amend(transaction: Transaction, reader: Reader, reason: str, now: datetime) -> None:
    """Open a signed case again.

    Raises
    ------
    InvalidInput
        Without a reason.
    Conflict
        If the case is not signed, or is open already.
    """
    case_id = reader.case.id
    transaction.cases.lock(case_id)
    if not transaction.versions.count(case_id):
        raise Conflict(message("The case is not signed: it can be changed as it is."))
    reason = written(reason, MAX_REASON_LENGTH)
    transaction.versions.open_amendment(
        Amendment(case_id, reader.user.id, reader.user.printed_name, now, reason)
    )
    refresh(transaction, case_id, reader.active, reader.rule)


def signed_report(transaction: Transaction, case_id: UUID, number: int) -> Report:
    """A signed version, as it was signed; raises `NotFound` and `Damaged`."""
    return read_version(transaction.versions.get(case_id, number))
