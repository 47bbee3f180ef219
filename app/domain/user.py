"""People who sign in, and tokens that stand for them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What an account may do. The first release knows the administrator alone."""

    ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class User:
    """An account; `password_hash` is argon2id in PHC form."""

    id: UUID
    name: str
    role: Role
    password_hash: str


@dataclass(frozen=True)
class ApiToken:
    """A bearer token, kept as the SHA-256 of its 256 random bits."""

    id: UUID
    user_id: UUID
    token_sha256: str
    created_at: datetime
    expires_at: datetime
