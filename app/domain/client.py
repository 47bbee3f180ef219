"""API clients: systems that act without a person, and the keys that they show."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.access import Scope
from app.domain.user import User

KEY_START = "vxk_"
"""How every key begins, for scanners of leaked secrets; a person's token begins `vxs_`."""
DEFAULT_KEY_DAYS = 365
MOST_KEY_DAYS = 3 * 365
DEFAULT_OVERLAP_HOURS = 24
MOST_OVERLAP_HOURS = 30 * 24
USE_NOTED_EVERY = timedelta(minutes=1)
"""The last use is written no more often: a write for each request would cost more than it tells."""


class KeyState(StrEnum):
    """Whether a key opens anything, and why not."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class ClientKey:
    """A key of a client, without its secret: that is known only to whom it was shown.

    Parameters
    ----------
    prefix
        The public start of the key, by which it is found and named.
    key_sha256
        SHA-256 of the whole key. Its secret has 256 random bits: a slow hash would protect no more.
    """

    id: UUID
    client_id: UUID
    prefix: str
    key_sha256: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    last_used_from: str | None = None

    def state(self, now: datetime) -> KeyState:
        """Whether it opens anything now."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        return KeyState.VALID if now < self.expires_at else KeyState.EXPIRED

    def use_is_due(self, now: datetime) -> bool:
        """Whether this use is to be written down."""
        return self.last_used_at is None or now - self.last_used_at >= USE_NOTED_EVERY


@dataclass(frozen=True)
class ApiClient:
    """A system: an account of role `system` that no password opens, and what it may do.

    Parameters
    ----------
    account
        Under which everything that the system does is recorded; its sites and scopes, and
        whether it is active, are the client's.
    subject
        What an identity provider's tokens call this client; None: it comes with keys alone.
    """

    account: User
    created_at: datetime
    created_by: UUID | None
    subject: str | None = None
    keys: tuple[ClientKey, ...] = ()

    @property
    def id(self) -> UUID:
        """Of the account."""
        return self.account.id

    @property
    def name(self) -> str:
        """Of the account."""
        return self.account.name

    @property
    def is_active(self) -> bool:
        """Of the account; else every key is refused."""
        return self.account.is_active

    @property
    def scopes(self) -> frozenset[Scope]:
        """Of the account."""
        return self.account.scopes
