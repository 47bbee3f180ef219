"""Intake: from delivered files to stored pixels and what is known of them.

Two stages, so that the database is never locked while an image is decoded: `take_in` decodes,
judges and stores pixels; `app.services.registering` writes rows and jobs afterwards.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO, Self, TypeAlias, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from app.domain.cell import Location, Quality
from app.domain.errors import (
    ImageRefused,
    NothingAccepted,
    RefusedFile,
    StorageUnavailable,
    TooLarge,
)
from app.domain.message import message
from app.imaging.archive import ArchiveLimits, ArchiveMember, count_files, is_zip, unpack
from app.imaging.decode import ImageLimits, decode, encode_png, pixel_sha256
from app.imaging.locate import locate
from app.imaging.quality import assess
from app.ports import BlobStore

_log = structlog.get_logger(__name__)

Item = TypeVar("Item")
Rgb: TypeAlias = NDArray[np.uint8]

CELLS_PER_JOB = 64
BYTES_PER_BATCH = 64 * 1024**2
MAX_FILE_NAME_LENGTH = 255
# Control, format (direction marks), surrogate, line and paragraph separator. Not spaces: the
# screenshots of macOS have U+202F in their names.
_ACTED_UPON = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@dataclass(frozen=True)
class IntakeLimits:
    """How much one request, or one file that is sent in parts, may bring."""

    max_files: int = 10_000
    max_bytes: int = 256 * 1024**2
    image: ImageLimits = field(default_factory=ImageLimits)
    archive: ArchiveLimits = field(default_factory=ArchiveLimits)


@dataclass(frozen=True)
class IncomingFile:
    """One file as it was sent; `stream` is read from its start."""

    file: str
    stream: BinaryIO


Candidate: TypeAlias = IncomingFile | ArchiveMember | RefusedFile
"""Something that may turn out to be an image, or was refused already."""


@dataclass(frozen=True)
class Examined:
    """One readable image: its pixels are stored, its row is not yet."""

    file_name: str
    content_sha256: str
    pixel_sha256: str
    width_px: int
    height_px: int
    location: Location
    quality: Quality


@dataclass(frozen=True)
class Delivery:
    """What a request brought, in the order in which it was sent."""

    examined: tuple[Examined, ...]
    refused: tuple[RefusedFile, ...]

    @classmethod
    def of(cls, outcomes: Sequence[Examined | RefusedFile]) -> Self:
        """Of what became of each image."""
        return cls(
            tuple(item for item in outcomes if isinstance(item, Examined)),
            tuple(item for item in outcomes if isinstance(item, RefusedFile)),
        )


def blob_name(pixel_sha256: str) -> str:
    """Where an image lies in the object store; two levels keep folders small."""
    return f"cells/{pixel_sha256[:2]}/{pixel_sha256}.png"


def take_in(
    files: Iterable[IncomingFile], limits: IntakeLimits, blobs: BlobStore, threads: Executor
) -> Delivery:
    """Decode, judge and store every file and archive member; the bad ones do not stop the rest.

    Raises
    ------
    TooLarge
        If there are more files than the limits allow, members of archives included, or an
        archive is too large; before anything is stored.
    NothingAccepted
        If no file is an image that can be read; it names each one and why.
    """
    files = list(files)
    _refuse_too_many(len(files), limits)
    _refuse_too_many(sum(_count(file, limits) for file in files), limits)
    delivery = Delivery.of(store_each(unpacked(files, limits), limits.image, blobs, threads))
    _refuse_nothing(delivery)
    return delivery


def store_each(
    items: Iterable[Candidate], limits: ImageLimits, blobs: BlobStore, threads: Executor
) -> list[Examined | RefusedFile]:
    """Decode, judge and store candidates; one outcome each, in their order."""
    outcomes: list[Examined | RefusedFile] = []
    for batch in in_memory_batches(items):
        outcomes.extend(threads.map(lambda item: _take(item, limits, blobs), batch))
    return outcomes


def examine(name: str, content: bytes, limits: ImageLimits) -> tuple[Examined, Rgb]:
    """Decode, locate and judge one image.

    Returns
    -------
    What is known of it, and its upright pixels (height, width, 3), 0-255, RGB order.

    Raises
    ------
    ImageRefused
        With the reason.
    """
    rgb = decode(content, limits).rgb
    location = locate(rgb)
    examined = Examined(
        file_name=name,
        content_sha256=hashlib.sha256(content).hexdigest(),
        pixel_sha256=pixel_sha256(rgb),
        width_px=rgb.shape[1],
        height_px=rgb.shape[0],
        location=location,
        quality=assess(rgb, location),
    )
    return examined, rgb


def unpacked(files: Iterable[IncomingFile], limits: IntakeLimits) -> Iterator[Candidate]:
    """Every file, with archives replaced by their members."""
    for file in files:
        if not is_archive(file):
            yield file
            continue
        try:
            yield from unpack(file.file, file.stream, limits.archive)
        except ImageRefused as error:
            yield RefusedFile(file.file, error.reason, error.detail)


def in_memory_batches(items: Iterable[Candidate]) -> Iterator[list[Candidate]]:
    """Cut into lists that memory can hold: members of archives come with their bytes."""
    batch: list[Candidate] = []
    held_bytes = 0
    for item in items:
        batch.append(item)
        held_bytes += len(item.content) if isinstance(item, ArchiveMember) else 0
        if len(batch) == CELLS_PER_JOB or held_bytes >= BYTES_PER_BATCH:
            yield batch
            batch, held_bytes = [], 0
    if batch:
        yield batch


def is_archive(file: IncomingFile) -> bool:
    """Whether its bytes begin like a ZIP archive, whatever its name says."""
    file.stream.seek(0)
    return is_zip(file.stream.read(4))


def _count(file: IncomingFile, limits: IntakeLimits) -> int:
    """How many outcomes a file will have; an archive that cannot be opened is one refusal."""
    if not is_archive(file):
        return 1
    try:
        return count_files(file.file, file.stream, limits.archive)
    except ImageRefused:
        return 1


def _take(item: Candidate, limits: ImageLimits, blobs: BlobStore) -> Examined | RefusedFile:
    outcome = examine_candidate(item, limits)
    if isinstance(outcome, RefusedFile):
        return outcome
    examined, rgb = outcome
    try:
        content = encode_png(rgb)
    except Exception:
        return unreadable(examined.file_name)
    blobs.put(blob_name(examined.pixel_sha256), content)
    return examined


def examine_candidate(item: Candidate, limits: ImageLimits) -> tuple[Examined, Rgb] | RefusedFile:
    """Examine one file or archive member; a refusal is an answer here, not an exception."""
    if isinstance(item, RefusedFile):
        return item
    try:
        return examine(item.file, _content(item, limits), limits)
    except ImageRefused as error:
        return RefusedFile(item.file, error.reason, error.detail)
    except StorageUnavailable:
        raise
    # Whatever one file does, the others of its request go on.
    except Exception:
        return unreadable(item.file)


def unreadable(file: str) -> RefusedFile:
    """Refuse a file for the exception that is being handled, which is logged without its name."""
    _log.exception("file not examined")
    detail = message(
        "The file could not be examined. Save it anew as PNG or JPEG, and send it again."
    )
    return RefusedFile(file, "unreadable", detail)


def _content(item: IncomingFile | ArchiveMember, limits: ImageLimits) -> bytes:
    if isinstance(item, ArchiveMember):
        return item.content
    item.stream.seek(0)
    # One byte more than allowed is enough for `decode` to refuse it.
    return item.stream.read(limits.max_bytes + 1)


def shown_name(name: str) -> str:
    """The last part of a sender's file name, without what a terminal or page would act on.

    `shownName` in `static/upload.js` does the same, to find the sent files in the answer.
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    printable = "".join(
        "\ufffd" if unicodedata.category(char) in _ACTED_UPON else char for char in last
    )
    return printable[:MAX_FILE_NAME_LENGTH] or "unnamed"


def _refuse_too_many(number: int, limits: IntakeLimits) -> None:
    if number > limits.max_files:
        raise TooLarge(
            message(
                "The request holds more than {most} files. Send them in several requests.",
                most=limits.max_files,
            )
        )


def _refuse_nothing(delivery: Delivery) -> None:
    if delivery.examined:
        return
    if not delivery.refused:
        detail = message("The request holds no file. Send images as the field `files`.")
        raise NothingAccepted(detail, ())
    number = len(delivery.refused)
    first = delivery.refused[0]
    values = {"file": first.file, "reason": first.detail}
    if number == 1:
        detail = message("The file was refused: {file}: {reason}", **values)
    else:
        detail = message(
            "All {number} files were refused; the first: {file}: {reason}", number=number, **values
        )
    raise NothingAccepted(detail, delivery.refused)


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Cut into lists of at most `size`."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
