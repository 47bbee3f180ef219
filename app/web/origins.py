"""Where a request comes from: which site's page, which address and browser, a person or a page."""

from fastapi import Request

from app.domain.errors import Forbidden
from app.domain.message import message
from app.services.sessions import Browser

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def refuse_cross_site(request: Request) -> None:
    """Refuse a change that another site's page caused in the browser of someone signed in.

    Browsers say where a request comes from (Fetch Metadata); older ones send the origin.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    if site in {"same-origin", "none"}:
        return
    origin = request.headers.get("origin")
    if site is None and (origin is None or origin.partition("://")[2] == request.url.netloc):
        return
    raise Forbidden(
        message("The request came from another site's page. Use the product's own pages.")
    )


def address_of(request: Request) -> str:
    """The network address that asks; behind a proxy that is trusted, the one that it names."""
    return request.client.host if request.client else ""


def browser_of(request: Request) -> Browser:
    """What is kept of where somebody signed in."""
    return Browser(address_of(request), request.headers.get("user-agent", ""))


def is_act(request: Request) -> bool:
    """Whether a person did something: opened a page, or changed something.

    What a page asks for by itself, again and again, is none, or no session would ever be idle.
    Work at a page without any request tells `/session/alive`.
    """
    if request.method not in SAFE_METHODS:
        return True
    mode = request.headers.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    is_fragment = "hx-request" in request.headers
    return "text/html" in request.headers.get("accept", "") and not is_fragment
