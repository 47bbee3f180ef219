"""Connections to SQLite or PostgreSQL."""

import sqlite3

from sqlalchemy import Engine, create_engine, event, make_url

BUSY_TIMEOUT_MS = 30_000
CHECKPOINT_TIMEOUT_MS = 1_000


def make_engine(url: str) -> Engine:
    """Open an engine; the folder of a SQLite file must exist.

    Its errors hide the parameters of a statement: they would carry patients into the log.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    return create_engine(
        url, pool_size=10, max_overflow=20, pool_pre_ping=True, hide_parameters=True
    )


def clear_traces(engine: Engine) -> bool:
    """Take what was overwritten out of SQLite's write-ahead log too; False while others read.

    The log keeps every page as it was written, until it is folded into the file and begun anew.
    On PostgreSQL there is nothing that a connection could do: see decision 0027.
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        # Writers wait meanwhile, so it does not wait for long itself.
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {CHECKPOINT_TIMEOUT_MS}")
        try:
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    return not busy


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(
        url, connect_args={"check_same_thread": False}, pool_size=10, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        # A deferred transaction that turns into a writer fails at once when another writes;
        # one that starts as a writer waits its turn.
        connection.isolation_level = "IMMEDIATE"
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        # FULL: what was answered with 202 survives a power cut, not only a killed process.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA foreign_keys = ON")
        # What is erased leaves no trace in the pages that it stood on.
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.close()

    return engine
