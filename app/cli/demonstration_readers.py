"""The two readers of the demonstration: one to sign in as, and one to read second."""

import secrets
from dataclasses import dataclass

from uuid_utils.compat import uuid7

from app.bootstrap import Container
from app.domain.access import Role
from app.domain.user import User
from app.ports import Transaction
from app.services.passwords import hash_password


@dataclass(frozen=True)
class DemonstrationReader:
    """An account that the demonstration makes."""

    name: str
    full_name: str


READERS = (
    DemonstrationReader("reader-1", "Demo Reader One"),
    DemonstrationReader("reader-2", "Demo Reader Two"),
)


def make_readers(container: Container) -> dict[str, str]:
    """Make the accounts, or give them new passwords; the passwords by name."""
    made = {reader.name: secrets.token_urlsafe(12) for reader in READERS}
    with container.transactions() as transaction:
        for reader in READERS:
            _put(transaction, container, reader, made[reader.name])
    return made


def _put(
    transaction: Transaction, container: Container, reader: DemonstrationReader, password: str
) -> None:
    found = transaction.users.by_name(reader.name)
    hashed = hash_password(password)
    if found is not None:
        transaction.users.set_password_hash(found.id, hashed)
        return
    user = User(uuid7(), reader.name, Role.HAEMATOLOGIST, hashed, reader.full_name)
    transaction.users.add(user, container.now())
