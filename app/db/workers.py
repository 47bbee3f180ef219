"""When each worker was last alive."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from app.db.tables import WorkerRow


def beat(engine: Engine, executor_id: str, now: datetime) -> None:
    """Note that a worker is alive."""
    with Session(engine) as session, session.begin():
        session.merge(WorkerRow(executor_id=executor_id, seen_at=now))


def silent_since(engine: Engine, limit: datetime, except_for: str) -> list[str]:
    """Other workers that were last seen before `limit`."""
    query = select(WorkerRow.executor_id).where(
        WorkerRow.seen_at < limit, WorkerRow.executor_id != except_for
    )
    with Session(engine) as session:
        return list(session.scalars(query))


def forget(engine: Engine, executor_ids: Collection[str], limit: datetime) -> None:
    """Delete workers, but for those that were seen since `limit`."""
    gone = delete(WorkerRow).where(
        WorkerRow.executor_id.in_(executor_ids), WorkerRow.seen_at < limit
    )
    with Session(engine) as session, session.begin():
        session.execute(gone)
