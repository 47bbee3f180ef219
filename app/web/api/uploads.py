"""REST: the deliveries of a case, and deliveries of what lies in the import area."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from app.bootstrap import Container
from app.domain.case import Upload
from app.services.fetching import take_in_objects
from app.services.intake import Delivery
from app.web.api.cells import answer_delivery, deliver
from app.web.api.paging import Cursor, Limit, key_from, link_next, to_cursor
from app.web.api.problems import RefusedFileRead, problems
from app.web.api.upload_schema import UploadRead
from app.web.api.waiting import Wait
from app.web.dependencies import ContainerDep, UserDep

router = APIRouter(prefix="/cases", tags=["uploads"])

MOST_OBJECTS = 10_000
ObjectName = Annotated[
    str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f\\]+$")
]


class ObjectsCreate(BaseModel):
    """Images that lie in the import area already."""

    model_config = ConfigDict(extra="forbid")

    objects: list[ObjectName] = Field(
        min_length=1,
        max_length=MOST_OBJECTS,
        description="Names below the import area, `run-7/cell-1.png` for example; images or ZIPs.",
    )


class UploadSummaryRead(BaseModel):
    """A delivery without its cells."""

    id: UUID = Field(description="Key of the delivery.")
    created_at: datetime = Field(description="When it was accepted, UTC.")
    file: str | None = Field(description="The one file that it came in; null for several.")
    size_bytes: int | None = Field(description="Size of that file.")
    accepted_count: int = Field(description="New cells.")
    duplicates: list[str] = Field(description="Files whose image the case had already.")
    refused: list[RefusedFileRead] = Field(description="Files that were kept out, and why.")

    @classmethod
    def of(cls, upload: Upload) -> Self:
        """From the domain."""
        return cls(
            id=upload.id,
            created_at=upload.created_at,
            file=upload.file_name,
            size_bytes=upload.size_bytes,
            accepted_count=upload.accepted_count,
            duplicates=list(upload.duplicates),
            refused=[RefusedFileRead(**vars(item)) for item in upload.refused],
        )


class UploadList(BaseModel):
    """A page of deliveries, newest first."""

    items: list[UploadSummaryRead] = Field(description="Deliveries, newest first.")
    next_cursor: str | None = Field(description="Pass as `cursor` for more; null at the end.")


@router.get("/{case_id}/uploads", responses=problems(404, 422), summary="Deliveries to a case")
def list_uploads(
    request: Request,
    response: Response,
    case_id: UUID,
    container: ContainerDep,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> UploadList:
    """What was sent to a case, and what was refused."""
    before = key_from(cursor)
    with container.transactions() as transaction:
        transaction.cases.get(case_id)
        uploads = transaction.cases.uploads_of(case_id)
    older = [item for item in reversed(uploads) if before is None or item.id < before]
    following = to_cursor(str(older[limit - 1].id)) if len(older) > limit else None
    link_next(request, response, following)
    items = [UploadSummaryRead.of(item) for item in older[:limit]]
    return UploadList(items=items, next_cursor=following)


@router.post(
    "/{case_id}/cells/by-reference",
    status_code=202,
    responses={
        200: {"model": UploadRead, "description": "All cells are classified."},
        **problems(404, 409, 413, 422),
    },
    summary="Take in images from the import area",
)
async def create_cells_by_reference(
    case_id: UUID,
    wanted: ObjectsCreate,
    container: ContainerDep,
    user: UserDep,
    response: Response,
    wait: Wait = 0,
) -> UploadRead:
    """Fetch images from where they lie already, and queue their classification.

    The import area is set by whoever runs the server. Else it is as if they had been sent: an
    object that is not there, or cannot be read, is listed with its reason; the others go on.
    """
    upload_id = await run_in_threadpool(
        deliver, container, case_id, lambda: _fetch(container, case_id, wanted.objects)
    )
    return await answer_delivery(container, upload_id, user, response, wait)


def _fetch(container: Container, case_id: UUID, names: list[str]) -> Delivery:
    with container.transactions() as transaction:
        site_id = transaction.cases.get(case_id).site_id
    area = container.import_areas(site_id) if container.import_areas else None
    return take_in_objects(names, area, container.limits, container.blobs, container.threads)
