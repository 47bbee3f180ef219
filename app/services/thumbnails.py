"""Thumbnails: pictures of cells for galleries, made at the first use and kept."""

from collections.abc import Collection

import structlog

from app.domain.cell import Cell
from app.domain.errors import NotFound, StorageUnavailable
from app.imaging.decode import encode_jpeg_thumbnail
from app.imaging.preprocess import cut
from app.imaging.stored import decode_stored
from app.ports import BlobStore
from app.services.intake import blob_name

SIZES_PX = (160, 256, 512)
"""The longer sides that there are: a tile, a tile on a fine screen, the larger view."""
_END_OF_JPEG = b"\xff\xd9"

_log = structlog.get_logger(__name__)


def thumbnail(cell: Cell, size_px: int, blobs: BlobStore) -> bytes:
    """Give a JPEG of what the classifier reads of a cell.

    Its longer side is the smallest of `SIZES_PX` that is at least `size_px`, or the largest of
    them; a smaller crop is not enlarged.

    Raises
    ------
    NotFound, ImageRefused, StorageUnavailable
        Where the stored image cannot be read.
    """
    size_px = next((size for size in SIZES_PX if size >= size_px), SIZES_PX[-1])
    name = thumbnail_name(cell, size_px)
    kept = _kept(name, blobs)
    if kept is not None:
        return kept
    rgb = decode_stored(blobs.get(blob_name(cell.pixel_sha256)))
    content = encode_jpeg_thumbnail(cut(rgb, cell.location.crop), size_px)
    try:
        blobs.put(name, content)
    except StorageUnavailable:
        # A full store takes nothing new, and still shows what it has.
        _log.warning("thumbnail not kept", cell=str(cell.id))
    return content


def thumbnail_name(cell: Cell, size_px: int) -> str:
    """Where a thumbnail lies in the object store; the same pixels may be cut in another way."""
    crop, digest = cell.location.crop, cell.pixel_sha256
    cut_as = f"{crop.left}-{crop.top}-{crop.right}-{crop.bottom}"
    return f"thumbs/{digest[:2]}/{digest}-{cut_as}-{size_px}.jpg"


def remove_thumbnails(pixels: Collection[str], blobs: BlobStore) -> None:
    """Delete every cut of some pictures, in all sizes."""
    for folder in sorted({digest[:2] for digest in pixels}):
        for name in list(blobs.names(f"thumbs/{folder}")):
            if name.rpartition("/")[2].partition("-")[0] in pixels:
                blobs.remove(name)


def _kept(name: str, blobs: BlobStore) -> bytes | None:
    try:
        content = blobs.get(name)
    except NotFound:
        return None
    # A power cut can cut short what was written last; then it is made anew.
    return content if content.endswith(_END_OF_JPEG) else None
