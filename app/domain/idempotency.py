"""Requests under an Idempotency-Key: asked twice, done once, answered alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

KEY_LIFETIME = timedelta(hours=24)
LEASE = timedelta(seconds=30)
"""How long a request that shows no sign of life holds its key."""


@dataclass(frozen=True)
class Answer:
    """What was answered; `body` is None where it is not kept, since it showed a secret."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True)
class KeyedRequest:
    """One request of an account under a key, and what became of it.

    Parameters
    ----------
    key_sha256
        Of the key: its sender may have put an accession number into it.
    holder
        Whose attempt it is; another one after a crash.
    held_until
        A process that lives moves it on; after a crash it passes.
    body_sha256
        Of the whole request; None until its body has been read.
    worked_at
        When the request's work was committed; None while it was not.
    location, work_status
        Where the work's result can be read, and the status that told of it.
    answer
        None until it is given; where it was lost, it is made anew from `location`.
    """

    id: UUID
    user_id: UUID
    key_sha256: str
    holder: UUID
    started_at: datetime
    held_until: datetime
    body_sha256: str | None = None
    worked_at: datetime | None = None
    location: str | None = None
    work_status: int | None = None
    answer: Answer | None = None

    def is_running(self, now: datetime) -> bool:
        """Whether a process is at work on it."""
        return self.answer is None and now < self.held_until

    def is_expired(self, now: datetime) -> bool:
        """Whether the key may be used for something else."""
        return now >= self.started_at + KEY_LIFETIME
