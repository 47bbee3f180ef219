"""Bring a database to the newest revision, or say which it has."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from app.settings import PROJECT


def alembic_config(engine: Engine) -> Config:
    """Alembic on this engine, with the project's `migrations/`."""
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "migrations"))
    config.attributes["engine"] = engine
    return config


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """Let one process prepare the database at a time; the next finds its work done.

    SQLite's own write lock does not do: a migration looks at the revision before it writes, so
    two would both find the old one. Not to be nested: the second would wait for the first.
    """
    if engine.dialect.name == "postgresql":
        with _alone_on_postgresql(engine):
            yield
    elif file := engine.url.database:
        with Path(f"{file}.lock").open("w") as lock:
            # The kernel frees it if the process is killed.
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    else:
        yield


@contextmanager
def _alone_on_postgresql(engine: Engine) -> Iterator[None]:
    with engine.connect() as connection:
        # Any number, the same in every process of this product.
        connection.execute(text("SELECT pg_advisory_lock(1853189217)"))
        try:
            yield
        finally:
            # The connection goes back to the pool, and would keep the lock.
            connection.execute(text("SELECT pg_advisory_unlock(1853189217)"))


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Migrate forwards."""
    command.upgrade(alembic_config(engine), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Migrate backwards."""
    command.downgrade(alembic_config(engine), revision)


def current_revision(engine: Engine) -> str | None:
    """The revision that the database has."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision(engine: Engine) -> str | None:
    """The revision that this version of the product needs."""
    return ScriptDirectory.from_config(alembic_config(engine)).get_current_head()
