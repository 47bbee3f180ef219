"""Passwords: hashed, checked, changed by whose they are, and chosen by a link of one use."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from pwdlib import PasswordHash

from app.domain import password as rules
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.message import message
from app.domain.sign_in import PasswordLink
from app.domain.user import AT_PROVIDER, User
from app.ports import Transaction
from app.services.common_passwords import is_common

LINK_LIFE = timedelta(days=3)
_USED = message("This link has been used or has expired. Ask your administrator for a new one.")

_hasher = PasswordHash.recommended()
# Checked where the name is unknown, so that the answer takes as long as for a known one.
_DECOY_HASH = _hasher.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """Argon2id in PHC form."""
    return _hasher.hash(rules.normalised(password))


def fits(password: str, user: User | None) -> bool:
    """Whether it is the account's password; as slow where there is no account, or none is set."""
    known = user if user and user.has_password else None
    if len(password) > rules.MAX_LENGTH:
        password = ""
    stored = known.password_hash if known else _DECOY_HASH
    return _hasher.verify(rules.normalised(password), stored) and known is not None


def made_password() -> str:
    """Twenty characters of 120 random bits."""
    return secrets.token_urlsafe(15)


def refuse_external(user: User) -> None:
    """Raise `Conflict` for an account that signs in at the provider."""
    if user.password_hash == AT_PROVIDER:
        raise Conflict(message("This account signs in at the provider, which keeps its password."))


def check_new(transaction: Transaction, user: User, password: str) -> None:
    """Raise `InvalidInput` where an account must not have this password."""
    factor = transaction.second_factors.get(user.id)
    found = rules.problem(
        password,
        (user.name, user.full_name or ""),
        is_common,
        has_second_factor=bool(factor and factor.confirmed_at),
    )
    if found is not None:
        raise InvalidInput(found)


def refuse_different(new: str, repeated: str) -> None:
    """Raise `InvalidInput` unless a new password was typed twice alike."""
    if new != repeated:
        raise InvalidInput(message("The two new passwords differ. Type both again."))


def change(transaction: Transaction, user: User, new: str) -> None:
    """Give an account the password that its person chose.

    Raises
    ------
    InvalidInput
        If it must not be that.
    Conflict
        If the account signs in at the provider.
    """
    refuse_external(user)
    check_new(transaction, user, new)
    replace(transaction, user.id, hash_password(new))


def replace(transaction: Transaction, user_id: UUID, password_hash: str) -> None:
    """Store another hash; the account's sessions, tokens and links end with the old one."""
    transaction.users.set_password_hash(user_id, password_hash)
    transaction.sessions.end_all(user_id)
    transaction.sign_ins.remove_link(user_id)


def make_link(transaction: Transaction, user: User, now: datetime) -> str:
    """The token of a link by which a person chooses a password; an earlier link ends."""
    token = secrets.token_urlsafe(32)
    link = PasswordLink(user.id, _digest(token), now, now + LINK_LIFE)
    transaction.sign_ins.put_link(link)
    return token


def user_of_link(transaction: Transaction, token: str, now: datetime) -> User:
    """Whose link it is; raises `NotFound` where it is used up, expired or was never made."""
    link = transaction.sign_ins.link(_digest(token))
    user = transaction.users.get(link.user_id) if link and link.expires_at > now else None
    if user is None or not user.is_active:
        raise NotFound(_USED)
    return user


def choose_by_link(transaction: Transaction, token: str, new: str, now: datetime) -> User:
    """Set the password and use the link up; raises `NotFound` or `InvalidInput`."""
    user = user_of_link(transaction, token, now)
    if not transaction.sign_ins.use_link(_digest(token)):
        # Another request has used it since.
        raise NotFound(_USED)
    change(transaction, user, new)
    return user


def _digest(token: str) -> str:
    """SHA-256 of a token. It has 256 random bits, so a slow hash would protect nothing more."""
    return hashlib.sha256(token.encode()).hexdigest()
