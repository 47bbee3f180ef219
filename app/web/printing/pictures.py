"""The pictures of a printed report, from the object store."""

from app.domain.cell import Cell
from app.domain.errors import ImageRefused, NotFound
from app.domain.report import Report
from app.imaging.decode import encode_jpeg_thumbnail
from app.imaging.preprocess import cut
from app.imaging.stored import decode_stored
from app.ports import BlobStore
from app.services.intake import blob_name
from app.web.pages.present_cells import thumbnail_path

# 27 mm at 300 dpi.
_SIZE_PX = 320


def key_pictures(report: Report, blobs: BlobStore) -> dict[str, bytes]:
    """The strongest cells as JPEG, by the path that the page shows them under.

    A picture that is lost or damaged is left out: the numbers do not hang on it.
    """
    cells = {read.cell.id: read.cell for line in report.abnormalities for read in line.strongest}
    made = ((thumbnail_path(cell), _thumbnail(cell, blobs)) for cell in cells.values())
    return {path: content for path, content in made if content is not None}


def _thumbnail(cell: Cell, blobs: BlobStore) -> bytes | None:
    try:
        rgb = decode_stored(blobs.get(blob_name(cell.pixel_sha256)))
    except (NotFound, ImageRefused):
        return None
    return encode_jpeg_thumbnail(cut(rgb, cell.location.crop), _SIZE_PX)
