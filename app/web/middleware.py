"""Around every request: its number, its log line, and the security headers."""

import time
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from app.web.errors import unexpected
from app.web.language import chosen_language, use_language

# Nothing comes from outside the server, and no script or style stands inside a page.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' blob:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), "
    "payment=(), usb=()",
}
# Two years. Not for subdomains: the laboratory's other hosts are none of this product's business.
STRICT_TRANSPORT_SECURITY = "max-age=63072000"
STATIC_PREFIX = "/static/"
# What follows signs in, or lets a password be chosen.
SECRET_PREFIXES = ("/demonstration/", "/choose-password/")
STATIC_CACHE = "public, max-age=31536000, immutable"
QUIET_PREFIXES = ("/health/", "/metrics", STATIC_PREFIX)

_log = structlog.get_logger("vexascope.request")


class RequestMiddleware:
    """Number, log, count and guard every HTTP request."""

    def __init__(self, app: ASGIApp, *, is_secure: bool) -> None:
        self._app = app
        self._headers = HEADERS
        if is_secure:
            self._headers = {**HEADERS, "Strict-Transport-Security": STRICT_TRANSPORT_SECURITY}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; everything but HTTP passes untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid7().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status, has_started = 500, False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, has_started
            if message["type"] == "http.response.start":
                status, has_started = message["status"], True
                _add_headers(message, self._headers, scope["path"], request_id)
            await send(message)

        structlog.contextvars.bind_contextvars(request=request_id)
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            # Here and not in the framework's handler: that one stands outside of this class, so
            # neither its line nor its answer would have the number and the headers.
            _log.exception("unexpected error", path=_shown_path(scope))
            if has_started:
                raise
            await unexpected(Request(scope))(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            _log_line(scope, status, seconds)
            route = scope["state"].get("route")
            scope["app"].state.container.meters.request(scope["method"], route, status, seconds)
            structlog.contextvars.clear_contextvars()


class LanguageMiddleware:
    """Answer in the language that the session keeps, else in what the browser prefers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose, and pass the request on; the session must be around it."""
        if scope["type"] == "http":
            choice = scope["session"].get("language")
            use_language(chosen_language(choice, Headers(scope=scope).get("accept-language", "")))
        await self._app(scope, receive, send)


def _add_headers(message: Message, always: Mapping[str, str], path: str, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in always.items():
        headers.setdefault(name, value)
    headers["X-Request-ID"] = request_id
    # Static files carry their version in the address. Pages and answers hold patients' data, and no
    # cache keeps those. Pictures of cells set a header of their own: no shared cache keeps them,
    # but the browser of who looked at them does, on its disk too, until they sign out.
    is_static = path.startswith(STATIC_PREFIX) and message["status"] == HTTPStatus.OK
    headers.setdefault("Cache-Control", STATIC_CACHE if is_static else "no-store")


def _log_line(scope: Scope, status: int, seconds: float) -> None:
    log = _log.debug if scope["path"].startswith(QUIET_PREFIXES) else _log.info
    log(
        "request",
        method=scope["method"],
        path=_shown_path(scope),
        status=status,
        duration_ms=round(seconds * 1000, 1),
    )


def _shown_path(scope: Scope) -> str:
    """The path holds random keys only; a query string might hold what someone searched for.

    Some paths are themselves secrets.
    """
    path: str = scope["path"]
    secret = next((prefix for prefix in SECRET_PREFIXES if path.startswith(prefix)), None)
    return path if secret is None else f"{secret}..."
