"""The cap on request bodies, answered as a problem.

The framework's own cap answers in plain text and cannot be told otherwise. Cell images alone may
be large: the framework keeps a whole JSON or form body, and several times its size, in memory.
"""

import re

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.bootstrap import MIB
from app.domain.errors import TooLarge
from app.domain.message import message
from app.web.errors import STATUS, answer

# A client that is still sending sees a broken connection instead of the answer. So what is too
# large is read and thrown away, up to this many times the limit.
DRAIN_FACTOR = 4
SMALL_BYTES = MIB
PART_BYTES = 8 * MIB
_CELLS_PATH = re.compile(r"/api/v1/cases/[^/]+/cells|(?:/api/v1)?/cases/import")
_PART_PATH = re.compile(r"/cases/[^/]+/uploads/tus/[^/]+")


class BodyLimitMiddleware:
    """Refuse a body that is too large, whether or not its length was announced.

    `max_bytes` is for deliveries of cell images and for whole cases, `PART_BYTES` for one piece of
    a resumable delivery; every other body has `SMALL_BYTES`.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the announced length first, then count."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit_bytes = self._limit_bytes(scope)
        if _announced_bytes(scope) > limit_bytes:
            await _drain(receive, DRAIN_FACTOR * limit_bytes)
            error = TooLarge(_sentence(limit_bytes))
            response = answer(Request(scope), STATUS[TooLarge], error.title, error.detail)
            await response(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit_bytes), send)

    def _limit_bytes(self, scope: Scope) -> int:
        if scope["method"] == "PATCH" and _PART_PATH.fullmatch(scope["path"]):
            return PART_BYTES
        images = scope["method"] == "POST" and _CELLS_PATH.fullmatch(scope["path"])
        return self._max_bytes if images else SMALL_BYTES


def _counted(receive: Receive, limit_bytes: int) -> Receive:
    total = 0

    async def counting() -> Message:
        nonlocal total
        part = await receive()
        total += len(part.get("body", b""))
        if total > limit_bytes:
            # Of the framework's kind: it would turn any other into "cannot be parsed".
            raise HTTPException(STATUS[TooLarge], _sentence(limit_bytes))
        return part

    return counting


async def _drain(receive: Receive, most_bytes: int) -> None:
    total = 0
    while total <= most_bytes:
        part = await receive()
        total += len(part.get("body", b""))
        if part["type"] == "http.disconnect" or not part.get("more_body", False):
            return


def _sentence(limit_bytes: int) -> str:
    return message(
        "The request is larger than {most} MiB; nothing was stored. Send less at once; images go "
        "in several requests, to the cells of a case.",
        most=limit_bytes // MIB,
    )


def _announced_bytes(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "")
    return int(value) if value.isdigit() else 0
