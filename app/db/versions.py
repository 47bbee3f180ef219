"""Signed reports and amendments in SQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload
from uuid_utils.compat import uuid7

from app.db.tables import AmendmentRow, ReportVersionRow
from app.domain.errors import Conflict, NotFound
from app.domain.message import message
from app.domain.signing import Amendment, Meaning, Signature, SignedVersion


class SqlVersionRepository:
    """`VersionRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, version: SignedVersion) -> None:
        """Insert."""
        self._session.add(_from_version(version))
        try:
            self._session.flush()
        except IntegrityError as error:
            raise Conflict(
                message("The case was signed by somebody else just now. Load the page again.")
            ) from error

    def of_case(self, case_id: UUID) -> Sequence[SignedVersion]:
        """By number."""
        query = select(ReportVersionRow).where(ReportVersionRow.case_id == case_id)
        rows = self._session.scalars(query.order_by(ReportVersionRow.number))
        return [_to_version(row) for row in rows]

    def get(self, case_id: UUID, number: int) -> SignedVersion:
        """By number."""
        query = select(ReportVersionRow).where(
            ReportVersionRow.case_id == case_id, ReportVersionRow.number == number
        )
        row = self._session.scalar(query)
        if row is None:
            raise NotFound(
                message("The report of this case has no version {number}.", number=number)
            )
        return _to_version(row)

    def count(self, case_id: UUID) -> int:
        """Versions of a case."""
        query = select(func.count()).where(ReportVersionRow.case_id == case_id)
        return self._session.scalar(query) or 0

    def amendment(self, case_id: UUID) -> Amendment | None:
        """The one that is not closed."""
        query = (
            select(AmendmentRow)
            .where(AmendmentRow.case_id == case_id, AmendmentRow.closed_at.is_(None))
            .options(joinedload(AmendmentRow.opener))
        )
        row = self._session.scalar(query)
        if row is None:
            return None
        name = row.opener.full_name or row.opener.name
        return Amendment(row.case_id, row.opened_by, name, row.opened_at, row.reason)

    def open_amendment(self, amendment: Amendment) -> None:
        """Insert; the case must be held, so that nobody else opens one meanwhile."""
        if self.amendment(amendment.case_id):
            raise Conflict(message("An amendment of this case is open already."))
        self._session.add(
            AmendmentRow(
                id=uuid7(),
                case_id=amendment.case_id,
                opened_by=amendment.opened_by,
                opened_at=amendment.opened_at,
                reason=amendment.reason,
                closed_at=None,
            )
        )
        self._session.flush()

    def close_amendment(self, case_id: UUID, at: datetime) -> None:
        """Set its time."""
        self._session.execute(
            update(AmendmentRow)
            .where(AmendmentRow.case_id == case_id, AmendmentRow.closed_at.is_(None))
            .values(closed_at=at)
        )


def _to_version(row: ReportVersionRow) -> SignedVersion:
    signature = Signature(
        row.signer_id,
        row.printed_name,
        row.signed_at,
        Meaning(row.meaning),
        row.reason,
        row.account_name,
    )
    return SignedVersion(row.id, row.case_id, row.number, signature, row.content, row.sha256)


def _from_version(version: SignedVersion) -> ReportVersionRow:
    signature = version.signature
    return ReportVersionRow(
        id=version.id,
        case_id=version.case_id,
        number=version.number,
        signer_id=signature.signer_id,
        printed_name=signature.printed_name,
        account_name=signature.account_name,
        signed_at=signature.at,
        meaning=signature.meaning.value,
        reason=signature.reason,
        content=version.content,
        sha256=version.sha256,
    )
