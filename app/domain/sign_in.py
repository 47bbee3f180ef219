"""Signing in: sessions of people, and how long one waits after failures."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.user import AT_PROVIDER, User

FORGOTTEN_AFTER = timedelta(hours=24)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
_MOST_DOUBLINGS = 10


class Method(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    SECOND_FACTOR = "second-factor"
    PROVIDER = "provider"
    DEMONSTRATION = "demonstration"


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in, in one browser.

    Parameters
    ----------
    seen_at
        When the person last did something; what a page asks for by itself is nothing they did.
    device
        What the browser calls itself.
    confirmed_at
        When the person last proved at the provider who they are; a signature uses it up.
    """

    id: UUID
    user_id: UUID
    since: datetime
    seen_at: datetime
    address: str
    device: str
    method: Method
    confirmed_at: datetime | None = None


@dataclass(frozen=True)
class SessionRule:
    """When a session ends by itself."""

    idle: timedelta
    longest: timedelta

    def has_ended(self, session: Session, now: datetime) -> bool:
        """Whether nothing was done for too long, or it began too long ago."""
        return now >= min(session.seen_at + self.idle, session.since + self.longest)


@dataclass(frozen=True)
class LocalSignIn:
    """Who may sign in by what: a password of this product, or the provider.

    Parameters
    ----------
    is_open
        Whether everybody who has a password may.
    break_glass
        Name of the account that may in any case.
    has_provider
        Whether there is one, for accounts that have no password here.
    """

    is_open: bool = True
    break_glass: str | None = None
    has_provider: bool = True

    def keeps_out(self, user: User, method: Method | None = None) -> bool:
        """Whether the settings close what the account signs in by, or has signed in by."""
        if method is Method.PROVIDER or user.password_hash == AT_PROVIDER:
            return not self.has_provider
        return user.has_password and not self.is_open and user.name != self.break_glass


@dataclass(frozen=True)
class Failures:
    """Tries that failed, one after the other, for one account, device or address."""

    count: int
    last_at: datetime

    def blocked_until(self, free: int) -> datetime:
        """When the next try is heard: the wait doubles with each failure beyond the free ones.

        It never grows beyond `LONGEST_WAIT`: no stranger can lock an account for good.
        """
        beyond = self.count - free
        if beyond < 0:
            return self.last_at
        doublings = min(beyond, _MOST_DOUBLINGS)
        return self.last_at + min(FIRST_WAIT * float(2**doublings), LONGEST_WAIT)


@dataclass(frozen=True)
class PasswordLink:
    """A link by which a person chooses a password, once; its token is kept as SHA-256."""

    user_id: UUID
    token_sha256: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class SecondFactor:
    """A time-based one-time password (RFC 6238) that an account asks for.

    Parameters
    ----------
    secret
        160 random bits in Base32, sealed.
    last_step
        The time step of the last code that was taken; it and earlier ones are refused.
    confirmed_at
        When the person gave a first code; None: not asked for yet.
    """

    user_id: UUID
    secret: str
    last_step: int
    confirmed_at: datetime | None
