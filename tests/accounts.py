"""Accounts of the tests: one that administers, and one that reads and signs."""

from uuid_utils.compat import uuid7

from app.bootstrap import Container
from app.domain.access import Role
from app.domain.user import User
from app.services.identity import ensure_administrator
from app.services.passwords import hash_password

ADMIN_PASSWORD = "correct horse battery staple"
ADMIN = ("admin", ADMIN_PASSWORD)
READER = ("reader", ADMIN_PASSWORD)

# Slow on purpose, and the same for all.
_HASH = hash_password(ADMIN_PASSWORD)


def add_accounts(container: Container) -> None:
    """Make both, unless they are there."""
    with container.transactions() as transaction:
        ensure_administrator(transaction, ADMIN_PASSWORD, container.now())
        if transaction.users.by_name(READER[0]) is None:
            add_account(transaction, READER[0], Role.HAEMATOLOGIST, container.now())


def add_account(transaction, name: str, role: Role, now) -> User:
    """An account with the password of all."""
    user = User(uuid7(), name, role, _HASH)
    transaction.users.add(user, now)
    return user
