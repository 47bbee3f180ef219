"""The name of this process in the job queue.

Two live processes under one name would run each other's jobs twice, and a process that comes
back under another name would leave its own behind. So a name belongs to a locked slot: the first
free one of this host, and the same again after a restart.
"""

import fcntl
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors import SettingsRefused

MAX_SLOTS = 256


@contextmanager
def executor_name(chosen: str | None, folder: Path) -> Iterator[str]:
    """Hold a name as long as the process runs; the kernel frees the slot if it is killed."""
    names = [chosen] if chosen else [f"{platform.node()}-{slot}" for slot in range(MAX_SLOTS)]
    locks = folder / "executors"
    locks.mkdir(parents=True, exist_ok=True)
    for name in names:
        with (locks / f"{name}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield name
            return
    raise SettingsRefused(
        f"Another process already runs as {names[0]}. Set VEXASCOPE_EXECUTOR_ID to another name."
    )
