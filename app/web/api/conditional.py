"""Versions of what is read, and changes that must not overwrite somebody else's (RFC 9110)."""

import hashlib
import re
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel

from app.domain.errors import PreconditionFailed, PreconditionMissing
from app.domain.message import message

_TAGS = re.compile(r'(?:W/)?"[^"]*"')
_TAG_LENGTH = 32

IfMatch = Annotated[
    str | None,
    Header(
        description="`ETag` of what was read: the change is refused where it is not the same by "
        "now. `*` changes whatever is there."
    ),
]


def etag_of(read: BaseModel, *, without: set[str] | None = None) -> str:
    """Name the state of what is read; weak where a part of it is left out, a time for example."""
    digest = hashlib.sha256(read.model_dump_json(exclude=without).encode()).hexdigest()
    return f'{"W/" if without else ""}"{digest[:_TAG_LENGTH]}"'


def etag_of_configured(read: BaseModel, change: type[BaseModel]) -> str:
    """Name what a change may write, and behind a dash all of it.

    `If-Match` compares the first part alone: that a key was used or a message sent is no change of
    somebody else's.
    """
    configured = read.model_dump_json(include=set(change.model_fields))
    first = hashlib.sha256(configured.encode()).hexdigest()[:_TAG_LENGTH]
    return f'"{first}-{etag_of(read)[1:]}'


def etag_of_bytes(content: bytes) -> str:
    """Name a finished answer."""
    return f'"{hashlib.sha256(content).hexdigest()[:_TAG_LENGTH]}"'


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether who asks has this state already; weak comparison."""
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in {
        tag.removeprefix("W/") for tag in _TAGS.findall(if_none_match)
    }


def refuse_changed(if_match: str | None, etag: str) -> None:
    """As `refuse_stale`, but a change that says nothing of what it has seen is let through."""
    if if_match is not None:
        refuse_stale(if_match, etag)


def refuse_stale(if_match: str | None, etag: str) -> None:
    """Let a change through that knows what it changes.

    Raises
    ------
    PreconditionMissing
        If it does not say what it has seen.
    PreconditionFailed
        If that is no longer so.
    """
    if if_match is None:
        raise PreconditionMissing(
            message("Send If-Match with the ETag of what you have read, so that nothing is lost.")
        )
    if if_match.strip() != "*" and _written(etag) not in map(_written, _TAGS.findall(if_match)):
        raise PreconditionFailed(
            message("It has changed since you read it. Read it again, and change that.")
        )


def _written(etag: str) -> str:
    """The part of a name that tells what changes write."""
    return etag.strip('"').partition("-")[0]
