"""Where pixels are kept."""

from collections.abc import Iterator
from typing import Protocol


class BlobStore(Protocol):
    """Bytes under a name; a name's bytes never change."""

    def put(self, name: str, content: bytes) -> None:
        """Store unless the name is there already; bytes of another size are replaced.

        A killed process leaves all of it or nothing. A power cut can take or cut short the last
        seconds of a local disk, which is not told to flush each file: that made storing 64 images
        of 40 KB on one thread take 0.2 s instead of 0.02 s. S3 keeps what it has confirmed.
        """

    def get(self, name: str) -> bytes:
        """The bytes; raises `NotFound`."""

    def exists(self, name: str) -> bool:
        """Whether it is there, without its bytes."""

    def names(self, folder: str) -> Iterator[str]:
        """Names of what lies below a folder."""

    def remove(self, name: str) -> None:
        """Delete, if it is there."""

    def check(self) -> None:
        """Raise `StorageUnavailable` where the store does not answer."""
