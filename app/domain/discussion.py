"""What people write to each other about a case or one of its cells."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.errors import InvalidInput
from app.domain.message import message

MAX_COMMENT_LENGTH = 4000


@dataclass(frozen=True)
class Comment:
    """One comment; it is never changed. `cell_id` is None where it is about the case."""

    id: UUID
    case_id: UUID
    cell_id: UUID | None
    author_id: UUID
    author_name: str
    at: datetime
    text: str


def written(text: str, longest: int = MAX_COMMENT_LENGTH) -> str:
    """What somebody wrote, without blank ends and with one kind of line break.

    Raises
    ------
    InvalidInput
        If nothing is left, or too much.
    """
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not cleaned:
        raise InvalidInput(message("The text is empty. Write a sentence, and send it again."))
    if len(cleaned) > longest:
        raise InvalidInput(
            message("The text is longer than {longest} characters. Shorten it.", longest=longest)
        )
    if any(ord(char) < ord(" ") and char not in "\n\t" for char in cleaned):
        raise InvalidInput(message("The text holds a control character. Type it again."))
    return cleaned
