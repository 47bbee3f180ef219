"""Second factors and their recovery codes in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session

from app.db.identity_tables import RecoveryCodeRow, SecondFactorRow
from app.domain.sign_in import SecondFactor


class SqlSecondFactorRepository:
    """`SecondFactorRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, user_id: UUID) -> SecondFactor | None:
        """Of an account."""
        row = self._session.get(SecondFactorRow, user_id)
        if row is None:
            return None
        return SecondFactor(row.user_id, row.secret, row.last_step, row.confirmed_at)

    def put(self, factor: SecondFactor, code_digests: Sequence[str]) -> None:
        """Delete what was there, and insert."""
        self.remove(factor.user_id)
        self._session.add(SecondFactorRow(**vars(factor)))
        self._session.flush()
        self.put_codes(factor.user_id, code_digests)

    def put_codes(self, user_id: UUID, code_digests: Sequence[str]) -> None:
        """Delete the old ones, and insert."""
        self._session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
        self._session.add_all(
            RecoveryCodeRow(code_sha256=digest, user_id=user_id) for digest in code_digests
        )
        self._session.flush()

    def confirm(self, user_id: UUID, at: datetime) -> None:
        """Write the time."""
        self._session.execute(
            update(SecondFactorRow)
            .where(SecondFactorRow.user_id == user_id)
            .values(confirmed_at=at)
            .execution_options(synchronize_session="fetch")
        )

    def use_step(self, user_id: UUID, step: int) -> bool:
        """One statement, so that of two requests with one code one gets in."""
        result = self._session.execute(
            update(SecondFactorRow)
            .where(SecondFactorRow.user_id == user_id, SecondFactorRow.last_step < step)
            .values(last_step=step)
        )
        return cast("CursorResult[object]", result).rowcount == 1

    def use_code(self, user_id: UUID, code_sha256: str) -> bool:
        """Delete it."""
        result = self._session.execute(
            delete(RecoveryCodeRow).where(
                RecoveryCodeRow.user_id == user_id, RecoveryCodeRow.code_sha256 == code_sha256
            )
        )
        return cast("CursorResult[object]", result).rowcount == 1

    def count_codes(self, user_id: UUID) -> int:
        """Those that are left."""
        query = select(func.count()).where(RecoveryCodeRow.user_id == user_id)
        return self._session.scalar(query) or 0

    def remove(self, user_id: UUID) -> bool:
        """Delete it and its codes."""
        self._session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
        result = self._session.execute(
            delete(SecondFactorRow).where(SecondFactorRow.user_id == user_id)
        )
        return cast("CursorResult[object]", result).rowcount == 1

    def confirmed(self) -> frozenset[UUID]:
        """Whoever has confirmed one."""
        query = select(SecondFactorRow.user_id).where(SecondFactorRow.confirmed_at.is_not(None))
        return frozenset(self._session.scalars(query))
