"""The bytes of files in the making, on the local disk, under random names."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from io import BufferedReader, FileIO
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from app.domain.errors import Locked, NotFound, StorageUnavailable
from app.domain.message import message


class LocalPartWriter:
    """`PartWriter` on an open file."""

    def __init__(self, file: FileIO) -> None:
        self._file = file

    def start_at(self, offset_bytes: int) -> None:
        """Cut off what lies after the offset: a killed process wrote it and never noted it."""
        if self._file.seek(0, os.SEEK_END) < offset_bytes:
            raise _lost()
        self._file.truncate(offset_bytes)
        self._file.seek(offset_bytes)

    def write(self, content: bytes) -> None:
        """Append; the system may take less than all at once."""
        left = memoryview(content)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise _unavailable() from error

    def keep(self) -> int:
        """Flush to the disk."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unavailable() from error
        return self._file.tell()


class LocalPartFiles:
    """`PartFiles` in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, part_id: UUID) -> None:
        """An empty file; the folder is made with it."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path(part_id).touch(mode=0o600, exist_ok=False)
        except OSError as error:
            raise _unavailable() from error

    @contextmanager
    def appending(self, part_id: UUID) -> Iterator[LocalPartWriter]:
        """Hold it for writing."""
        with self._locked(part_id, "r+b") as file:
            yield LocalPartWriter(file)

    @contextmanager
    def reading(self, part_id: UUID) -> Iterator[BinaryIO]:
        """From the start."""
        with self._locked(part_id, "rb") as file, BufferedReader(file) as reader:
            yield reader

    @contextmanager
    def _locked(self, part_id: UUID, mode: str) -> Iterator[FileIO]:
        try:
            file = FileIO(self._path(part_id), mode)
        except FileNotFoundError as error:
            raise _lost() from error
        except OSError as error:
            raise _unavailable() from error
        with file:
            try:
                # Given back by the system when the file is closed, or the process is killed.
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Locked(
                    message("The file is being written by another request. Try again.")
                ) from error
            yield file

    def size_bytes(self, part_id: UUID) -> int | None:
        """How much is here."""
        try:
            return self._path(part_id).stat().st_size
        except FileNotFoundError:
            return None

    def remove(self, part_id: UUID) -> None:
        """Delete it, if it is here."""
        with suppress(FileNotFoundError):
            self._path(part_id).unlink()

    def older_than(self, moment: datetime) -> set[UUID]:
        """Those that nobody has written to since."""
        if not self._folder.is_dir():
            return set()
        limit_s = moment.timestamp()
        return {UUID(path.name) for path in self._folder.iterdir() if _mtime_s(path) < limit_s}

    def _path(self, part_id: UUID) -> Path:
        return self._folder / str(part_id)


def _mtime_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _held() -> Locked:
    return Locked(message("The file is being written by another request. Try again."))


def _lost() -> NotFound:
    return NotFound(
        message("This server does not have the bytes of the upload. Choose the file again.")
    )


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable(
        message(
            "The disk does not take the upload: it may be full. Free some space; then try again."
        )
    )
