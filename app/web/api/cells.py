"""REST: cells, their images, and deliveries of them."""

import asyncio
import time
from collections.abc import Callable, Sequence, Set
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from app.bootstrap import Container
from app.domain.cell import Cell
from app.domain.finding import read_cell
from app.domain.user import User
from app.ports import Transaction
from app.services.intake import Delivery, IncomingFile, blob_name, shown_name, take_in
from app.services.once import found_at
from app.services.reading import CaseAsRead, bundle_of, read_case
from app.services.registering import register
from app.services.reviewing import refuse_closed
from app.web.api.paging import Cursor, link_next, to_cursor, whole_number_from
from app.web.api.problems import problems
from app.web.api.schemas import CellList, CellRead, CellState
from app.web.api.upload_schema import UploadRead, UploadStatus
from app.web.api.waiting import Wait
from app.web.dependencies import ContainerDep, UserDep

router = APIRouter(tags=["cells"])

# A few cells are answered at once; many are not asked for so often that the asking costs.
FIRST_POLL_S, LONGEST_POLL_S = 0.05, 0.25
MAX_CELLS = 10_000
IMMUTABLE = "private, max-age=31536000, immutable"


@router.post(
    "/cases/{case_id}/cells",
    status_code=202,
    responses={
        200: {"model": UploadRead, "description": "All cells are classified."},
        **problems(400, 404, 413, 422, 503),
    },
    summary="Send cell images",
)
async def create_cells(
    case_id: UUID,
    files: Annotated[
        list[UploadFile], File(description="JPEG, PNG, TIFF or BMP images, or ZIPs of them.")
    ],
    container: ContainerDep,
    user: UserDep,
    response: Response,
    wait: Wait = 0,
) -> UploadRead:
    """Store images and queue their classification.

    Answers 202 with a `Location` to follow, or 200 where `wait` was long enough for the findings.
    A file that is refused is listed with its reason; the others go on.
    """
    incoming = [IncomingFile(shown_name(file.filename or ""), file.file) for file in files]
    limits, blobs, threads = container.limits, container.blobs, container.threads
    upload_id = await run_in_threadpool(
        deliver, container, case_id, lambda: take_in(incoming, limits, blobs, threads)
    )
    return await answer_delivery(container, upload_id, user, response, wait)


@router.get("/uploads/{upload_id}", responses=problems(404, 422), summary="One delivery")
def read_upload(upload_id: UUID, container: ContainerDep, user: UserDep) -> UploadRead:
    """What became of the files of one request."""
    return _read_upload(container, upload_id, user)


@router.get("/cases/{case_id}/cells", responses=problems(404, 422), summary="Cells of a case")
def list_cells(
    request: Request,
    response: Response,
    case_id: UUID,
    container: ContainerDep,
    user: UserDep,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MAX_CELLS, description="Most cells.")] = 1000,
) -> CellList:
    """Cells of a case by ordinal, with their findings and the reader's decisions."""
    after = whole_number_from(cursor)
    with container.transactions() as transaction:
        as_read = _read_case(transaction, container, case_id, user)
        cells = transaction.cells.of_case(case_id)
    later = [cell for cell in cells if cell.ordinal > after]
    following = to_cursor(str(later[limit - 1].ordinal)) if len(later) > limit else None
    link_next(request, response, following)
    return CellList(
        items=_cells(as_read, later[:limit]),
        bundle=as_read.bundle.manifest.digest,
        next_cursor=following,
    )


@router.get("/cells/{cell_id}", responses=problems(404, 422), summary="One cell")
def read_one_cell(cell_id: UUID, container: ContainerDep, user: UserDep) -> CellRead:
    """A cell with its findings and the reader's decision."""
    with container.transactions() as transaction:
        cell = transaction.cells.get(cell_id)
        as_read = _read_case(transaction, container, cell.case_id, user)
    return _cells(as_read, [cell])[0]


@router.get(
    "/cells/{cell_id}/image",
    response_class=Response,
    responses={
        200: {"content": {"image/png": {}}, "description": "The image."},
        **problems(404, 422, 503),
    },
    summary="The image of a cell",
)
def read_image(cell_id: UUID, container: ContainerDep) -> Response:
    """The upright image, without loss and without metadata."""
    with container.transactions() as transaction:
        cell = transaction.cells.get(cell_id)
    content = container.blobs.get(blob_name(cell.pixel_sha256))
    return Response(content, media_type="image/png", headers={"Cache-Control": IMMUTABLE})


def deliver(container: Container, case_id: UUID, take: Callable[[], Delivery]) -> UUID:
    """Take images in and write their rows; the key of the delivery."""
    with container.transactions() as transaction:
        transaction.cases.get(case_id)
        # Before anything is stored; asked again when the rows are written.
        refuse_closed(transaction, case_id)
    delivery = take()
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        upload = register(transaction, case_id, delivery, digest, container.now())
        found_at(f"/api/v1/uploads/{upload.id}", 202)
    return upload.id


async def answer_delivery(
    container: Container, upload_id: UUID, user: User, response: Response, wait_s: float
) -> UploadRead:
    """What became of a delivery: once its cells are classified, or the time is over."""
    deadline = time.monotonic() + wait_s
    read = await run_in_threadpool(_read_upload, container, upload_id, user)
    pause_s = FIRST_POLL_S
    while read.status is UploadStatus.CLASSIFYING and time.monotonic() < deadline:
        await asyncio.sleep(pause_s)
        pause_s = min(1.5 * pause_s, LONGEST_POLL_S)
        if await run_in_threadpool(_is_done, container, read):
            read = await run_in_threadpool(_read_upload, container, upload_id, user)
    response.headers["Location"] = f"/api/v1/uploads/{upload_id}"
    if wait_s and read.status is UploadStatus.DONE:
        response.status_code = 200
    return read


def _read_upload(container: Container, upload_id: UUID, user: User) -> UploadRead:
    with container.transactions() as transaction:
        upload = transaction.cases.upload(upload_id)
        cells = transaction.cells.of_upload(upload_id)
        as_read = _read_case(transaction, container, upload.case_id, user)
    return UploadRead.of(upload, _cells(as_read, cells))


def _is_done(container: Container, read: UploadRead) -> bool:
    """A cheaper question than the whole answer, since it is asked many times."""
    with container.transactions() as transaction:
        bundle = bundle_of(transaction, read.case_id, container.bundle)
        return not transaction.cells.has_unread(read.id, bundle.manifest.digest)


def _read_case(
    transaction: Transaction, container: Container, case_id: UUID, user: User
) -> CaseAsRead:
    case = transaction.cases.get(case_id)
    return read_case(transaction, case, container.bundle, container.review_rule, user.id)


def _cells(as_read: CaseAsRead, cells: Sequence[Cell]) -> list[CellRead]:
    """As the classifier read them, and what the readers whom the viewer may see have decided."""
    manifest = as_read.bundle.manifest
    known = {item.cell.id: item for item in as_read.read}
    return [
        CellRead.of(
            known.get(cell.id) or read_cell(cell, None, manifest),
            _state(cell, known.keys(), as_read.failures.keys()),
            manifest,
            as_read.events.get(cell.id),
        )
        for cell in cells
    ]


def _state(cell: Cell, settled: Set[UUID], failed: Set[UUID]) -> CellState:
    if cell.id not in settled:
        return CellState.PENDING
    return CellState.FAILED if cell.id in failed else CellState.CLASSIFIED
