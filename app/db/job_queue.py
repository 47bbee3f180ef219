"""Enqueueing side of the durable queue: a job is a row beside the rows that it will read."""

from collections.abc import Sequence
from uuid import UUID

from dbos import DBOS, DBOSClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.db.transaction import JobQueues

QUEUE = "classification"
CLASSIFY = "classify_cells"
# The version of the job's arguments, not of the product: an upgrade finishes the old jobs.
JOB_VERSION = "1"


class DbosJobQueue:
    """`JobQueue` in the caller's transaction."""

    def __init__(self, client: DBOSClient, session: Session) -> None:
        self._client = client
        self._session = session

    def enqueue_classification(self, case_id: UUID, cell_ids: Sequence[UUID]) -> None:
        """Store the job; it runs once the transaction commits, and never if it rolls back."""
        self._client.enqueue_in_transaction(
            self._session,
            {"queue_name": QUEUE, "workflow_name": CLASSIFY, "app_version": JOB_VERSION},
            str(case_id),
            [str(cell_id) for cell_id in cell_ids],
        )


def job_queues(client: DBOSClient) -> JobQueues:
    """Make the function that binds the queue to a session."""
    return lambda session: DbosJobQueue(client, session)


def open_client(engine: Engine) -> DBOSClient:
    """A client on the product's own engine; it connects on first use."""
    return DBOSClient(system_database_engine=engine, lazy=True)


def migrate_queue(engine: Engine) -> None:
    """Make or update the queue's own tables, which its library keeps."""
    DBOS.migrate(engine.url.render_as_string(hide_password=False))
