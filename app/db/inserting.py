"""Insert what is not there yet; both databases can, each with its own statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.db.tables import Row


def insert_new(session: Session, table: type[Row], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; one whose key or unique value exists stays as it is, whoever wrote it."""
    if not rows:
        return
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sqlite.insert(table).on_conflict_do_nothing(), rows)
    else:
        session.execute(postgresql.insert(table).on_conflict_do_nothing(), rows)
