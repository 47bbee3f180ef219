"""Image files for tests, most of them drawn by the product's own generator."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np
from PIL import Image

from app.imaging.synthetic import SyntheticCell, render_cell, render_frame


def encoded(rgb: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    """An image file of these pixels."""
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, kind, **options)
    return stream.getvalue()


def cell_png(seed: int = 1) -> bytes:
    """A synthetic neutrophil, cut tight."""
    return encoded(render_cell(SyntheticCell(seed=seed)))


def cell_jpeg(seed: int = 1) -> bytes:
    """The same as a JPEG."""
    return encoded(render_cell(SyntheticCell(seed=seed)), "JPEG", quality=92)


def frame_jpeg(seed: int = 1) -> bytes:
    """A synthetic neutrophil among red cells, as an analyser delivers it."""
    return encoded(render_frame(SyntheticCell(seed=seed)), "JPEG", quality=92)


def zipped(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has hardly any pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
