"""Where a request comes from: which site's page, which address and browser, a person or a page."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from fastapi import Request

from app.domain.errors import Forbidden
from app.domain.message import message
from app.services.sessions import Browser

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# One line of a provider's has as many addresses of IPv6 as it likes below these bits (RFC 6177).
OWN_BITS = 64


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


def network_of(request: Request) -> str:
    """Whose address it is, for counts: of IPv6 the network, in which a stranger has every one."""
    address = address_of(request)
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or IPv6Network((int(found), OWN_BITS), strict=False))


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
