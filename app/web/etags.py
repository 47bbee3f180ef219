"""`ETag` on every answer of the API that is whole, and 304 to who has it already."""

from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.api.conditional import etag_of_bytes, is_known

PREFIXES = ("/api/v1/", "/fhir/")


class ETagMiddleware:
    """Compare what would be sent with what the sender of the request has.

    A route that names its state itself is believed: the text of a draft holds the time at which it
    was made, for example.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything but reading passes untouched."""
        reads = scope["type"] == "http" and scope["method"] == "GET"
        if not reads or not scope["path"].startswith(PREFIXES):
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        held: Message | None = None

        async def sending(part: Message) -> None:
            nonlocal held
            if part["type"] == "http.response.start" and part["status"] == HTTPStatus.OK:
                held = part
                return
            if held is not None:
                start, held = held, None
                # What comes in pieces is not kept back to be counted.
                if not part.get("more_body", False) and _is_unchanged(start, part, known):
                    part = {**part, "body": b""}
                await send(start)
            await send(part)

        await self._app(scope, receive, sending)


def _is_unchanged(start: Message, part: Message, known: str) -> bool:
    """Add the name of the state; whether only that is to be sent."""
    headers = MutableHeaders(scope=start)
    headers.setdefault("etag", etag_of_bytes(part.get("body", b"")))
    if not known or not is_known(known, headers["etag"]):
        return False
    start["status"] = int(HTTPStatus.NOT_MODIFIED)
    for name in ("content-length", "content-type", "content-disposition"):
        if name in headers:
            del headers[name]
    return True
