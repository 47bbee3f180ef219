"""Work that waits for other work: what readers wait for goes first."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from time import monotonic

# Between two jobs of one case there is a moment without any: that is no time for others yet.
QUIET_S = 0.5


class Courtesy:
    """Counts the jobs of this process that readers wait for; others step back meanwhile."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._busy = 0
        self._quiet_from_s = 0.0
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
                self._quiet_from_s = monotonic() + QUIET_S
                self._condition.notify_all()

    def give_way(self) -> bool:
        """Wait until readers wait for nothing; False where the process is to stop."""
        with self._condition:
            while not self._stopping:
                left_s = self._quiet_from_s - monotonic()
                if not self._busy and left_s <= 0:
                    return True
                self._condition.wait(None if self._busy else left_s)
            return False

    def pause(self, seconds: float) -> None:
        """Wait so long, or until the process is to stop."""
        with self._condition:
            self._condition.wait_for(lambda: self._stopping, seconds)

    def stop(self) -> None:
        """Let nobody wait any longer."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
