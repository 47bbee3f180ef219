"""Work of the queue as a laboratory's systems see it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class JobState(StrEnum):
    """How far a piece of work is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """Given up; it is not tried again by itself."""


@dataclass(frozen=True)
class Job:
    """One batch of cells that is classified, or waits for it.

    Parameters
    ----------
    began_at, ended_at
        None while it has not.
    """

    id: str
    state: JobState
    cell_ids: tuple[UUID, ...]
    queued_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
