"""Images that lie in the import area, fetched as if they had been sent."""

from collections.abc import Iterable
from concurrent.futures import Executor
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile

from app.domain.errors import InvalidInput, NotFound, NothingAccepted, RefusedFile, TooLarge
from app.domain.message import message
from app.ports import BlobStore, ImportArea
from app.services.intake import Delivery, IncomingFile, IntakeLimits, shown_name, take_in

# Larger objects wait on the disk.
IN_MEMORY_BYTES = 1024 * 1024


def take_in_objects(
    names: Iterable[str],
    area: ImportArea | None,
    limits: IntakeLimits,
    blobs: BlobStore,
    threads: Executor,
) -> Delivery:
    """Fetch objects and take them in; the bad ones do not stop the rest.

    Raises
    ------
    InvalidInput
        If no import area is set.
    NothingAccepted
        If no object is an image that can be read; it names each one and why.
    TooLarge
        If all together are larger than a delivery may be; before anything is stored.
    StorageUnavailable
    """
    if area is None:
        raise InvalidInput(
            message("This server has no import area. Send the images, or have one set up.")
        )
    with ExitStack() as stack:
        files, refused = _fetched(dict.fromkeys(names), area, limits, stack)
        try:
            delivery = take_in(files, limits, blobs, threads)
        except NothingAccepted as error:
            if not refused:
                raise
            raise _nothing((*refused, *error.refused)) from error
    return Delivery(delivery.examined, (*refused, *delivery.refused))


def _fetched(
    names: Iterable[str], area: ImportArea, limits: IntakeLimits, stack: ExitStack
) -> tuple[list[IncomingFile], list[RefusedFile]]:
    files: list[IncomingFile] = []
    refused: list[RefusedFile] = []
    left_bytes = limits.max_bytes
    for name in names:
        file = stack.enter_context(SpooledTemporaryFile(IN_MEMORY_BYTES))  # noqa: SIM115 - the stack closes it
        # By its name, since its bytes are not here yet: an archive may be larger than an image.
        is_zip = name.lower().endswith(".zip")
        most_bytes = limits.max_bytes if is_zip else limits.image.max_bytes
        try:
            left_bytes -= area.fetch(name, most_bytes, file)  # type: ignore[arg-type]
        except (NotFound, TooLarge) as error:
            reason = "not_found" if isinstance(error, NotFound) else "too_many_bytes"
            refused.append(RefusedFile(name, reason, error.detail))
            file.close()
            continue
        if left_bytes < 0:
            raise TooLarge(
                message("The objects are larger together than one delivery. Name fewer at once.")
            )
        files.append(IncomingFile(shown_name(name), file))  # type: ignore[arg-type]
    return files, refused


def _nothing(refused: tuple[RefusedFile, ...]) -> NothingAccepted:
    first = refused[0]
    return NothingAccepted(
        message(
            "None of the {number} objects was accepted; the first: {file}: {reason}",
            number=len(refused),
            file=first.file,
            reason=first.detail,
        ),
        refused,
    )
