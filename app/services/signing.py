"""Signing a report, and opening a signed case again."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.discussion import written
from app.domain.errors import Conflict, Forbidden
from app.domain.message import Message, message, together
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
from app.services.cancelling import CANCELLED, is_cancelled
from app.services.measuring_cases import note_overrides
from app.services.readiness import review_state
from app.services.reading import CaseAsRead, is_blinded, read_case
from app.services.report_content import digest, digest_of_draft, read_version, to_content
from app.services.reporting import report_of, report_on
from app.services.reviewing import Reader, refuse_closed
from app.services.telling import tell_signed
from app.services.worklist import refresh


def missing_for_signature(transaction: Transaction, as_read: CaseAsRead) -> tuple[Message, ...]:
    """What stands between a case and its signature, in sentences."""
    if is_cancelled(transaction, as_read.case.id):
        return (CANCELLED,)
    found = missing(as_read.progress, review_state(as_read))
    if as_read.is_blinded:
        return (message("The second reader does not sign."), *found)
    if transaction.versions.count(as_read.case.id) and not transaction.versions.amendment(
        as_read.case.id
    ):
        return (message("The case is signed already."), *found)
    return found


def sign(
    transaction: Transaction,
    reader: Reader,
    seen_sequence: int,
    now: datetime,
    *,
    seen_digest: str | None = None,
) -> SignedVersion:
    """Sign the report as it stands; the caller has just checked the signer's password.

    Parameters
    ----------
    seen_sequence
        Of the latest review that the signer has seen: nobody signs what changed meanwhile.
    seen_digest
        `digest_of_draft` of what the signer has seen: it tells of new images and of another
        interpretation as well.

    Raises
    ------
    Conflict
        With what is missing, or if the case has changed since it was looked at.
    """
    case_id = reader.case.id
    transaction.cases.lock(case_id)
    refuse_closed(transaction, case_id)
    as_read = read_case(transaction, reader.case, reader.active, reader.rule, reader.user.id)
    if problems := missing_for_signature(transaction, as_read):
        raise Conflict(
            message("The report cannot be signed yet. {problems}", problems=together(problems))
        )
    if transaction.reviews.last_sequence(case_id) != seen_sequence:
        raise Conflict(
            message("Cells were changed since you opened this page. Look at them, then sign.")
        )
    report = report_of(as_read, now, transaction.discussion.interpretation(case_id))
    if seen_digest not in {None, digest_of_draft(report)}:
        raise Conflict(
            message("The report has changed since you opened this page. Look at it, then sign.")
        )
    _finish_first(transaction, as_read, reader.user, now)
    version = _version(transaction, report, reader.user, now)
    transaction.versions.add(version)
    transaction.versions.close_amendment(case_id, now)
    after = {"version": version.number, "sha256": version.sha256}
    transaction.audit.note("report.sign", case_id=case_id, after=after)
    tell_signed(transaction, version, as_read.bundle.manifest.digest, as_read.progress.cell_count)
    note_overrides(transaction, as_read, now)
    refresh(transaction, case_id, reader.active, reader.rule)
    return version


def _finish_first(transaction: Transaction, as_read: CaseAsRead, user: User, now: datetime) -> None:
    """Who signs has read; a case without a reader so far is the signer's."""
    first = as_read.readings.get(Reading.FIRST)
    if first is None:
        transaction.reviews.assign(as_read.case.id, Reading.FIRST, user, user, now)
    if first is None or first.finished_at is None:
        transaction.reviews.finish(as_read.case.id, Reading.FIRST, now)


def _version(transaction: Transaction, report: Report, user: User, now: datetime) -> SignedVersion:
    case_id = report.case.id
    amendment = transaction.versions.amendment(case_id)
    number = transaction.versions.count(case_id) + 1
    signature = Signature(
        signer_id=user.id,
        printed_name=user.printed_name,
        at=now,
        meaning=Meaning.AMENDED if amendment else Meaning.REVIEWED,
        reason=amendment.reason if amendment else None,
        account_name=user.name,
    )
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
    before = {"version": transaction.versions.count(case_id)}
    transaction.audit.note("report.amend", case_id=case_id, before=before)
    refresh(transaction, case_id, reader.active, reader.rule)


@dataclass(frozen=True)
class Standing:
    """Where a report stands among the versions of its case.

    Parameters
    ----------
    version_count
        How many are signed.
    sha256
        Of this report's stored text; None where it is not signed.
    amendment
        That is open.
    is_blinded
        Whether the viewer is the second reader, who sees no version and no reason.
    is_cancelled
        Whether the order of an unsigned case was taken back.
    """

    version_count: int = 0
    sha256: str | None = None
    amendment: Amendment | None = None
    is_blinded: bool = False
    is_cancelled: bool = False


UNSIGNED = Standing()


def refuse_blinded(transaction: Transaction, case_id: UUID, viewer_id: UUID) -> None:
    """Raise `Forbidden` for the blinded second reader: signed versions tell the first reading."""
    if is_blinded(transaction.reviews.readings(case_id), viewer_id):
        raise Forbidden(
            message("You are the second reader. The signed report is shown when both have read.")
        )


def signed_report(
    transaction: Transaction, case_id: UUID, number: int, viewer_id: UUID
) -> tuple[Report, Standing]:
    """A signed version, as it was signed.

    Raises
    ------
    NotFound, Forbidden
    Damaged
        If it is not what was signed.
    """
    refuse_blinded(transaction, case_id, viewer_id)
    version = transaction.versions.get(case_id, number)
    standing = Standing(
        version_count=transaction.versions.count(case_id),
        sha256=version.sha256,
        amendment=transaction.versions.amendment(case_id),
    )
    return read_version(version), standing


def current_report(
    transaction: Transaction, reader: Reader, now: datetime
) -> tuple[Report, Standing]:
    """What holds now: the latest version of a signed case, else the report as it stands.

    The blinded second reader gets what is of their own hand.

    Raises
    ------
    Damaged
        If the signed version is not what was signed.
    """
    case_id, viewer_id = reader.case.id, reader.user.id
    count, amendment = _versions_of(transaction, case_id)
    blinded = is_blinded(transaction.reviews.readings(case_id), viewer_id)
    if count and amendment is None and not blinded:
        return signed_report(transaction, case_id, count, viewer_id)
    report = report_on(transaction, reader.case, reader.active, reader.rule, now, viewer_id)
    cancelled = is_cancelled(transaction, case_id)
    standing = Standing(count, amendment=amendment, is_blinded=blinded, is_cancelled=cancelled)
    return report, standing


def chosen_report(
    transaction: Transaction, reader: Reader, number: int | None, now: datetime
) -> tuple[Report, Standing]:
    """A signed version by its number, or with None what holds now; raises as they do."""
    if number is None:
        return current_report(transaction, reader, now)
    return signed_report(transaction, reader.case.id, number, reader.user.id)


def _versions_of(transaction: Transaction, case_id: UUID) -> tuple[int, Amendment | None]:
    return transaction.versions.count(case_id), transaction.versions.amendment(case_id)
