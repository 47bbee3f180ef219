"""The files of an uploaded ZIP archive, one at a time.

Nothing is written to disk and no size in the archive is believed: members are read into memory
one by one, up to the limits. What is unsafe or unreadable is handed on as a refusal with its
name, so that the sender learns of it, and the rest goes on.
"""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from app.domain.errors import ImageRefused, RefusedFile, TooLarge
from app.domain.message import message

_LOCAL_HEADER = b"PK\x03\x04"
_END_OF_DIRECTORY = b"PK\x05\x06"
_END_LOCATOR_64 = b"PK\x06\x07"
_END_BYTES, _LOCATOR_64_BYTES, _END_64_BYTES = 22, 20, 56
_LONGEST_COMMENT_BYTES = 65_535
# A long path and its extra fields; more than this per permitted entry is an attack.
_DIRECTORY_BYTES_PER_ENTRY = 1024
# zipfile expands bzip2 and LZMA without a bound: a small block may become gigabytes.
_BOUNDED_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
_NAMES_IN_UTF8 = 0x800
_IGNORED_NAMES = {".ds_store", "thumbs.db", "desktop.ini"}
_ARCHIVE_SUFFIXES = {".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"}
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DRIVE = re.compile(r"^[A-Za-z]:")


@dataclass(frozen=True)
class ArchiveLimits:
    """What one archive may hold.

    Parameters
    ----------
    max_entries
        Files and folders.
    max_total_bytes
        Of all members together, uncompressed.
    max_member_bytes
        Of one member, uncompressed.
    max_compression_ratio
        Of a member of a mebibyte or more: images hardly shrink, a bomb shrinks a thousandfold.
    """

    max_entries: int = 10_000
    max_total_bytes: int = 2 * 1024**3
    max_member_bytes: int = 20 * 1024**2
    max_compression_ratio: float = 200.0


@dataclass(frozen=True)
class ArchiveMember:
    """One file of an archive: its name for people, `archive.zip/folder/name.jpg`, and bytes."""

    file: str
    content: bytes


def is_zip(content_start: bytes) -> bool:
    """Tell by the first four bytes whether a file is a ZIP archive, an empty one included."""
    return content_start[:4] in {_LOCAL_HEADER, _END_OF_DIRECTORY}


def count_files(name: str, source: bytes | BinaryIO, limits: ArchiveLimits) -> int:
    """Count the files that `unpack` would yield, from the central directory alone.

    Raises
    ------
    ImageRefused, TooLarge
        As `unpack` does.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    with open_archive(name, file, limits) as archive:
        return sum(not _is_ignored(info, _readable_name(info)) for info in archive.infolist())


def unpack(
    name: str, source: bytes | BinaryIO, limits: ArchiveLimits
) -> Iterator[ArchiveMember | RefusedFile]:
    """Yield the files of a ZIP archive, holding one in memory at a time.

    Folders and what operating systems add by themselves are passed over in silence.

    Parameters
    ----------
    name
        Of the archive, as the sender named it.
    source
        Its bytes, or a seekable file opened for reading bytes.

    Raises
    ------
    ImageRefused
        With the reason ``damaged_archive``, before anything is yielded.
    TooLarge
        Too many entries or bytes, or a compression that only a bomb reaches: by the central
        directory, before anything is yielded. No more is read of a member than stands there,
        so a directory that lies cannot bring more; should it, this comes late.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    with open_archive(name, file, limits) as archive:
        total_bytes = 0
        for info in archive.infolist():
            shown = _readable_name(info)
            if _is_ignored(info, shown):
                continue
            found = _take(archive, info, f"{name}/{shown}", limits)
            if isinstance(found, ArchiveMember):
                total_bytes += len(found.content)
                _check_total(name, total_bytes, limits)
            yield found


def open_archive(name: str, file: BinaryIO, limits: ArchiveLimits) -> zipfile.ZipFile:
    """Open an archive whose central directory promises to stay within the limits.

    Raises
    ------
    ImageRefused, TooLarge
        As `unpack` does.
    """
    try:
        # zipfile makes an object per entry before it can be asked how many there are.
        if _directory_bytes(file) > limits.max_entries * _DIRECTORY_BYTES_PER_ENTRY:
            raise _too_many_entries(name, limits)
        archive = zipfile.ZipFile(file)
    # Hostile directories make zipfile and struct raise many kinds of error.
    except (OSError, ValueError, struct.error, zipfile.BadZipFile, NotImplementedError) as error:
        detail = message(
            "{name} is damaged and cannot be opened as a ZIP archive. Pack it again.", name=name
        )
        raise ImageRefused("damaged_archive", detail) from error
    if len(archive.infolist()) > limits.max_entries:
        raise _too_many_entries(name, limits)
    _check_total(name, sum(info.file_size for info in archive.infolist()), limits)
    for info in archive.infolist():
        _check_declared_ratio(name, info, limits)
    return archive


def _directory_bytes(file: BinaryIO) -> int:
    """Read the size of the central directory from the archive's end."""
    size = file.seek(0, io.SEEK_END)
    start = max(0, size - _END_BYTES - _LONGEST_COMMENT_BYTES - _LOCATOR_64_BYTES - _END_64_BYTES)
    file.seek(start)
    tail = file.read()
    file.seek(0)
    end = tail.rfind(_END_OF_DIRECTORY)
    if end < 0:
        raise zipfile.BadZipFile("no end of directory")
    directory_bytes: int = struct.unpack_from("<L", tail, end + 12)[0]
    locator = end - _LOCATOR_64_BYTES
    if tail[locator:end].startswith(_END_LOCATOR_64):
        directory_bytes = struct.unpack_from("<Q", tail, locator - _END_64_BYTES + 40)[0]
    return directory_bytes


def _readable_name(info: zipfile.ZipInfo) -> str:
    name = info.filename
    if not info.flag_bits & _NAMES_IN_UTF8:
        # Many packers write UTF-8 without saying so; zipfile then reads it as code page 437.
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    return _CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", name.replace("\\", "/"))


def _is_ignored(info: zipfile.ZipInfo, shown: str) -> bool:
    parts = shown.split("/")
    own = parts[-1].lower()
    added_by_system = own in _IGNORED_NAMES or own.startswith("._") or "__MACOSX" in parts
    return info.is_dir() or not own or added_by_system


def _take(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, shown: str, limits: ArchiveLimits
) -> ArchiveMember | RefusedFile:
    refused = _refuse_unread(info, shown)
    if refused:
        return refused
    try:
        with archive.open(info) as member:
            content = member.read(limits.max_member_bytes + 1)
    except (OSError, ValueError, EOFError, RuntimeError, struct.error) as error:
        return _damaged_member(shown, error)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        return _damaged_member(shown, error)
    _check_ratio(shown, len(content), info.compress_size, limits)
    if len(content) > limits.max_member_bytes:
        detail = message(
            "The file has more than {most:,} bytes. Crop the image.", most=limits.max_member_bytes
        )
        return RefusedFile(shown, "too_many_bytes", detail)
    if is_zip(content):
        return _nested(shown)
    return ArchiveMember(shown, content)


def _refuse_unread(info: zipfile.ZipInfo, shown: str) -> RefusedFile | None:
    # The name as stored, too: zipfile cuts it at a zero byte.
    if _is_unsafe(info.orig_filename) or stat.S_ISLNK(info.external_attr >> 16):
        detail = message(
            "The file's path leads out of the archive. Pack it again by its plain name."
        )
        return RefusedFile(shown, "unsafe_path", detail)
    if info.flag_bits & _ENCRYPTED:
        detail = message("The file is protected by a password. Pack the archive without one.")
        return RefusedFile(shown, "encrypted_member", detail)
    if PurePosixPath(shown).suffix.lower() in _ARCHIVE_SUFFIXES:
        return _nested(shown)
    if info.compress_type not in _BOUNDED_METHODS:
        detail = message(
            "The file is compressed in an unusual way. Pack the archive as an ordinary ZIP."
        )
        return RefusedFile(shown, "unsupported_compression", detail)
    return None


def _is_unsafe(name: str) -> bool:
    path = name.replace("\\", "/")
    climbs = ".." in path.split("/")
    return climbs or path.startswith("/") or bool(_DRIVE.match(path)) or "\x00" in path


def _check_declared_ratio(name: str, info: zipfile.ZipInfo, limits: ArchiveLimits) -> None:
    shown = f"{name}/{_readable_name(info)}"
    if not _refuse_unread(info, shown):
        # Of a larger member only this much would be read.
        read_bytes = min(info.file_size, limits.max_member_bytes + 1)
        _check_ratio(shown, read_bytes, info.compress_size, limits)


def _check_ratio(shown: str, real_bytes: int, packed_bytes: int, limits: ArchiveLimits) -> None:
    if real_bytes >= 1024**2 and real_bytes > limits.max_compression_ratio * max(packed_bytes, 1):
        detail = message(
            "{name} expands beyond measure; the archive was refused. Send the images plain.",
            name=shown,
        )
        raise TooLarge(detail)


def _check_total(name: str, total_bytes: int, limits: ArchiveLimits) -> None:
    if total_bytes > limits.max_total_bytes:
        raise TooLarge(
            message(
                "{name} unpacks to more than {most:,} bytes. Split it into smaller archives.",
                name=name,
                most=limits.max_total_bytes,
            )
        )


def _too_many_entries(name: str, limits: ArchiveLimits) -> TooLarge:
    detail = message(
        "{name} has more than {most:,} entries. Split it into smaller archives.",
        name=name,
        most=limits.max_entries,
    )
    return TooLarge(detail)


def _nested(shown: str) -> RefusedFile:
    detail = message("The file is an archive within the archive. Send it by itself.")
    return RefusedFile(shown, "nested_archive", detail)


def _damaged_member(shown: str, error: Exception) -> RefusedFile:
    detail = message(
        "The file is damaged inside the archive ({error}). Pack it again.",
        error=type(error).__name__,
    )
    return RefusedFile(shown, "damaged_member", detail)
