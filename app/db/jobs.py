"""What the queue knows of the work on a case; its own library is asked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from dbos import DBOSClient, WorkflowStatus

from app.domain.job import Job, JobState

MOST_JOBS = 1000
_STATES = {
    "DELAYED": JobState.WAITING,
    "ENQUEUED": JobState.WAITING,
    "PENDING": JobState.RUNNING,
    "SUCCESS": JobState.DONE,
}


def prefix_of(case_id: UUID) -> str:
    """What the names of a case's jobs begin with: the queue finds them by it."""
    return f"{case_id}."


def jobs_of(client: DBOSClient, case_id: UUID) -> Sequence[Job]:
    """The newest jobs of a case, oldest first."""
    found = client.list_workflows(
        workflow_id_prefix=prefix_of(case_id), limit=MOST_JOBS, sort_desc=True, load_output=False
    )
    return [_to_job(item) for item in reversed(found)]


def _to_job(item: WorkflowStatus) -> Job:
    _case_id, cell_ids = item.input["args"] if item.input else ("", [])
    return Job(
        id=item.workflow_id,
        state=_STATES.get(item.status, JobState.FAILED),
        cell_ids=tuple(UUID(cell_id) for cell_id in cell_ids),
        queued_at=_moment(item.created_at or 0),
        began_at=_moment(item.dequeued_at) if item.dequeued_at else None,
        ended_at=_moment(item.completed_at) if item.completed_at else None,
    )


def _moment(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)
