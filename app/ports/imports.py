"""Where other systems lay images down to be taken in."""

from collections.abc import Callable
from typing import BinaryIO, Protocol
from uuid import UUID


class ImportArea(Protocol):
    """Objects under names; they are read and never changed."""

    def fetch(self, name: str, most_bytes: int, target: BinaryIO) -> int:
        """Copy an object; its size in bytes.

        Raises
        ------
        NotFound
            If there is no such object, or the name leads out of the area.
        TooLarge
            If it has more bytes; not all of them were read.
        StorageUnavailable
        """


ImportAreas = Callable[[UUID], ImportArea]
"""The import area of a site."""
