"""What a process knows of which bundle is active."""

from collections.abc import Callable
from threading import Lock
from time import monotonic

from app.ports import Bundle

# How long a process may not know that another one has activated a bundle. Jobs ask each time.
KNOWN_S = 1.0


class ActiveBundle:
    """The active bundle: the database is asked at most once in a while, by one thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: Bundle | None = None
        self._until_s = 0.0

    def forget(self) -> None:
        """Ask anew: this process has just switched."""
        self._until_s = 0.0

    def get(self, read: Callable[[Bundle | None], Bundle]) -> Bundle:
        """The active bundle; `read` asks the database, and is given what was known before."""
        known = self._known
        if known is not None and monotonic() < self._until_s:
            return known
        # While one thread asks, the others go on with what they know: each would else hold a
        # second connection.
        if not self._lock.acquire(blocking=known is None):
            return known or self.get(read)
        try:
            self._known = read(known)
            self._until_s = monotonic() + KNOWN_S
            return self._known
        finally:
            self._lock.release()
