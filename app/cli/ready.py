"""What a command needs before its work: quiet logs, and a database of this version."""

from collections.abc import Iterator
from contextlib import contextmanager

from app import logs
from app.bootstrap import Container, running
from app.settings import LogFormat, load_settings


@contextmanager
def ready(level: str = "WARNING") -> Iterator[Container]:
    """Open the container of the environment's settings; raises `StorageUnavailable`."""
    logs.configure(LogFormat.TEXT, level)
    with running(load_settings()) as container:
        container.check_database()
        yield container
