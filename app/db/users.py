"""Accounts and tokens in SQL."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from sqlalchemy import Executable, bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db.site_tables import UserSiteRow
from app.db.sites import SqlSiteRepository
from app.db.tables import ApiTokenRow, UserRow
from app.db.worklist_tables import WorklistRow
from app.domain.access import Role
from app.domain.errors import Conflict, NotFound
from app.domain.message import message
from app.domain.user import ApiToken, Theme, User

# An account and its sites in one query, of which those that come with each request are built once.
_WITH_SITES = (
    select(UserRow, UserSiteRow.site_id)
    .outerjoin(UserSiteRow, UserSiteRow.user_id == UserRow.id)
    .order_by(UserRow.name)
)
_BY_ID = _WITH_SITES.where(UserRow.id == bindparam("user_id"))
_BY_TOKEN = _WITH_SITES.join(ApiTokenRow, ApiTokenRow.user_id == UserRow.id).where(
    ApiTokenRow.token_sha256 == bindparam("token_sha256"),
    ApiTokenRow.expires_at > bindparam("now"),
    UserRow.is_active,
)


class SqlUserRepository:
    """`UserRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self) -> int:
        """All accounts."""
        return self._session.scalar(select(func.count(UserRow.id))) or 0

    def add(self, user: User, created_at: datetime) -> None:
        """Insert an account."""
        row = UserRow(
            id=user.id,
            name=user.name,
            role=user.role.value,
            password_hash=user.password_hash,
            created_at=created_at,
            full_name=user.full_name,
            language=user.language,
            theme=user.theme.value,
            tour_seen=user.tour_seen,
            is_active=user.is_active,
        )
        self._session.add(row)
        try:
            self._session.flush()
        except IntegrityError as error:
            raise Conflict(
                message("An account named {name} exists already.", name=user.name)
            ) from error
        SqlSiteRepository(self._session).set_sites_of(user.id, user.site_ids)

    def by_name(self, name: str) -> User | None:
        """By exact name."""
        return self._one(_WITH_SITES.where(UserRow.name == name))

    def get(self, user_id: UUID) -> User | None:
        """By id."""
        return self._one(_BY_ID, user_id=user_id)

    def lock(self, user_id: UUID) -> None:
        """Write the row as it is: on PostgreSQL that locks it, on SQLite the whole database."""
        held = update(UserRow).where(UserRow.id == user_id).values(role=UserRow.role)
        self._session.execute(held.execution_options(synchronize_session=False))
        # What was read before may have been changed by whom this has waited for.
        self._session.expire_all()

    def set_password_hash(self, user_id: UUID, password_hash: str) -> None:
        """Replace the hash, and end the tokens: who had the old password may have made them."""
        row = self._row(user_id)
        row.password_hash = password_hash
        self.end_tokens(user_id)

    def set_preferences(self, user: User) -> None:
        """Write what a person chose for themselves."""
        row = self._row(user.id)
        row.full_name, row.language = user.full_name, user.language
        row.theme, row.tour_seen = user.theme.value, user.tour_seen
        self._session.execute(
            update(WorklistRow)
            .where(WorklistRow.reader_id == user.id)
            .values(reader_name=user.printed_name)
        )

    def set_role(self, user_id: UUID, role: Role) -> None:
        """Write the role."""
        self._row(user_id).role = role.value

    def set_active(self, user_id: UUID, *, is_active: bool) -> None:
        """Write whether the account may sign in."""
        self._row(user_id).is_active = is_active

    def all(self) -> Sequence[User]:
        """By name."""
        return list(self._read(_WITH_SITES))

    def active_administrators(self) -> Sequence[User]:
        """By key, so that two who ask lock in one order."""
        are_sought = UserRow.role == Role.ADMINISTRATOR.value, UserRow.is_active
        # PostgreSQL locks rows, but none of a join with what may be missing; SQLite locks nothing
        # before something is written.
        locked = select(UserRow.id).where(*are_sought).order_by(UserRow.id).with_for_update()
        self._session.execute(locked).all()
        unchanged = update(UserRow).where(*are_sought).values(role=UserRow.role)
        self._session.execute(unchanged.execution_options(synchronize_session=False))
        fresh = _WITH_SITES.where(*are_sought).execution_options(populate_existing=True)
        return list(self._read(fresh))

    def end_tokens(self, user_id: UUID) -> None:
        """Delete them."""
        self._session.execute(delete(ApiTokenRow).where(ApiTokenRow.user_id == user_id))

    def add_token(self, token: ApiToken) -> None:
        """Insert a token's digest."""
        self._session.add(
            ApiTokenRow(
                id=token.id,
                user_id=token.user_id,
                token_sha256=token.token_sha256,
                created_at=token.created_at,
                expires_at=token.expires_at,
            )
        )

    def by_token(self, token_sha256: str, now: datetime) -> User | None:
        """By a token that has not expired."""
        return self._one(_BY_TOKEN, token_sha256=token_sha256, now=now)

    def _row(self, user_id: UUID) -> UserRow:
        row = self._session.get(UserRow, user_id)
        if row is None:
            raise NotFound(message("There is no such account."))
        return row

    def _one(self, query: Executable, **values: object) -> User | None:
        return next(self._read(query, **values), None)

    def _read(self, query: Executable, **values: object) -> Iterator[User]:
        """Of `_WITH_SITES`, in which an account has a line for each of its sites."""
        lines = self._session.execute(query, values).all()
        for row, of_account in groupby(lines, key=itemgetter(0)):
            sites = frozenset(site_id for _, site_id in of_account if site_id is not None)
            yield _to_user(row, sites)


def _to_user(row: UserRow, site_ids: frozenset[UUID]) -> User:
    return User(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        password_hash=row.password_hash,
        full_name=row.full_name,
        language=row.language,
        theme=Theme(row.theme),
        tour_seen=row.tour_seen,
        is_active=row.is_active,
        site_ids=site_ids,
    )
