"""The import area: a folder, or a part of a bucket. Nothing outside of it can be named."""

import os
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from app.domain.errors import NotFound, SettingsRefused, StorageUnavailable, TooLarge
from app.domain.message import message
from app.domain.site import DEFAULT_SITE_ID
from app.ports.imports import ImportArea, ImportAreas

CHUNK_BYTES = 1024 * 1024
SITE = "{site}"


class FolderArea:
    """`ImportArea` on a folder of this server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, name: str, most_bytes: int, target: BinaryIO) -> int:
        """Follow links only within the folder; a pipe or a device is no object."""
        try:
            root = self._folder.resolve(strict=True)
            path = (root / _checked(name)).resolve(strict=True)
            if not path.is_relative_to(root):
                raise _absent()
            # Opening a pipe would wait for who writes into it.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError, RuntimeError) as error:
            raise _absent() from error
        except OSError as error:
            raise _unavailable() from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise _absent()
        with os.fdopen(descriptor, "rb") as file:
            return _copy(iter(lambda: file.read(CHUNK_BYTES), b""), most_bytes, target)


class BucketArea:
    """`ImportArea` on a prefix of a bucket."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def fetch(self, name: str, most_bytes: int, target: BinaryIO) -> int:
        """The store is opened on the prefix, so a name cannot lead out of it."""
        try:
            found = obstore.get(self._store, _checked(name))
            if found.meta["size"] > most_bytes:
                raise _too_large()
            chunks = (bytes(chunk) for chunk in found.stream(min_chunk_size=CHUNK_BYTES))
            return _copy(chunks, most_bytes, target)
        except FileNotFoundError as error:
            raise _absent() from error
        except (BaseError, OSError) as error:
            raise _unavailable() from error


def open_areas(url: str) -> ImportAreas:
    """The area of each site: the same for all, or of its own where the URL holds `{site}`.

    Raises
    ------
    SettingsRefused
        If the URL names neither a folder nor a bucket.
    """
    _open_area(url.replace(SITE, str(DEFAULT_SITE_ID)))

    @cache
    def area_of(site_id: UUID) -> ImportArea:
        return _open_area(url.replace(SITE, str(site_id)))

    return area_of


def _open_area(url: str) -> ImportArea:
    """Open `file:///folder` or `s3://bucket/prefix`."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderArea(Path(url2pathname(parts.path)))
    if parts.scheme == "s3":
        return BucketArea(from_url(url))
    raise SettingsRefused(
        f"VEXASCOPE_IMPORT_URL has the scheme {parts.scheme!r}; use file:///FOLDER or "
        "s3://BUCKET/PREFIX."
    )


def _checked(name: str) -> str:
    """A name below the area, whose parts are plain names."""
    if "\\" in name or "\0" in name or set(name.split("/")) & {"", ".", ".."}:
        raise _absent()
    return name


def _copy(chunks: Iterator[bytes], most_bytes: int, target: BinaryIO) -> int:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most_bytes:
            raise _too_large()
        target.write(chunk)
    return size


def _absent() -> NotFound:
    return NotFound(message("The import area has no such object. Check its name."))


def _too_large() -> TooLarge:
    return TooLarge(message("The object is larger than the limit. Make it smaller, or split it."))


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable(
        message("The import area could not be read. Check that it is there; then try again.")
    )
