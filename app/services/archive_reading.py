"""An archive of a case as it arrives: checked to the last byte, then its pictures are stored."""

import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, Any, BinaryIO

from pydantic import ValidationError

from app.domain.case_records import CaseRecords
from app.domain.cell import Cell
from app.domain.errors import ImageRefused, InvalidInput
from app.domain.message import message
from app.imaging.archive import ArchiveLimits, open_archive
from app.imaging.decode import ImageLimits, decode, encode_png, pixel_sha256
from app.ports import BlobStore
from app.services.case_archive import (
    ARCHIVE_FORMAT,
    CASE_FILE,
    FINDINGS_FILE,
    MANIFEST_FILE,
    README_FILE,
    RECORDS,
    image_name,
)
from app.services.case_check import check_records, refuse
from app.services.intake import blob_name

MIB = 1024**2
LIMITS = ArchiveLimits(max_entries=100_000, max_total_bytes=8 * 1024**3, max_member_bytes=512 * MIB)
# Held, parsed and checked in memory, which takes many times as much.
MOST_TEXT_BYTES = 64 * MIB
_CHUNK_BYTES = MIB
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
_DAMAGE = (OSError, ValueError, EOFError, RuntimeError, struct.error, zipfile.BadZipFile)


def read_archive(file: BinaryIO) -> CaseRecords:
    """Check an archive but for its pictures.

    Raises
    ------
    InvalidInput
        With what is wrong: not an archive of a case, of another format, damaged, contradictory.
    TooLarge
        If it holds too much.
    """
    with _opened(file) as archive:
        content = _member(archive, CASE_FILE, MOST_TEXT_BYTES)
        _check_digests(archive)
        records = _records(content)
        check_records(records)
        expected = {CASE_FILE, FINDINGS_FILE, README_FILE, MANIFEST_FILE}
        expected |= set(map(image_name, records.cells))
        if set(archive.namelist()) != expected:
            raise refuse(message("it lacks pictures, or holds others"))
    return records


def store_images(
    file: BinaryIO, records: CaseRecords, blobs: BlobStore, limits: ImageLimits
) -> None:
    """Store the pictures of a checked archive; they lie under the digest of their pixels.

    Raises
    ------
    InvalidInput
        If one is not the picture that its cell names.
    """
    with _opened(file) as archive:
        for cell in records.cells:
            content = _upright(
                _member(archive, image_name(cell), LIMITS.max_member_bytes), cell, limits
            )
            blobs.put(blob_name(cell.pixel_sha256), content)


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    file.seek(0)
    try:
        return open_archive("ZIP", file, LIMITS)
    except ImageRefused as error:
        raise refuse(message("it is not a ZIP archive, or damaged")) from error


def _check_digests(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    digests = dict(_lines(_member(archive, MANIFEST_FILE, MOST_TEXT_BYTES)))
    if len(names) != len(set(names)) or set(digests) != set(names) - {MANIFEST_FILE}:
        raise refuse(message("its list of files is not what it holds"))
    for name, expected in digests.items():
        if _sha256(archive, name) != expected:
            raise refuse(message("a file is not the one of which the digest was written down"))


def _lines(content: bytes) -> Iterator[tuple[str, str]]:
    for line in content.decode(errors="replace").splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise refuse(message("its list of files cannot be read"))
        yield match[2], match[1]


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    """Hexadecimal digest of one file, read in pieces."""
    digest = hashlib.sha256()
    with _opened_member(archive, name, LIMITS.max_member_bytes) as member:
        while chunk := member.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _member(archive: zipfile.ZipFile, name: str, most_bytes: int) -> bytes:
    """One file; no more is read of it than the directory promised, and that is bounded."""
    with _opened_member(archive, name, most_bytes) as member:
        return member.read()


@contextmanager
def _opened_member(archive: zipfile.ZipFile, name: str, most_bytes: int) -> Iterator[IO[bytes]]:
    try:
        info = archive.getinfo(name)
        if info.file_size > most_bytes:
            raise refuse(message("a file in it is too large"))
        with archive.open(info) as member:
            yield member
    except KeyError as error:
        raise refuse(message("it is not the archive of a case")) from error
    except InvalidInput:
        raise
    except (*_DAMAGE, NotImplementedError, zlib.error) as error:
        raise refuse(message("a file in it is damaged")) from error


def _records(content: bytes) -> CaseRecords:
    found = _json(content)
    if found.get("product") != "vexascope" or found.get("format") != ARCHIVE_FORMAT:
        raise refuse(message("it is of another format than this version reads"))
    try:
        return RECORDS.validate_python(_plain(found.get("records")))
    except (ValidationError, TypeError, KeyError) as error:
        raise refuse(message("its content is not that of a case")) from error


def _json(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise refuse(message("its content cannot be read")) from error
    if not isinstance(found, dict):
        raise refuse(message("its content cannot be read"))
    return found


def _no_number(name: str) -> float:
    """JSON has no NaN and no infinity, and PostgreSQL does not store them in it."""
    raise ValueError(name)


def _plain(value: Any) -> Any:
    """Refuse text that a database cannot hold: half a character, or a zero."""
    if isinstance(value, str) and ("\x00" in value or not _is_unicode(value)):
        raise refuse(message("it holds text that cannot be stored"))
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _upright(content: bytes, cell: Cell, limits: ImageLimits) -> bytes:
    """The picture, encoded anew: nothing comes along but the pixels."""
    wide = replace(limits, max_bytes=LIMITS.max_member_bytes)
    try:
        rgb = decode(content, wide).rgb
    except ImageRefused as error:
        raise refuse(message("the picture of a cell cannot be read")) from error
    if pixel_sha256(rgb) != cell.pixel_sha256 or rgb.shape[:2] != (cell.height_px, cell.width_px):
        raise refuse(message("a picture is not the one that its cell names"))
    return encode_png(rgb)
