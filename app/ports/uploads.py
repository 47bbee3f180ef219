"""Files in the making."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol
from uuid import UUID

from app.domain.upload_part import UploadPart


class UploadPartRepository(Protocol):
    """Files in the making: what is known of them while their bytes arrive."""

    def add(self, part: UploadPart) -> None:
        """Begin one."""

    def get(self, part_id: UUID, case_id: UUID, user_id: UUID) -> UploadPart:
        """One of this case and this person; raises `NotFound` for any other."""

    def set_offset(self, part_id: UUID, offset_bytes: int, updated_at: datetime) -> None:
        """Note how many bytes are stored."""

    def remove(self, part_id: UUID, *, left_before: datetime | None = None) -> bool:
        """Forget one; whether it was there.

        With `left_before` only if no byte has reached it since then.
        """

    def all_of(self, case_id: UUID) -> Sequence[UploadPart]:
        """Those of a case, in the order in which they began."""

    def complete(self) -> Sequence[UploadPart]:
        """Those whose every byte is stored, which wait to be taken in."""

    def expired(self, now: datetime) -> Sequence[UploadPart]:
        """Those that have waited too long for their next bytes."""

    def ids(self) -> set[UUID]:
        """Of all."""

    def cases_in_progress(self) -> set[UUID]:
        """Cases that have a file in the making, or one that waits to be taken in."""


class PartWriter(Protocol):
    """The bytes of one file in the making, held by one request."""

    def start_at(self, offset_bytes: int) -> None:
        """Go on at an offset, whatever lies after it; raises `NotFound` if less is here."""

    def write(self, content: bytes) -> None:
        """Append; raises `StorageUnavailable`."""

    def keep(self) -> int:
        """Make what was written safe from a power cut; the size in bytes."""


class PartFiles(Protocol):
    """The bytes of files in the making, on this server's disk."""

    def create(self, part_id: UUID) -> None:
        """Begin an empty file; raises `StorageUnavailable`."""

    def appending(self, part_id: UUID) -> AbstractContextManager[PartWriter]:
        """Hold it for writing; raises `NotFound`, and `Locked` while somebody else holds it."""

    def reading(self, part_id: UUID) -> AbstractContextManager[BinaryIO]:
        """Hold it for reading; raises `NotFound`, and `Locked` while somebody else holds it."""

    def size_bytes(self, part_id: UUID) -> int | None:
        """How much is on this server's disk; None where it is not here."""

    def remove(self, part_id: UUID) -> None:
        """Delete it, if it is here."""

    def older_than(self, moment: datetime) -> set[UUID]:
        """Those that nobody has written to since."""
