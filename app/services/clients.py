"""API clients: made, given keys, changed, and recognised by a key."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.access import Role, Scope
from app.domain.client import (
    DEFAULT_KEY_DAYS,
    DEFAULT_OVERLAP_HOURS,
    KEY_START,
    MOST_KEY_DAYS,
    MOST_OVERLAP_HOURS,
    ApiClient,
    ClientKey,
    KeyState,
)
from app.domain.errors import InvalidInput, NotFound, NotSignedIn
from app.domain.external import ExternalClient
from app.domain.message import message
from app.domain.site import DEFAULT_SITE_ID
from app.domain.user import NO_PASSWORD, User
from app.ports import Transaction
from app.services.identity import check_name
from app.services.sites import check_giving

PREFIX_BYTES = 6
SECRET_BYTES = 32
_KEY_SHAPE = re.compile(rf"(?P<prefix>{KEY_START}[0-9a-f]{{{2 * PREFIX_BYTES}}})_[0-9a-f]+")


@dataclass(frozen=True)
class NewClient:
    """What an API client is to be.

    Parameters
    ----------
    site_ids
        Sites whose cases it sees; it opens cases in the only one, or in the one that it names.
    days
        Until its first key expires.
    subject
        What an identity provider's tokens call it.
    """

    name: str
    scopes: frozenset[Scope]
    site_ids: frozenset[UUID] = frozenset({DEFAULT_SITE_ID})
    days: int = DEFAULT_KEY_DAYS
    subject: str | None = None


@dataclass(frozen=True)
class ClientChange:
    """What to change of a client; None leaves it, and an empty subject takes it away."""

    scopes: frozenset[Scope] | None = None
    site_ids: frozenset[UUID] | None = None
    is_active: bool | None = None
    subject: str | None = None


def create_client(
    transaction: Transaction, new: NewClient, by: User | None, now: datetime
) -> tuple[ApiClient, str]:
    """Make a client with its first key, whose text is returned and kept nowhere.

    Parameters
    ----------
    by
        The account that makes it; None: the command line, which may give every site.

    Raises
    ------
    Forbidden
        If the account does not see a site.
    InvalidInput
        If the name cannot be one, no scope or site was given, or the days are out of range.
    Conflict
        If an account of the name, or a client of the subject, exists.
    """
    check_name(new.name)
    _check_scopes(new.scopes)
    _check_sites(transaction, new.site_ids)
    check_giving(by, new.site_ids)
    _check_days(new.days)
    account = User(
        uuid7(), new.name, Role.SYSTEM, NO_PASSWORD, site_ids=new.site_ids, scopes=new.scopes
    )
    transaction.users.add(account, now)
    made = ApiClient(
        account, created_at=now, created_by=by.id if by else None, subject=new.subject or None
    )
    transaction.clients.add(made)
    text, key = _add_key(transaction, made.id, new.days, now)
    after = {**_shown(made), "key": key.prefix, "key_expires_at": key.expires_at.isoformat()}
    _note(transaction, "client.create", made, after=after)
    return transaction.clients.get(made.id), text


def held(transaction: Transaction, client_id: UUID) -> ApiClient:
    """A client, held until the transaction ends, for who changes it; raises `NotFound`.

    A change writes all of it: read without being held, it would undo what another one has written.
    """
    transaction.users.lock(client_id)
    return transaction.clients.get(client_id)


def rotate_key(
    transaction: Transaction,
    client: ApiClient,
    by: User | None,
    now: datetime,
    *,
    days: int = DEFAULT_KEY_DAYS,
    overlap_hours: int = DEFAULT_OVERLAP_HOURS,
) -> tuple[str, ClientKey]:
    """Make a new key; those that there are go on for the overlap and then end.

    Raises
    ------
    Forbidden
        If who makes it does not see all sites of the client: the key would open them.
    InvalidInput
        If days or hours are out of range.
    """
    check_giving(by, client.account.site_ids)
    _check_days(days)
    if not 0 <= overlap_hours <= MOST_OVERLAP_HOURS:
        raise InvalidInput(message("The overlap is 0 to {most} hours.", most=MOST_OVERLAP_HOURS))
    transaction.clients.limit_keys(client.id, now + timedelta(hours=overlap_hours))
    text, key = _add_key(transaction, client.id, days, now)
    after = {"key": key.prefix, "key_expires_at": key.expires_at.isoformat()}
    _note(transaction, "client.rotate", client, after={**after, "overlap_hours": overlap_hours})
    return text, key


def revoke_keys(
    transaction: Transaction, client: ApiClient, now: datetime, prefix: str | None = None
) -> int:
    """End one key, or without a prefix every key, at once; how many there were.

    Raises
    ------
    NotFound
        If the client has no such key.
    """
    chosen = [key for key in client.keys if prefix in {None, key.prefix}]
    if prefix is not None and not chosen:
        raise NotFound(message("The API client has no such key."))
    ending = [key for key in chosen if key.state(now) is KeyState.VALID]
    transaction.clients.revoke_keys([key.id for key in ending], now)
    _note(transaction, "client.revoke", client, after={"keys": [key.prefix for key in ending]})
    return len(ending)


def change_client(
    transaction: Transaction, client: ApiClient, change: ClientChange, by: User | None
) -> ApiClient:
    """Write what is to change of a client that is `held`; raises as `create_client`.

    Anyone may switch a client off; for the rest one must see its sites, those before and after.
    """
    if change != ClientChange(is_active=False):
        check_giving(by, client.account.site_ids | (change.site_ids or frozenset()))
    account, subject = client.account, client.subject
    if change.scopes is not None:
        _check_scopes(change.scopes)
        account = replace(account, scopes=change.scopes)
    if change.site_ids is not None:
        _check_sites(transaction, change.site_ids)
        account = replace(account, site_ids=change.site_ids)
    if change.is_active is not None:
        account = replace(account, is_active=change.is_active)
    if change.subject is not None:
        subject = change.subject or None
    changed = replace(client, account=account, subject=subject)
    transaction.clients.change(changed)
    _note(transaction, "client.change", client, before=_shown(client), after=_shown(changed))
    return changed


def check_key(transaction: Transaction, text: str, address: str, now: datetime) -> ApiClient:
    """The client of a key; its use is noted.

    Raises
    ------
    NotSignedIn
        Without saying whether a key of this start exists, unless the whole key is right.
    """
    shape = _KEY_SHAPE.fullmatch(text)
    client = transaction.clients.with_key(shape["prefix"]) if shape else None
    # Compared even where there is none, so that the answer takes as long.
    stored = client.keys[0].key_sha256 if client else ""
    if not hmac.compare_digest(key_digest(text), stored) or client is None:
        raise NotSignedIn(message("The key is unknown. Check it, or ask for a new one."))
    [key] = client.keys
    _check_usable(key, client, now)
    if key.use_is_due(now):
        transaction.clients.note_use(key.id, now, address)
    return client


def check_external(transaction: Transaction, vouched: ExternalClient) -> User:
    """The account of a system that the identity provider vouches for.

    It may do what its scopes here allow and those of its token say: the less of both.

    Raises
    ------
    NotSignedIn
        If no client here has this subject, or it is switched off.
    """
    client = transaction.clients.by_subject(vouched.client_id)
    if client is None:
        raise NotSignedIn(
            message("The identity provider's client is unknown here. Ask an administrator.")
        )
    if not client.is_active:
        raise NotSignedIn(message("The API client is switched off. Ask an administrator."))
    account = client.account
    scopes = frozenset(scope for scope in account.scopes if scope.value in vouched.scopes)
    return replace(account, scopes=scopes)


def key_digest(text: str) -> str:
    """SHA-256 of a key."""
    return hashlib.sha256(text.encode()).hexdigest()


def _check_usable(key: ClientKey, client: ApiClient, now: datetime) -> None:
    if key.state(now) is KeyState.REVOKED:
        raise NotSignedIn(message("The key was revoked. Ask an administrator for a new one."))
    if key.state(now) is KeyState.EXPIRED:
        raise NotSignedIn(message("The key has expired. Ask an administrator for a new one."))
    if not client.is_active:
        raise NotSignedIn(message("The API client is switched off. Ask an administrator."))


def _add_key(
    transaction: Transaction, client_id: UUID, days: int, now: datetime
) -> tuple[str, ClientKey]:
    prefix = KEY_START + secrets.token_hex(PREFIX_BYTES)
    # In hexadecimal the underscore stands between the parts only, and a double click takes it all.
    text = f"{prefix}_{secrets.token_hex(SECRET_BYTES)}"
    ends = now + timedelta(days=days)
    key = ClientKey(uuid7(), client_id, prefix, key_digest(text), now, ends)
    transaction.clients.add_key(key)
    return text, key


def _shown(client: ApiClient) -> dict[str, Any]:
    """A client as the audit shows it."""
    return {
        "name": client.name,
        "scopes": sorted(client.scopes),
        "sites": sorted(map(str, client.account.site_ids)),
        "active": client.is_active,
        "subject": client.subject,
    }


def _note(
    transaction: Transaction,
    action: str,
    client: ApiClient,
    *,
    after: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
) -> None:
    transaction.audit.note(action, subject=f"client:{client.id}", before=before, after=after)


def _check_sites(transaction: Transaction, site_ids: Collection[UUID]) -> None:
    known = {site.id for site in transaction.sites.all()}
    if not site_ids or not set(site_ids) <= known:
        raise InvalidInput(message("Choose at least one of the sites that there are."))


def _check_scopes(scopes: Collection[Scope]) -> None:
    if not scopes:
        raise InvalidInput(
            message("Give at least one scope: {scopes}.", scopes=", ".join(sorted(Scope)))
        )


def _check_days(days: int) -> None:
    if not 1 <= days <= MOST_KEY_DAYS:
        raise InvalidInput(message("A key lasts 1 to {most} days.", most=MOST_KEY_DAYS))
