"""Two who do something at one moment, in threads."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

# One who is kept out until the other is done never comes: nobody waits for them for longer.
_PATIENCE_S = 0.5


def meeting(do: Callable[..., Any]) -> Callable[..., Any]:
    """`do`, before which two wait for each other.

    Unless one is kept out, both have read by then what they go by.
    """
    both = Barrier(2)

    def met(*args: Any, **values: Any) -> Any:
        with suppress(BrokenBarrierError):
            both.wait(_PATIENCE_S)
        return do(*args, **values)

    return met


def at_once(*acts: Callable[[], Any]) -> Sequence[Any]:
    """What each answers."""
    with ThreadPoolExecutor(len(acts)) as threads:
        return [act.result() for act in [threads.submit(act) for act in acts]]
