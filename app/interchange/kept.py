"""What another server publishes, kept for a while; its failures too, so that nobody waits twice."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from app.domain.errors import VexascopeError

FAILURE_KEPT_S = 30

T = TypeVar("T")


class Kept(Generic[T]):
    """One value that is fetched when it is needed, outside the lock: others go on with theirs.

    Parameters
    ----------
    fetch
        Asks the other server; raises `VexascopeError`, which is raised again to all who ask
        within `FAILURE_KEPT_S`, in s.
    """

    def __init__(self, fetch: Callable[[], T]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._value: tuple[float, T] | None = None
        self._failure: tuple[float, VexascopeError] | None = None

    def get(self, kept_s: float) -> T:
        """The value, if it is not older than this, in s; else a new one."""
        with self._lock:
            now = time.monotonic()
            if self._value is not None and now - self._value[0] <= kept_s:
                return self._value[1]
            if self._failure is not None:
                if now - self._failure[0] <= FAILURE_KEPT_S:
                    raise self._failure[1].with_traceback(None)
                # One asks whether it is over; the others are told at once that it was not.
                self._failure = (now, self._failure[1])
        return self._fetched()

    def _fetched(self) -> T:
        try:
            value = self._fetch()
        except VexascopeError as error:
            with self._lock:
                self._failure = (time.monotonic(), error)
            raise
        with self._lock:
            self._value, self._failure = (time.monotonic(), value), None
        return value
