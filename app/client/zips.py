"""Large ZIPs in parts: each is a smaller ZIP, so that the server names the files as ever."""

import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

Members = tuple[zipfile.ZipInfo, ...]

MOST_MEMBERS = 1000
NAMES_IN_UTF8 = 0x800
# Pictures are compressed already; what is not need not grow on its way.
LITTLE = 1
_UNREADABLE = (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, EOFError)


def members_of(path: Path) -> Members:
    """The files in a ZIP; none where it is not one, which the server says better."""
    with suppress(*_UNREADABLE), zipfile.ZipFile(path) as archive:
        return tuple(info for info in archive.infolist() if not info.is_dir())
    return ()


def grouped(members: Members, most_bytes: int) -> Iterator[Members]:
    """Neighbours, so many that their files together have `most_bytes` at most; a larger one alone.

    Of the files and not of what they take in the ZIP: the server limits both.
    """
    group: list[zipfile.ZipInfo] = []
    for info in members:
        size = sum(item.file_size for item in group) + info.file_size
        if group and (size > most_bytes or len(group) == MOST_MEMBERS):
            yield tuple(group)
            group = []
        group.append(info)
    if group:
        yield tuple(group)


def part_of(path: Path, members: Members) -> tuple[IO[bytes], list[tuple[str, str]]]:
    """A ZIP of its own with some members of another, and those that cannot be read, with why.

    Raises
    ------
    OSError
        If the file cannot be read any more.
    """
    unreadable = []
    part = TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    with (
        zipfile.ZipFile(path) as archive,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=LITTLE) as copy,
    ):
        for info in members:
            try:
                _copy(archive, info, copy)
            except _UNREADABLE as error:
                unreadable.append((_name_of(info), str(error)))
    part.seek(0)
    return part, unreadable


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, copy: zipfile.ZipFile) -> None:
    """Read it whole first: half a member cannot be taken back."""
    with archive.open(info) as source, TemporaryFile() as whole:
        shutil.copyfileobj(source, whole)
        whole.seek(0)
        with copy.open(_name_of(info), "w", force_zip64=True) as target:
            shutil.copyfileobj(whole, target)


def _name_of(info: zipfile.ZipInfo) -> str:
    """Many packers write UTF-8 without saying so; zipfile then reads it as code page 437."""
    if not info.flag_bits & NAMES_IN_UTF8:
        with suppress(UnicodeError):
            return info.filename.encode("cp437").decode("utf-8")
    return info.filename
