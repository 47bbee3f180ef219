"""Pictures of cells, as they are stored or cut to the cell."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.domain.cell import Cell
from app.domain.errors import NotFound
from app.domain.message import message
from app.ports import Transaction
from app.services.intake import blob_name
from app.services.thumbnails import thumbnail
from app.web.dependencies import ContainerDep, current_user

router = APIRouter(dependencies=[Depends(current_user)])

# The bytes under an address never change; "private" keeps them out of shared caches.
FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}


@router.get("/cases/{case_id}/cells/{cell_id}/image.png")
def show_image(container: ContainerDep, case_id: UUID, cell_id: UUID) -> Response:
    """The whole image, as it is stored."""
    with container.transactions() as transaction:
        cell = cell_of(transaction, case_id, cell_id)
    content = container.blobs.get(blob_name(cell.pixel_sha256))
    return Response(content, media_type="image/png", headers=FOR_GOOD)


@router.get("/cases/{case_id}/cells/{cell_id}/crop.jpg")
def show_crop(container: ContainerDep, case_id: UUID, cell_id: UUID, size: int = 160) -> Response:
    """What the classifier reads of the image, in the smallest size that is at least `size`."""
    with container.transactions() as transaction:
        cell = cell_of(transaction, case_id, cell_id)
    content = thumbnail(cell, size, container.blobs)
    return Response(content, media_type="image/jpeg", headers=FOR_GOOD)


def cell_of(transaction: Transaction, case_id: UUID, cell_id: UUID) -> Cell:
    """One cell of a case; raises `NotFound`."""
    cell = transaction.cells.get(cell_id)
    if cell.case_id != case_id:
        raise NotFound(message("There is no such cell in this case."))
    return cell
