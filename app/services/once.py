"""What the transactions of a request under an Idempotency-Key know of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


@dataclass
class Turn:
    """The request that holds a key; each transaction that writes notes it as done.

    Parameters
    ----------
    body_sha256
        Tells the digest of what was read of the body so far.
    location, status
        Where the result can be read, and with which status the route tells of it.
    """

    request_id: UUID
    holder: UUID
    body_sha256: Callable[[], str]
    location: str | None = None
    status: int | None = None


_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)


@contextmanager
def taking(turn: Turn) -> Iterator[None]:
    """Run what belongs to a request under a key."""
    token = _turn.set(turn)
    try:
        yield
    finally:
        _turn.reset(token)


def current_turn() -> Turn | None:
    """The request under a key that runs; None where there is none."""
    return _turn.get()


def found_at(location: str, status: int) -> None:
    """Say, before the transaction commits, where its result can be read from then on.

    A process that is killed after the commit leaves no answer behind: who asks again gets what
    stands there, under this status: it must be the same as the route's own answer. Without a key it
    does nothing.
    """
    turn = _turn.get()
    if turn is not None:
        turn.location, turn.status = location, status
