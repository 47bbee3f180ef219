"""API clients and their keys in SQL."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db.client_tables import ApiClientRow, ClientKeyRow
from app.db.sites import SqlSiteRepository
from app.db.tables import UserRow
from app.db.users import SqlUserRepository
from app.domain.access import Scope
from app.domain.client import USE_NOTED_EVERY, ApiClient, ClientKey
from app.domain.errors import Conflict, NotFound
from app.domain.message import message


class SqlClientRepository:
    """`ClientRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._users = SqlUserRepository(session)

    def add(self, client: ApiClient) -> None:
        """Insert what the client is beside its account."""
        row = ApiClientRow(
            user_id=client.id,
            scopes=sorted(client.scopes),
            created_at=client.created_at,
            created_by=client.created_by,
            subject=client.subject,
        )
        self._session.add(row)
        self._flush()

    def change(self, client: ApiClient) -> None:
        """Write scopes, activity, sites and subject."""
        row, account = self._session.get(ApiClientRow, client.id), client.account
        if row is None:
            raise NotFound(message("There is no such API client."))
        row.scopes, row.subject = sorted(client.scopes), client.subject
        self._session.get_one(UserRow, client.id).is_active = account.is_active
        SqlSiteRepository(self._session).set_sites_of(client.id, account.site_ids)
        self._flush()

    def get(self, client_id: UUID) -> ApiClient:
        """By id, with its keys."""
        return self._one(ApiClientRow.user_id == client_id)

    def by_name(self, name: str) -> ApiClient:
        """By exact name, with its keys."""
        return self._one(UserRow.name == name)

    def by_subject(self, subject: str) -> ApiClient | None:
        """By what an identity provider calls it."""
        found = self._read(ApiClientRow.subject == subject)
        return found[0] if found else None

    def all(self) -> Sequence[ApiClient]:
        """By name, with their keys."""
        return self._read()

    def add_key(self, key: ClientKey) -> None:
        """Insert; the prefix is random, and one that is taken is an error."""
        self._session.add(ClientKeyRow(**vars(key)))
        self._session.flush()

    def with_key(self, prefix: str) -> ApiClient | None:
        """Three rows in one query: it is asked with every request of a system."""
        query = (
            select(ClientKeyRow, ApiClientRow, UserRow)
            .join(ApiClientRow, ApiClientRow.user_id == ClientKeyRow.client_id)
            .join(UserRow, UserRow.id == ApiClientRow.user_id)
            .where(ClientKeyRow.prefix == prefix)
        )
        found = self._session.execute(query).one_or_none()
        if found is None:
            return None
        key, client, _ = found
        return self._client(client, [_to_key(key)])

    def limit_keys(self, client_id: UUID, until: datetime) -> None:
        """Let the keys end then, unless they end before."""
        self._update(
            ClientKeyRow.client_id == client_id,
            ClientKeyRow.expires_at > until,
            expires_at=until,
        )

    def revoke_keys(self, key_ids: Iterable[UUID], at: datetime) -> None:
        """End keys; one that was revoked keeps its time."""
        self._update(
            ClientKeyRow.id.in_(list(key_ids)), ClientKeyRow.revoked_at.is_(None), revoked_at=at
        )

    def note_use(self, key_id: UUID, at: datetime, address: str) -> None:
        """Write the last use, unless another request has just done it."""
        due = or_(
            ClientKeyRow.last_used_at.is_(None), ClientKeyRow.last_used_at <= at - USE_NOTED_EVERY
        )
        self._update(ClientKeyRow.id == key_id, due, last_used_at=at, last_used_from=address)

    def _update(self, *conditions: ColumnElement[bool], **values: object) -> None:
        self._session.execute(update(ClientKeyRow).where(*conditions).values(**values))

    def _flush(self) -> None:
        try:
            self._session.flush()
        except IntegrityError as error:
            raise Conflict(
                message("Another API client has this name at the identity provider.")
            ) from error

    def _one(self, condition: ColumnElement[bool]) -> ApiClient:
        found = self._read(condition)
        if not found:
            raise NotFound(message("There is no such API client."))
        return found[0]

    def _read(self, *conditions: ColumnElement[bool]) -> Sequence[ApiClient]:
        query = (
            select(ApiClientRow, UserRow)
            .join(UserRow, UserRow.id == ApiClientRow.user_id)
            .where(*conditions)
            .order_by(UserRow.name)
        )
        rows = [row for row, _ in self._session.execute(query).all()]
        keys = self._keys([row.user_id for row in rows])
        return [self._client(row, keys[row.user_id]) for row in rows]

    def _client(self, row: ApiClientRow, keys: Sequence[ClientKey]) -> ApiClient:
        account = self._users.get(row.user_id)
        assert account is not None  # noqa: S101 - a foreign key holds it
        return ApiClient(
            account=replace(account, scopes=frozenset(map(Scope, row.scopes))),
            created_at=row.created_at,
            created_by=row.created_by,
            subject=row.subject,
            keys=tuple(keys),
        )

    def _keys(self, client_ids: Sequence[UUID]) -> dict[UUID, list[ClientKey]]:
        query = (
            select(ClientKeyRow)
            .where(ClientKeyRow.client_id.in_(client_ids))
            .order_by(ClientKeyRow.created_at.desc(), ClientKeyRow.id.desc())
            .execution_options(populate_existing=True)
        )
        keys = defaultdict[UUID, list[ClientKey]](list)
        for row in self._session.scalars(query):
            keys[row.client_id].append(_to_key(row))
        return keys


def _to_key(row: ClientKeyRow) -> ClientKey:
    return ClientKey(
        id=row.id,
        client_id=row.client_id,
        prefix=row.prefix,
        key_sha256=row.key_sha256,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        last_used_from=row.last_used_from,
    )
