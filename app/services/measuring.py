"""Measuring: the geometry of a stored cell, worked out when somebody asks for it."""

from app.domain.cell import Cell
from app.domain.errors import ImageRefused, NotFound, StorageUnavailable
from app.domain.message import message
from app.imaging.morphometry import Examined, NotMeasured, examine
from app.imaging.preprocess import cut
from app.imaging.stored import decode_stored
from app.ports import BlobStore
from app.services.intake import blob_name


def examine_cell(cell: Cell, blobs: BlobStore) -> Examined | NotMeasured:
    """Measure what the classifier reads of a cell; an image that cannot be read is a reason."""
    try:
        rgb = decode_stored(blobs.get(blob_name(cell.pixel_sha256)))
    except (ImageRefused, NotFound, StorageUnavailable):
        return NotMeasured(message("The stored image cannot be read now."))
    return examine(cut(rgb, cell.location.crop))
