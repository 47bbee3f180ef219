"""Sessions of people: rows in the database, of which the cookie holds a random token."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.sign_in import Method, Session, SessionRule
from app.domain.user import User
from app.ports import Transaction

CONFIRMATION_LIFE = timedelta(minutes=5)
# An act is written down once in this time: a reader decides on many cells a minute.
TOUCHED_EVERY = timedelta(seconds=30)
_LONGEST_ADDRESS, _LONGEST_DEVICE = 64, 200


@dataclass(frozen=True)
class Browser:
    """Where a request comes from: its address, and what the browser calls itself."""

    address: str
    device: str


def start(
    transaction: Transaction, user: User, browser: Browser, method: Method, now: datetime
) -> tuple[str, Session]:
    """A new session and its token, which only the caller knows."""
    token = secrets.token_urlsafe(32)
    session = Session(
        id=uuid7(),
        user_id=user.id,
        since=now,
        seen_at=now,
        address=browser.address[:_LONGEST_ADDRESS],
        device=browser.device[:_LONGEST_DEVICE],
        method=method,
    )
    transaction.sessions.add(session, _digest(token))
    return token, session


def find(
    transaction: Transaction, token: str, rule: SessionRule, now: datetime
) -> tuple[User, Session] | None:
    """Who is signed in by a cookie's token; None where the session has ended."""
    session = transaction.sessions.by_token(_digest(token))
    if session is None or rule.has_ended(session, now):
        return None
    user = transaction.users.get(session.user_id)
    return (user, session) if user and user.is_active else None


def note_act(transaction: Transaction, session: Session, now: datetime) -> None:
    """The person did something: the time of being idle begins anew."""
    if now - session.seen_at >= TOUCHED_EVERY:
        transaction.sessions.touch(session.id, now)


def living(
    transaction: Transaction, user: User, rule: SessionRule, now: datetime
) -> tuple[Session, ...]:
    """Everywhere that somebody is signed in, the latest act first."""
    found = transaction.sessions.of_user(user.id)
    return tuple(session for session in found if not rule.has_ended(session, now))


def end_everywhere(transaction: Transaction, user_id: UUID) -> None:
    """Sign an account out of every browser, and end the bearer tokens that stand for it."""
    transaction.sessions.end_all(user_id)
    transaction.users.end_tokens(user_id)


def _digest(token: str) -> str:
    """SHA-256 of a token of 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
