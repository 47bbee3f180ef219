"""Files that are sent in parts: begun, taken in when they are complete, or let go."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from app.domain.case import Upload
from app.domain.errors import NothingAccepted, RefusedFile, StorageUnavailable, TooLarge
from app.domain.message import message
from app.domain.upload_part import LOST_AFTER, PART_LIFETIME, UploadPart
from app.ports import BlobStore, Transaction
from app.services import worklist
from app.services.intake import (
    Delivery,
    IncomingFile,
    IntakeLimits,
    is_archive,
    store_each,
    take_in,
    unreadable,
)
from app.services.reviewing import refuse_closed

MIB = 1024**2
_log = structlog.get_logger(__name__)


def begin(
    transaction: Transaction,
    part: UploadPart,
    limits: IntakeLimits,
) -> RefusedFile | None:
    """Note a file whose bytes are about to come.

    Returns
    -------
    Why it is refused by its announced size. The refusal is kept among the case's deliveries.

    Raises
    ------
    NotFound
        If there is no such case.
    Conflict
        If the case is signed.
    """
    transaction.cases.get(part.case_id)
    refuse_closed(transaction, part.case_id)
    refused = _too_large(part, limits)
    if refused is None:
        transaction.parts.add(part)
        worklist.note_upload(transaction, part.case_id)
    else:
        transaction.cases.add_upload(_nothing_of(part, refused, part.started_at))
    return refused


def _too_large(part: UploadPart, limits: IntakeLimits) -> RefusedFile | None:
    """By its name, since no byte is there: an archive may be larger than an image."""
    is_zip = part.file_name.lower().endswith(".zip")
    most_bytes = limits.max_bytes if is_zip else limits.image.max_bytes
    if part.size_bytes <= most_bytes:
        return None
    advice = (
        message("The archive is larger than {limit} MiB. Split it.", limit=most_bytes // MIB)
        if is_zip
        else message(
            "The file is larger than {limit} MiB. Crop the image to the cell, or save it with "
            "compression.",
            limit=most_bytes // MIB,
        )
    )
    return RefusedFile(part.file_name, "too_many_bytes", advice)


def _nothing_of(part: UploadPart, refused: RefusedFile, now: datetime) -> Upload:
    return Upload(part.id, part.case_id, now, 0, (), (refused,), part.file_name, part.size_bytes)


def take_in_each(
    files: Sequence[IncomingFile], limits: IntakeLimits, blobs: BlobStore, threads: Executor
) -> list[Delivery]:
    """Decode, judge and store files, each a delivery of its own, in their order.

    A file that brings nothing is a delivery too, so that its refusal is kept.

    Raises
    ------
    StorageUnavailable
    """
    alone = [file for file in files if not is_archive(file)]
    outcomes = iter(store_each(alone, limits.image, blobs, threads))
    return [
        _take_archive(file, limits, blobs, threads)
        if is_archive(file)
        else Delivery.of([next(outcomes)])
        for file in files
    ]


def _take_archive(
    file: IncomingFile, limits: IntakeLimits, blobs: BlobStore, threads: Executor
) -> Delivery:
    try:
        return take_in([file], limits, blobs, threads)
    except NothingAccepted as error:
        return Delivery((), error.refused or (_empty(file),))
    except TooLarge as error:
        return Delivery((), (RefusedFile(file.file, "too_large", error.detail),))
    except StorageUnavailable:
        raise
    # An archive that breaks something must not be tried again for ever.
    except Exception:
        return Delivery((), (unreadable(file.file),))


def _empty(file: IncomingFile) -> RefusedFile:
    return RefusedFile(
        file.file, "empty_archive", message("The archive holds no image. Pack it again.")
    )


def let_go(
    transaction: Transaction, now: datetime, is_here: Callable[[UUID], bool]
) -> list[UploadPart]:
    """Forget the files that no byte has reached for too long.

    One whose every byte has come waits to be taken in, however long its server was away. Only one
    that is not here, and that nobody took in for long, is lost with the disk that had it: the case
    says so.
    """
    gone = []
    for part in transaction.parts.expired(now):
        limit = now - (LOST_AFTER if part.is_complete else PART_LIFETIME)
        if part.is_complete and is_here(part.id):
            continue
        if not transaction.parts.remove(part.id, left_before=limit):
            continue
        gone.append(part)
        if part.is_complete:
            detail = message("The server lost this file before it was read. Send it again.")
            lost = RefusedFile(part.file_name, "lost", detail)
            transaction.cases.add_upload(_nothing_of(part, lost, now))
            _log.error("an upload was lost before it was taken in", upload=str(part.id))
    return gone


def new_part(
    case_id: UUID, user_id: UUID, file_name: str, size_bytes: int, now: datetime
) -> UploadPart:
    """A file of which nothing has come yet."""
    return UploadPart(uuid7(), case_id, user_id, file_name, size_bytes, 0, now, now)
