"""Identity: who signs in. One administrator, until accounts are managed."""

import hashlib
import secrets
from datetime import datetime, timedelta

from pwdlib import PasswordHash
from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.case import MAX_NAME_LENGTH
from app.domain.errors import Conflict, InvalidInput, NotFound, NotSignedIn
from app.domain.message import message
from app.domain.user import ApiToken, User
from app.ports import Transaction

ADMINISTRATOR_NAME = "admin"
TOKEN_DAYS = 30
TOKEN_PREFIX = "vxs_"  # noqa: S105 - the public start of every token, for secret scanners

_hasher = PasswordHash.recommended()
# Checked where the name is unknown, so that the answer takes as long as for a known one.
_DECOY_HASH = _hasher.hash(secrets.token_urlsafe(16))


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
        password = chosen_password or _made_password()
        user = User(uuid7(), ADMINISTRATOR_NAME, Role.ADMINISTRATOR, _hasher.hash(password))
        transaction.users.add(user, now)
        return None if chosen_password else password
    if chosen_password and not _hasher.verify(chosen_password, existing.password_hash):
        transaction.users.set_password_hash(existing.id, _hasher.hash(chosen_password))
    return None


def hash_password(password: str) -> str:
    """Argon2id in PHC form."""
    return _hasher.hash(password)


def create_user(
    transaction: Transaction, name: str, role: Role, full_name: str | None, now: datetime
) -> str:
    """Make an account with a made-up password, which is returned and kept nowhere else.

    Raises
    ------
    InvalidInput
        If a name is empty, too long, or holds what cannot be seen; or, of the name to sign in
        with, a colon, which ends the name in HTTP Basic (RFC 7617).
    Conflict
        If the name exists.
    """
    check_name(name)
    if full_name is not None:
        _check_visible(full_name, "")
    if transaction.users.by_name(name) is not None:
        raise Conflict(message("An account named {name} exists already.", name=name))
    password = _made_password()
    user = User(uuid7(), name, role, _hasher.hash(password), full_name)
    transaction.users.add(user, now)
    return password


def renew_password(transaction: Transaction, name: str) -> str:
    """Give an account a made-up password, which is returned; raises `NotFound`.

    Its sessions and tokens end.
    """
    user = transaction.users.by_name(name)
    if user is None:
        raise NotFound(message("There is no such account."))
    password = _made_password()
    transaction.users.set_password_hash(user.id, _hasher.hash(password))
    return password


def _made_password() -> str:
    return secrets.token_urlsafe(15)


def check_name(name: str) -> None:
    """Raise `InvalidInput` unless an account may have this name."""
    _check_visible(name, ":")


def _check_visible(name: str, refused: str) -> None:
    stands_alone = name == name.strip() and name.isprintable()
    if not 0 < len(name) <= MAX_NAME_LENGTH or not stands_alone or set(name) & set(refused):
        raise InvalidInput(
            message(
                "The name needs 1 to {most} visible characters, without a colon and without spaces "
                "at its ends.",
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
    known = user if user and user.can_sign_in else None
    stored = known.password_hash if known else _DECOY_HASH
    if not _hasher.verify(password, stored) or known is None:
        raise NotSignedIn(message("Name or password is wrong."))
    return known


def issue_token(transaction: Transaction, user: User, now: datetime) -> tuple[str, ApiToken]:
    """Make a bearer token; its text is known only to the caller."""
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
    if user is None:
        raise NotSignedIn(message("The bearer token is unknown or has expired. Ask for a new one."))
    return user


def token_digest(text: str) -> str:
    """SHA-256 of a token. It has 256 random bits, so a slow hash would protect nothing more."""
    return hashlib.sha256(text.encode()).hexdigest()
