"""Where a sign-in leads back to: a path of this product, never another site's address."""

from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse

HOME = "/cases"
# With a form that asks for a password again. Not "Basic": the browser would ask in a window of its
# own, over the page.
CHALLENGE = {"WWW-Authenticate": 'Form realm="Vexascope"'}


def see_other(path: str) -> RedirectResponse:
    """Go on to a page of this site, by GET."""
    return RedirectResponse(path, 303)


def local_path(value: str | None) -> str | None:
    r"""The value if it is a path (and query) of this site, else None.

    Browsers read ``//host``, ``/\host`` and a path with a tab or line break in it as another
    site's address, so these are refused too.
    """
    if not value or not value.startswith("/") or value.startswith("//"):
        return None
    if "\\" in value or not value.isprintable():
        return None
    return value


def sign_in_address(request: Request) -> str:
    """The sign-in page, which leads back to what was asked for."""
    return with_next("/sign-in", _wanted(request))


def with_next(path: str, wanted: str) -> str:
    """A page of the sign-in, which leads back to a page of this site; without one, to the first."""
    back = local_path(wanted)
    if back is None or back in {"/", HOME}:
        return path
    return f"{path}?next={quote(back, safe='/')}"


def _wanted(request: Request) -> str:
    # A fragment's own address is no page to come back to; htmx names the page around it.
    address = urlsplit(request.headers.get("hx-current-url", "") or str(request.url))
    return f"{address.path}?{address.query}" if address.query else address.path
