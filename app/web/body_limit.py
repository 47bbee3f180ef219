"""The cap on request bodies, answered as a problem.

The framework's own cap answers in plain text and cannot be told otherwise.
"""

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.bootstrap import MIB
from app.domain.errors import TooLarge
from app.web.errors import STATUS, answer

# A client that is still sending sees a broken connection instead of the answer. So what is too
# large is read and thrown away, up to this many times the limit.
DRAIN_FACTOR = 4


class BodyLimitMiddleware:
    """Refuse a body of more than `max_bytes`, whether or not its length was announced."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the announced length first, then count."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _announced_bytes(scope) > self._max_bytes:
            await self._drain(receive)
            error = TooLarge(self._sentence())
            response = answer(Request(scope), STATUS[TooLarge], error.title, error.detail)
            await response(scope, receive, send)
            return
        await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        total = 0

        async def counting() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._max_bytes:
                # Of the framework's kind: it would turn any other into "cannot be parsed".
                raise HTTPException(STATUS[TooLarge], self._sentence())
            return message

        return counting

    async def _drain(self, receive: Receive) -> None:
        total = 0
        while total <= DRAIN_FACTOR * self._max_bytes:
            message = await receive()
            total += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return

    def _sentence(self) -> str:
        return (
            f"The request is larger than {self._max_bytes // MIB} MiB; nothing was stored. "
            "Send the images in several requests."
        )


def _announced_bytes(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "")
    return int(value) if value.isdigit() else 0
