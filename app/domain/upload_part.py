"""A file in the making: how much of it has arrived, of whom, for which case."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

PART_LIFETIME = timedelta(hours=24)
"""How long a file in the making waits for its next bytes."""
LOST_AFTER = timedelta(days=7)
"""How long a complete file may wait for the server that has its bytes."""


@dataclass(frozen=True)
class UploadPart:
    """One file that is being sent, bound to its case and to the person who began it.

    Parameters
    ----------
    id
        Random enough not to be guessed; the finished delivery has the same.
    file_name
        As `app.services.intake.shown_name` shows it.
    size_bytes
        Of the whole file, as announced.
    offset_bytes
        How many are stored for good, counted from the start of the file.
    updated_at
        When the last bytes were stored.
    """

    id: UUID
    case_id: UUID
    user_id: UUID
    file_name: str
    size_bytes: int
    offset_bytes: int
    started_at: datetime
    updated_at: datetime

    @property
    def is_complete(self) -> bool:
        """Whether every byte is there; the file then waits to be taken in."""
        return self.offset_bytes == self.size_bytes

    @property
    def expires_at(self) -> datetime:
        """When it is forgotten, unless more bytes come."""
        return self.updated_at + PART_LIFETIME
