"""Pictures of cells, as they are stored or cut to the cell."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.bootstrap import Container
from app.domain.cell import Cell
from app.domain.errors import NotFound
from app.domain.message import message
from app.imaging.decode import encode_jpeg_thumbnail
from app.imaging.preprocess import cut
from app.imaging.stored import decode_stored
from app.services.intake import blob_name
from app.web.dependencies import ContainerDep, current_user

router = APIRouter(dependencies=[Depends(current_user)])

SMALLEST_PX, LARGEST_PX = 96, 512
# The bytes under an address never change; "private" keeps them out of shared caches.
_FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}


@router.get("/cases/{case_id}/cells/{cell_id}/image.png")
def show_image(container: ContainerDep, case_id: UUID, cell_id: UUID) -> Response:
    """The whole image, as it is stored."""
    cell = _cell_of(container, case_id, cell_id)
    content = container.blobs.get(blob_name(cell.pixel_sha256))
    return Response(content, media_type="image/png", headers=_FOR_GOOD)


@router.get("/cases/{case_id}/cells/{cell_id}/crop.jpg")
def show_crop(container: ContainerDep, case_id: UUID, cell_id: UUID, size: int = 160) -> Response:
    """What the classifier reads of the image, its longer side at most `size` pixels."""
    cell = _cell_of(container, case_id, cell_id)
    rgb = decode_stored(container.blobs.get(blob_name(cell.pixel_sha256)))
    size_px = min(max(size, SMALLEST_PX), LARGEST_PX)
    content = encode_jpeg_thumbnail(cut(rgb, cell.location.crop), size_px)
    return Response(content, media_type="image/jpeg", headers=_FOR_GOOD)


def _cell_of(container: Container, case_id: UUID, cell_id: UUID) -> Cell:
    with container.transactions() as transaction:
        cell = transaction.cells.get(cell_id)
    if cell.case_id != case_id:
        raise NotFound(message("There is no such cell in this case."))
    return cell
