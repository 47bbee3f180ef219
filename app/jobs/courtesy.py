"""Work that waits for other work: what readers wait for goes first."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Courtesy:
    """Counts the jobs of this process that readers wait for; others step back meanwhile."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._busy = 0
        self._stopping = False

    @contextmanager
    def first(self) -> Iterator[None]:
        """Do what readers wait for."""
        with self._condition:
            self._busy += 1
        try:
            yield
        finally:
            with self._condition:
                self._busy -= 1
                self._condition.notify_all()

    def give_way(self) -> bool:
        """Wait until readers wait for nothing; False where the process is to stop."""
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or not self._busy)
            return not self._stopping

    def stop(self) -> None:
        """Let nobody wait any longer."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
