"""Local disk, S3 and memory through one library."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from app.domain.errors import NotFound, SettingsRefused, StorageUnavailable
from app.domain.message import message

_PROBE = "health/probe"


class ObjectBlobStore:
    """`BlobStore` on an object store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put(self, name: str, content: bytes) -> None:
        """Put if absent. Names are digests of their content, so what is there is the same.

        But what a power cut left of it may be shorter: another size is written over, at once.
        """
        try:
            if not self._put_new(name, content) and self._size_bytes(name) != len(content):
                obstore.put(self._store, name, content, mode="overwrite")
        except (BaseError, OSError) as error:
            raise _unavailable(message("take an image")) from error

    def _put_new(self, name: str, content: bytes) -> bool:
        try:
            obstore.put(self._store, name, content, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def _size_bytes(self, name: str) -> int:
        return obstore.head(self._store, name)["size"]

    def get(self, name: str) -> bytes:
        """All bytes."""
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError as error:
            raise NotFound(message("The image is not in the object store.")) from error
        except (BaseError, OSError) as error:
            raise _unavailable(message("give an image back")) from error

    def exists(self, name: str) -> bool:
        """Ask for its description alone."""
        try:
            self._size_bytes(name)
        except FileNotFoundError:
            return False
        except (BaseError, OSError) as error:
            raise _unavailable(message("say whether it has an image")) from error
        return True

    def names(self, folder: str) -> Iterator[str]:
        """In pieces, as the store lists them."""
        try:
            for piece in obstore.list(self._store, folder):
                yield from (item["path"] for item in piece)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise _unavailable(message("list its images")) from error

    def remove(self, name: str) -> None:
        """Delete one object."""
        try:
            obstore.delete(self._store, name)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise _unavailable(message("delete an image")) from error

    def check(self) -> None:
        """Write and read a small object."""
        try:
            obstore.put(self._store, _PROBE, b"vexascope")
            obstore.head(self._store, _PROBE)
        except (BaseError, OSError) as error:
            raise _unavailable(message("answer")) from error


def open_store(url: str) -> ObjectBlobStore:
    """Open `file:///folder`, `s3://bucket/prefix` or `memory:///`.

    S3 credentials, region and endpoint come from the usual AWS_ variables.
    """
    scheme = urlsplit(url).scheme
    if scheme == "file":
        folder = Path(url2pathname(urlsplit(url).path))
        return ObjectBlobStore(LocalStore(folder, mkdir=True))
    if scheme in {"s3", "memory"}:
        return ObjectBlobStore(from_url(url))
    raise SettingsRefused(
        f"VEXASCOPE_STORAGE_URL has the scheme {scheme!r}; use file:///FOLDER or "
        "s3://BUCKET/PREFIX."
    )


def _unavailable(what: str) -> StorageUnavailable:
    return StorageUnavailable(
        message(
            "The object store could not {what}. Check that it runs and has space; then try again.",
            what=what,
        )
    )
