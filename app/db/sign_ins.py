"""Failures of signing in, links for passwords and a provider's identities in SQL."""

from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import CursorResult, case, delete, select, update
from sqlalchemy.orm import Session

from app.db.identity_tables import ExternalIdentityRow, PasswordLinkRow, SignInFailureRow
from app.db.inserting import insert_new
from app.domain.sign_in import Failures, PasswordLink


class SqlSignInRepository:
    """`SignInRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def failures(self, key: str, at: datetime) -> Failures:
        """Insert a row of none where there is no row, and lock it.

        A row that was only looked for would be locked by some tries and not by others, and two
        could wait for each other.
        """
        insert_new(self._session, SignInFailureRow, [{"key": key, "count": 0, "last_at": at}])
        query = select(SignInFailureRow).where(SignInFailureRow.key == key).with_for_update()
        row = self._session.scalars(query.execution_options(populate_existing=True)).one()
        return Failures(row.count, row.last_at)

    def count_failure(self, key: str, at: datetime, forgotten_before: datetime) -> None:
        """Count in the database."""
        is_forgotten = SignInFailureRow.last_at <= forgotten_before
        self._session.execute(
            update(SignInFailureRow)
            .where(SignInFailureRow.key == key)
            .values(count=case((is_forgotten, 1), else_=SignInFailureRow.count + 1), last_at=at)
            .execution_options(synchronize_session=False)
        )

    def take_back(self, key: str) -> None:
        """Not below none."""
        self._session.execute(
            update(SignInFailureRow)
            .where(SignInFailureRow.key == key, SignInFailureRow.count > 0)
            .values(count=SignInFailureRow.count - 1)
            .execution_options(synchronize_session=False)
        )

    def clear_failures(self, key: str) -> None:
        """Delete the row."""
        self._session.execute(delete(SignInFailureRow).where(SignInFailureRow.key == key))

    def forget_failures(self, before: datetime) -> None:
        """Delete old rows."""
        self._session.execute(delete(SignInFailureRow).where(SignInFailureRow.last_at < before))

    def put_link(self, link: PasswordLink) -> None:
        """Delete the account's earlier one, and insert."""
        self.remove_link(link.user_id)
        self._session.add(PasswordLinkRow(**vars(link)))
        self._session.flush()

    def link(self, token_sha256: str) -> PasswordLink | None:
        """By the digest of its token."""
        query = select(PasswordLinkRow).where(PasswordLinkRow.token_sha256 == token_sha256)
        row = self._session.scalar(query)
        if row is None:
            return None
        return PasswordLink(row.user_id, row.token_sha256, row.created_at, row.expires_at)

    def use_link(self, token_sha256: str) -> bool:
        """Delete it, so that of two requests one gets it."""
        result = self._session.execute(
            delete(PasswordLinkRow).where(PasswordLinkRow.token_sha256 == token_sha256)
        )
        return cast("CursorResult[object]", result).rowcount == 1

    def remove_link(self, user_id: UUID) -> None:
        """Delete it."""
        self._session.execute(delete(PasswordLinkRow).where(PasswordLinkRow.user_id == user_id))

    def external(self, issuer: str, subject: str) -> UUID | None:
        """By the provider's names."""
        row = self._session.get(ExternalIdentityRow, (issuer, subject))
        return row.user_id if row else None

    def add_external(self, issuer: str, subject: str, user_id: UUID) -> None:
        """Insert."""
        self._session.add(ExternalIdentityRow(issuer=issuer, subject=subject, user_id=user_id))
        self._session.flush()

    def external_users(self) -> frozenset[UUID]:
        """All that are bound."""
        return frozenset(self._session.scalars(select(ExternalIdentityRow.user_id)))
