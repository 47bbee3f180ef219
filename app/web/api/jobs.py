"""REST: the work of the queue on a case, or on one delivery."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.domain.job import Job, JobState
from app.web.api.problems import problems
from app.web.dependencies import ContainerDep

router = APIRouter(tags=["jobs"])


class JobRead(BaseModel):
    """A batch of cells in the queue."""

    id: str = Field(description="Name of the job.")
    state: JobState = Field(
        description="`failed`: given up; its cells are listed as failed. `done`: its cells are "
        "read, or wait in a later job, because their bundle was not on the worker's machine."
    )
    cell_count: int = Field(description="Cells of the batch.")
    queued_at: datetime = Field(description="When it was put into the queue, UTC.")
    began_at: datetime | None = Field(description="When a worker took it last; null if none did.")
    ended_at: datetime | None = Field(description="When it ended; null while it has not.")

    @classmethod
    def of(cls, job: Job) -> Self:
        """From the domain."""
        return cls(
            id=job.id,
            state=job.state,
            cell_count=len(job.cell_ids),
            queued_at=job.queued_at,
            began_at=job.began_at,
            ended_at=job.ended_at,
        )


class JobList(BaseModel):
    """The work on a case, oldest first."""

    items: list[JobRead] = Field(description="The newest 1000 batches, oldest first.")
    counts: dict[JobState, int] = Field(description="Batches in each state.")

    @classmethod
    def of(cls, jobs: Sequence[Job]) -> Self:
        """From the domain."""
        counts = {state: sum(job.state is state for job in jobs) for state in JobState}
        return cls(items=[JobRead.of(job) for job in jobs], counts=counts)


@router.get("/cases/{case_id}/jobs", responses=problems(404, 422), summary="The work on a case")
def list_case_jobs(case_id: UUID, container: ContainerDep) -> JobList:
    """Batches of cells that wait, run, are done or were given up."""
    with container.transactions() as transaction:
        transaction.cases.get(case_id)
    return JobList.of(container.jobs_of(case_id))


@router.get(
    "/uploads/{upload_id}/jobs", responses=problems(404, 422), summary="The work on a delivery"
)
def list_upload_jobs(upload_id: UUID, container: ContainerDep) -> JobList:
    """The batches of the case that hold a cell of this delivery."""
    with container.transactions() as transaction:
        upload = transaction.cases.upload(upload_id)
        transaction.cases.get(upload.case_id)
        cells = {cell.id for cell in transaction.cells.of_upload(upload_id)}
    found = container.jobs_of(upload.case_id)
    return JobList.of([job for job in found if cells.intersection(job.cell_ids)])
