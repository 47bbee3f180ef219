"""Enqueueing side of the durable queue: a job is a row beside the rows that it will read."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from dbos import DBOS, DBOSClient
from sqlalchemy import Engine, case, column, func, select, table
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.db.jobs import prefix_of
from app.db.transaction import JobQueues
from app.domain.statistics import QueueState

QUEUE = "classification"
CLASSIFY = "classify_cells"
SHADOW_QUEUE, READ_IN_SHADOW = "shadow", "read_in_shadow"
SET_QUEUE, READ_SET = "control", "read_set"
# The version of the job's arguments, not of the product: an upgrade finishes the old jobs.
JOB_VERSION = "1"
# Where the library keeps its tables on PostgreSQL; SQLite knows no schemas.
_SCHEMA = "dbos"
_STATES = {
    "waiting": ("ENQUEUED", "DELAYED"),
    "running": ("PENDING",),
    "failed": ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"),
}


class DbosJobQueue:
    """`JobQueue` in the caller's transaction."""

    def __init__(self, client: DBOSClient, session: Session) -> None:
        self._client = client
        self._session = session

    def enqueue_classification(self, case_id: UUID, cell_ids: Sequence[UUID]) -> None:
        """Store the job; it runs once the transaction commits, and never if it rolls back."""
        self._client.enqueue_in_transaction(
            self._session,
            {
                "queue_name": QUEUE,
                "workflow_name": CLASSIFY,
                "app_version": JOB_VERSION,
                "workflow_id": f"{prefix_of(case_id)}{uuid7()}",
            },
            str(case_id),
            [str(cell_id) for cell_id in cell_ids],
        )

    def enqueue_shadow(self, case_id: UUID, cell_ids: Sequence[UUID], digest: str) -> None:
        """In a queue of its own, behind which nobody waits."""
        self._client.enqueue_in_transaction(
            self._session,
            {
                "queue_name": SHADOW_QUEUE,
                "workflow_name": READ_IN_SHADOW,
                "app_version": JOB_VERSION,
            },
            str(case_id),
            [str(cell_id) for cell_id in cell_ids],
            digest,
        )

    def enqueue_set_run(self, run_id: UUID) -> None:
        """In a queue of its own, behind which nobody waits."""
        self._client.enqueue_in_transaction(
            self._session,
            {"queue_name": SET_QUEUE, "workflow_name": READ_SET, "app_version": JOB_VERSION},
            str(run_id),
        )


def job_queues(client: DBOSClient) -> JobQueues:
    """Make the function that binds the queue to a session."""
    return lambda session: DbosJobQueue(client, session)


def queue_states(engine: Engine) -> list[QueueState]:
    """How many jobs wait, run and have failed, for each queue; those of the product always.

    From the library's own table, by an index on its status: its client would list every job.
    """
    jobs = table(
        "workflow_status",
        *(column(name) for name in ("queue_name", "status", "created_at")),
        schema=_SCHEMA if engine.dialect.name == "postgresql" else None,
    )
    state = case(*((jobs.c.status.in_(statuses), name) for name, statuses in _STATES.items()))
    query = (
        select(jobs.c.queue_name, state, func.count(), func.min(jobs.c.created_at))
        .where(jobs.c.status.in_([status for group in _STATES.values() for status in group]))
        .where(jobs.c.queue_name.is_not(None))
        .group_by(jobs.c.queue_name, state)
    )
    found: dict[str, dict[str, tuple[int, int]]] = {
        name: {} for name in (QUEUE, SHADOW_QUEUE, SET_QUEUE)
    }
    with engine.connect() as connection:
        for queue, name, number, oldest_ms in connection.execute(query):
            found.setdefault(queue, {})[name] = (number, oldest_ms)
    return [_to_state(queue, counts) for queue, counts in sorted(found.items())]


def _to_state(queue: str, counts: Mapping[str, tuple[int, int]]) -> QueueState:
    waiting, oldest_ms = counts.get("waiting", (0, None))
    return QueueState(
        queue=queue,
        waiting=waiting,
        running=counts.get("running", (0, 0))[0],
        failed=counts.get("failed", (0, 0))[0],
        oldest_waiting_at=datetime.fromtimestamp(oldest_ms / 1000, UTC) if oldest_ms else None,
    )


def open_client(engine: Engine) -> DBOSClient:
    """A client on the product's own engine; it connects on first use."""
    return DBOSClient(system_database_engine=engine, lazy=True)


def migrate_queue(engine: Engine) -> None:
    """Make or update the queue's own tables, which its library keeps."""
    DBOS.migrate(engine.url.render_as_string(hide_password=False))
