"""Sends files in batches: what the server refuses is listed, what is too large is divided."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from app.client.answers import answered
from app.client.errors import NotValid, TooLarge
from app.client.models import RefusedFile, Upload
from app.client.sending import (
    Delivered,
    LocalFile,
    SendProgress,
    Tell,
    as_given,
    batches,
    find_files,
    halved,
    unread,
)
from app.client.transport import Transport


class Sender:
    """What is on its way to one case."""

    def __init__(self, transport: Transport, case_id: str) -> None:
        self._transport = transport
        self._path = f"/cases/{case_id}/cells"
        self._delivered = Delivered()

    def send(self, paths: Iterable[Path | str], progress: Tell | None) -> Delivered:
        """As `Vexascope.send`."""
        files = find_files(Path(path) for path in paths)
        told = _Told(files, progress)
        told.tell()
        for batch in batches(files):
            self._send_batch(batch)
            told.tell(batch)
        return self._delivered

    def _send_batch(self, batch: Sequence[LocalFile]) -> None:
        with ExitStack() as stack:
            parts, unreadable = _opened(batch, stack)
            try:
                if parts:
                    self._deliver(parts, batch)
            except TooLarge as problem:
                self._send_halves(batch, problem)
                return
        self._delivered.refused += unreadable

    def _send_halves(self, batch: Sequence[LocalFile], problem: TooLarge) -> None:
        """A server may take less at once than a batch; nothing of it was stored."""
        halves = halved(batch)
        for half in halves:
            self._send_batch(half)
        if not halves:
            name = _name_of(batch[0])
            refused = RefusedFile(file=name, reason="too_large", detail=problem.detail)
            self._delivered.refused.append(refused)

    def _deliver(self, parts: list[Any], batch: Sequence[LocalFile]) -> None:
        try:
            response = self._transport.post(self._path, files=parts)
        except NotValid as problem:
            # Not one file could be read; with wrong fields the request itself is wrong.
            if problem.fields:
                raise
            self._delivered.refused += _named(problem.refused, batch) or _empty(problem, batch)
            return
        upload = answered(Upload, response)
        self._delivered.accepted_count += upload.accepted_count
        self._delivered.duplicates += [as_given(name, batch) for name in upload.duplicates]
        self._delivered.refused += _named(upload.refused, batch)


class _Told:
    """Sums for the progress."""

    def __init__(self, files: Sequence[LocalFile], tell: Tell | None) -> None:
        self._all_files = len(files)
        self._all_bytes = sum(file.size_bytes for file in files)
        self._sent_files = self._sent_bytes = 0
        self._tell = tell

    def tell(self, batch: Sequence[LocalFile] = ()) -> None:
        self._sent_files += len(batch)
        self._sent_bytes += sum(file.size_bytes for file in batch)
        if self._tell:
            self._tell(
                SendProgress(self._sent_files, self._all_files, self._sent_bytes, self._all_bytes)
            )


def _opened(batch: Iterable[LocalFile], stack: ExitStack) -> tuple[list[Any], list[RefusedFile]]:
    """The parts of a request, open while the stack is, and what cannot be read."""
    parts, unreadable = [], []
    for file in batch:
        try:
            opened, missing = file.open()
        except OSError as error:
            unreadable.append(unread(str(file.path), error.strerror or type(error).__name__))
        else:
            unreadable += missing
            stack.enter_context(opened)
            if file.members is None or len(missing) < len(file.members):
                parts.append(("files", (file.path.name, opened)))
    return parts, unreadable


def _name_of(file: LocalFile) -> str:
    """Of a file that is refused alone; in a ZIP, of the one that is left of it."""
    inner = f"/{file.members[0].filename}" if file.members else ""
    return f"{file.path}{inner}"


def _empty(problem: NotValid, batch: Iterable[LocalFile]) -> list[RefusedFile]:
    """ZIPs with nothing in them: the server has no name to refuse."""
    return [
        RefusedFile(file=str(file.path), reason="empty", detail=problem.detail) for file in batch
    ]


def _named(refused: Iterable[RefusedFile], batch: Sequence[LocalFile]) -> list[RefusedFile]:
    return [item.model_copy(update={"file": as_given(item.file, batch)}) for item in refused]
