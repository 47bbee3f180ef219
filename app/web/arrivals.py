"""Beside the server: takes in the files whose last byte has come, and lets go of those left."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from threading import Event, Thread
from typing import BinaryIO
from uuid import UUID

import structlog

from app.bootstrap import Container
from app.domain.errors import Conflict, Locked, NotFound, RefusedFile
from app.domain.upload_part import PART_LIFETIME, UploadPart
from app.ports import Transaction
from app.services.cancelling import is_cancelled
from app.services.erasing import refuse_erased
from app.services.intake import BYTES_PER_BATCH, CELLS_PER_JOB, Delivery, IncomingFile
from app.services.registering import Arrival, register_each
from app.services.reviewing import refuse_closed
from app.services.telling import tell_if_classified
from app.services.uploading import let_go, take_in_each
from app.services.worklist import refresh

SWEEP_EVERY = timedelta(hours=1)
RETRY_S = 30.0
STOP_S = 20.0

_log = structlog.get_logger(__name__)


class Arrivals:
    """Two threads: an archive of thousands of images does not keep single ones waiting."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._bells = {False: Event(), True: Event()}
        self._stopping = Event()

    def notice(self, part: UploadPart) -> None:
        """Take it in soon: its last byte is stored."""
        self._bells[_is_large(self._container, part)].set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Work until the context ends; what a killed process left is taken in first."""
        self._stopping.clear()
        threads = [
            Thread(target=self._run, kwargs={"large": large}, name="arrivals", daemon=True)
            for large in self._bells
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for bell in self._bells.values():
                bell.set()
            for thread in threads:
                # What is not done by then is done after the next start.
                thread.join(STOP_S)

    def _run(self, *, large: bool) -> None:
        bell, swept_at = self._bells[large], None
        while not self._stopping.is_set():
            bell.clear()
            now = self._container.now()
            wait_s = SWEEP_EVERY.total_seconds()
            try:
                take_in_complete(self._container, large=large)
                if not large and (swept_at is None or now - swept_at >= SWEEP_EVERY):
                    sweep(self._container)
                    swept_at = now
            except Exception:
                if not self._stopping.is_set():
                    _log.exception("files that have arrived were not taken in; tried again soon")
                wait_s = RETRY_S
            bell.wait(wait_s)


def take_in_complete(container: Container, *, large: bool) -> None:
    """Take in the complete files that lie on this server's disk.

    Raises
    ------
    StorageUnavailable
        What is not taken in by then stays, and is taken in by the next call.
    """
    with container.transactions() as transaction:
        complete = transaction.parts.complete()
    waiting = [
        part
        for part in complete
        if _is_large(container, part) is large
        and container.part_files.size_bytes(part.id) is not None
    ]
    for case_id, parts in groupby(
        sorted(waiting, key=lambda part: part.case_id), lambda part: part.case_id
    ):
        for batch in _batches(parts):
            _take_in(container, case_id, batch)


def _is_large(container: Container, part: UploadPart) -> bool:
    """Whether only an archive may have this size."""
    return part.size_bytes > container.limits.image.max_bytes


def _batches(parts: Iterator[UploadPart]) -> Iterator[list[UploadPart]]:
    batch: list[UploadPart] = []
    for part in parts:
        batch.append(part)
        if len(batch) == CELLS_PER_JOB or sum(p.size_bytes for p in batch) >= BYTES_PER_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _take_in(container: Container, case_id: UUID, parts: Sequence[UploadPart]) -> None:
    """Pixels first, then rows and jobs in one transaction; the files are deleted at the end.

    A process that is killed on the way leaves the row of the file, and so the work, behind.
    """
    with ExitStack() as stack:
        held = list(_held(container, parts, stack))
        files = [IncomingFile(part.file_name, file) for part, file in held]
        deliveries = take_in_each(files, container.limits, container.blobs, container.threads)
        with container.transactions() as transaction:
            transaction.cases.lock(case_id)
            arrivals = [
                Arrival(part.id, delivery, part.file_name, part.size_bytes)
                for (part, _), delivery in zip(held, deliveries, strict=True)
                # Another process may have been as fast.
                if transaction.parts.remove(part.id)
            ]
            arrivals = _refused_if_closed(transaction, case_id, arrivals)
            arrivals = [_refused_if_erased(transaction, arrival) for arrival in arrivals]
            digest = container.bundle.manifest.digest
            register_each(transaction, case_id, arrivals, digest, container.now())
            # The case is uploading no more, even where nothing of it was new.
            refresh(transaction, case_id, container.bundle, container.review_rule)
            tell_if_classified(transaction, case_id, container.bundle, container.now())
        for part, _ in held:
            container.part_files.remove(part.id)


def _refused_if_closed(
    transaction: Transaction, case_id: UUID, arrivals: list[Arrival]
) -> list[Arrival]:
    """Files that were on their way when the case was signed or cancelled are refused.

    The case says so.
    """
    try:
        refuse_closed(transaction, case_id)
    except Conflict as error:
        reason = "cancelled" if is_cancelled(transaction, case_id) else "signed"
        return [_refused(arrival, reason, error.detail) for arrival in arrivals]
    return arrivals


def _refused_if_erased(transaction: Transaction, arrival: Arrival) -> Arrival:
    """A file with an image that is just being erased with another case."""
    try:
        refuse_erased(transaction, {item.pixel_sha256 for item in arrival.delivery.examined})
    except Conflict as error:
        return _refused(arrival, "erased", error.detail)
    return arrival


def _refused(arrival: Arrival, reason: str, detail: str) -> Arrival:
    refused = RefusedFile(arrival.file_name or "", reason, detail)
    return replace(arrival, delivery=Delivery((), (refused,)))


def _is_here(container: Container) -> Callable[[UUID], bool]:
    return lambda part_id: container.part_files.size_bytes(part_id) is not None


def _held(
    container: Container, parts: Sequence[UploadPart], stack: ExitStack
) -> Iterator[tuple[UploadPart, BinaryIO]]:
    """Those that no other process holds, open for reading."""
    for part in parts:
        with suppress(Locked, NotFound):
            yield part, stack.enter_context(container.part_files.reading(part.id))


def sweep(container: Container) -> None:
    """Let go of files that nobody went on with, and of bytes that no row knows."""
    now = container.now()
    with container.transactions() as transaction:
        gone = let_go(transaction, now, _is_here(container))
        for case_id in {part.case_id for part in gone}:
            refresh(transaction, case_id, container.bundle, container.review_rule)
            tell_if_classified(transaction, case_id, container.bundle, now)
    for part in gone:
        container.part_files.remove(part.id)
    # Looked at in this order: a file is made after its row.
    old = container.part_files.older_than(now - PART_LIFETIME)
    with container.transactions() as transaction:
        known = transaction.parts.ids()
    for part_id in old - known:
        container.part_files.remove(part_id)
    if gone:
        _log.info("forgot uploads that were not finished", uploads=len(gone))
