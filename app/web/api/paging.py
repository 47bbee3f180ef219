"""Lists page by page: opaque places in them, and the link to the next page (RFC 8288)."""

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from app.domain.errors import InvalidInput
from app.domain.message import message

MAX_LIMIT, MAX_CURSOR_LENGTH, MAX_DIGITS = 200, 400, 9

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most items in the answer.")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=MAX_CURSOR_LENGTH,
        description="`next_cursor` of the page before. A place in the list, not a number of a "
        "page: what is added meanwhile shifts nothing.",
    ),
]


def to_cursor(*parts: str) -> str:
    """A place in a list, as text that says nothing to its reader."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def from_cursor(cursor: str, length: int) -> list[str]:
    """The parts of a place; raises `InvalidInput` where it is none."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise no_place() from error
    if not isinstance(parts, list) or [type(part) for part in parts] != [str] * length:
        raise no_place()
    return parts


def key_from(cursor: str | None) -> UUID | None:
    """The place in a list that is ordered by keys."""
    if cursor is None:
        return None
    try:
        return UUID(from_cursor(cursor, 1)[0])
    except ValueError as error:
        raise no_place() from error


def moment_and_key_from(cursor: str) -> tuple[datetime, UUID]:
    """The place in a list that is ordered by time, then by key."""
    moment, key = from_cursor(cursor, 2)
    try:
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            raise no_place()
        return at, UUID(key)
    except ValueError as error:
        raise no_place() from error


def whole_number_from(cursor: str | None) -> int:
    """The place in a list that is numbered from 1; 0 is before its start."""
    text = "0" if cursor is None else from_cursor(cursor, 1)[0]
    if not text.isascii() or not text.isdigit() or len(text) > MAX_DIGITS:
        raise no_place()
    return int(text)


def no_place() -> InvalidInput:
    """What a wrong place is answered with."""
    return InvalidInput(
        message("The cursor is not a place in this list. Take it from the page before.")
    )


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Add the address of the next page, with the filters of this one; none at the end."""
    if cursor is not None:
        url = request.url.include_query_params(cursor=cursor).remove_query_params("before")
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
