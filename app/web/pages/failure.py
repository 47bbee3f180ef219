"""Failures, told to people: what went wrong and where to go from here."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request, Response

from app.web.language import translated
from app.web.pages.contexts import FailurePage
from app.web.pages.navigation import see_other, sign_in_address
from app.web.pages.rendering import chrome, render


def failure_page(
    request: Request, status: int, title: str, detail: str, headers: Mapping[str, str]
) -> Response:
    """Answer a failed request of a person; one who is not signed in is sent to sign in."""
    is_fragment = request.headers.get("hx-request") == "true"
    if status == HTTPStatus.UNAUTHORIZED:
        address = sign_in_address(request)
        # A redirect of a fragment's request would put the sign-in form into the fragment.
        if is_fragment:
            return Response(headers={"HX-Redirect": address})
        return see_other(address)
    title = translated(title)
    page = FailurePage(
        status=status,
        title=title,
        detail=translated(detail),
        request_id=getattr(request.state, "request_id", ""),
    )
    return render(
        "failure.html", page, chrome(title, user=None), status=status, headers=dict(headers)
    )
