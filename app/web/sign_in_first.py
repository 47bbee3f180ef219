"""Who is there, asked before the body is read.

The framework reads and parses a body before it runs the dependencies of a route. Without this, a
stranger could fill the memory with a body that is refused only afterwards.
"""

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.errors import VexascopeError
from app.web.dependencies import current_user
from app.web.errors import explain
from app.web.language import chosen_language, use_language
from app.web.security import SAFE_METHODS

OPEN_PREFIXES = ("/health/", "/static/", "/sign-in", "/sign-out", "/language", "/demonstration/")


class SignInFirst:
    """Refuse a stranger's request unread; each route still asks by itself who is there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the account for the route, or answer; it needs the session around it."""
        if scope["type"] != "http" or not _asks_who(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            user = await run_in_threadpool(current_user, request)
            request.state.user = user
            if user.language:
                # A system has no session: its account's choice is known only now.
                use_language(chosen_language(user.language, ""))
        except VexascopeError as error:
            # The server throws away what still comes of the body.
            await explain(request, error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _asks_who(scope: Scope) -> bool:
    """The whole API, and what changes something on the pages; their GETs take no body."""
    path: str = scope["path"]
    if path.startswith("/api/"):
        return True
    return scope["method"] not in SAFE_METHODS and not path.startswith(OPEN_PREFIXES)
