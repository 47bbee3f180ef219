"""Identity: the first account, accounts made at the command line, tokens."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.access import PEOPLE, Role
from app.domain.case import MAX_NAME_LENGTH
from app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn
from app.domain.message import message
from app.domain.site import DEFAULT_SITE_ID
from app.domain.user import AT_PROVIDER, ApiToken, User
from app.ports import Transaction
from app.services.passwords import fits, hash_password, made_password, refuse_external, replace

ADMINISTRATOR_NAME = "admin"
TOKEN_DAYS = 30
TOKEN_PREFIX = "vxs_"  # noqa: S105 - the public start of every token, for secret scanners


def ensure_administrator(
    transaction: Transaction, chosen_password: str | None, now: datetime
) -> str | None:
    """Make the first account, or set its password to the chosen one.

    Returns
    -------
    The password that was made up and must be printed once; None where none was.
    """
    existing = transaction.users.by_name(ADMINISTRATOR_NAME)
    if existing is None:
        password = chosen_password or made_password()
        user = User(uuid7(), ADMINISTRATOR_NAME, Role.ADMINISTRATOR, hash_password(password))
        transaction.users.add(user, now)
        return None if chosen_password else password
    if chosen_password and not fits(chosen_password, existing):
        replace(transaction, existing.id, hash_password(chosen_password))
    return None


def create_user(
    transaction: Transaction,
    name: str,
    role: Role,
    full_name: str | None,
    now: datetime,
    site_ids: frozenset[UUID] = frozenset({DEFAULT_SITE_ID}),
) -> str:
    """Make an account with a made-up password, which is returned and kept nowhere else.

    Raises
    ------
    InvalidInput
        If the role is no person's; or a name is empty, too long, or holds what cannot be seen;
        or, of the name to sign in with, a colon, which ends the name in HTTP Basic (RFC 7617).
    Conflict
        If the name exists.
    """
    if role not in PEOPLE:
        raise InvalidInput(message("People do not have this role. Make an API client instead."))
    check_name(name)
    if full_name is not None:
        check_full_name(full_name)
    if transaction.users.by_name(name) is not None:
        raise Conflict(message("An account named {name} exists already.", name=name))
    password = made_password()
    user = User(uuid7(), name, role, hash_password(password), full_name, site_ids=site_ids)
    transaction.users.add(user, now)
    after = {"name": name, "role": role.value}
    transaction.audit.note("account.create", subject=f"user:{user.id}", after=after)
    return password


def account_named(transaction: Transaction, name: str) -> User:
    """The account of a person by its name; raises `NotFound`."""
    user = transaction.users.by_name(name)
    if user is None or user.role is Role.SYSTEM:
        raise NotFound(message("There is no such account."))
    return user


def renew_password(transaction: Transaction, name: str) -> str:
    """Give an account a made-up password, which is returned; its sessions and tokens end.

    Raises
    ------
    NotFound
    Conflict
        If the account signs in at the provider: a password would lead past it.
    """
    user = account_named(transaction, name)
    refuse_external(user)
    password = made_password()
    replace(transaction, user.id, hash_password(password))
    transaction.audit.note("account.reset-password", subject=f"user:{user.id}")
    return password


def recover(transaction: Transaction, name: str) -> str:
    """Open an account to its person again, whatever keeps it closed; raises as above."""
    user = account_named(transaction, name)
    password = renew_password(transaction, name)
    transaction.second_factors.remove(user.id)
    transaction.users.set_active(user.id, is_active=True)
    transaction.audit.note("account.recover", subject=f"user:{user.id}")
    return password


def check_name(name: str) -> None:
    """Raise `InvalidInput` unless an account may have this name."""
    _check_visible(name)
    if ":" in name:
        raise InvalidInput(message("The name to sign in with cannot hold a colon."))


def check_full_name(name: str) -> None:
    """Raise `InvalidInput` unless this can be printed under a signature."""
    _check_visible(name)


def _check_visible(name: str) -> None:
    stands_alone = name == name.strip() and name.isprintable()
    if not 0 < len(name) <= MAX_NAME_LENGTH or not stands_alone:
        raise InvalidInput(
            message(
                "The name needs 1 to {most} visible characters, without spaces at its ends.",
                most=MAX_NAME_LENGTH,
            )
        )


def check_password(transaction: Transaction, name: str, password: str) -> User:
    """The account of a name and password.

    Raises
    ------
    NotSignedIn
        Without saying which of the two is wrong.
    """
    user = transaction.users.by_name(name)
    if not fits(password, user) or user is None or not user.is_active:
        raise NotSignedIn(message("Name or password is wrong."))
    return user


def issue_token(transaction: Transaction, user: User, now: datetime) -> tuple[str, ApiToken]:
    """Make a bearer token; its text is known only to the caller.

    Raises
    ------
    Forbidden
        If the account signs in at the provider: a token would outlive what the provider decides.
    """
    if user.password_hash == AT_PROVIDER:
        raise Forbidden(
            message(
                "This account signs in at the provider, so it has no tokens here. Use the key of "
                "an API client."
            )
        )
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(uuid7(), user.id, token_digest(text), now, now + timedelta(days=TOKEN_DAYS))
    transaction.users.add_token(token)
    return text, token


def check_token(transaction: Transaction, text: str, now: datetime) -> User:
    """The account of a bearer token.

    Raises
    ------
    NotSignedIn
        If it is unknown or has expired.
    """
    user = transaction.users.by_token(token_digest(text), now)
    if user is None or user.password_hash == AT_PROVIDER:
        raise NotSignedIn(message("The bearer token is unknown or has expired. Ask for a new one."))
    return user


def token_digest(text: str) -> str:
    """SHA-256 of a token. It has 256 random bits, so a slow hash would protect nothing more."""
    return hashlib.sha256(text.encode()).hexdigest()
