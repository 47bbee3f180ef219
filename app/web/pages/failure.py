"""Failures, told to people: what went wrong and where to go from here."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request, Response

from app.web.language import translated
from app.web.pages.contexts import FailurePage
from app.web.pages.navigation import see_other, sign_in_address
from app.web.pages.rendering import chrome, render

# `static/session.js` hears it, and asks to sign in again.
SESSION_OVER = "session-over"


def failure_page(
    request: Request, status: int, title: str, detail: str, headers: Mapping[str, str]
) -> Response:
    """Answer a failed request of a person; one who is not signed in is sent to sign in."""
    is_fragment = request.headers.get("hx-request") == "true"
    if status == HTTPStatus.UNAUTHORIZED:
        # The page around a fragment stays: what was typed on it would be lost.
        if is_fragment:
            return Response(status_code=status, headers={**headers, "HX-Trigger": SESSION_OVER})
        return see_other(sign_in_address(request))
    title = translated(title)
    page = FailurePage(
        status=status,
        title=title,
        detail=translated(detail),
        request_id=getattr(request.state, "request_id", ""),
    )
    # Who is known keeps the ways to all other pages.
    frame = chrome(title, getattr(request.state, "user", None))
    return render("failure.html", page, frame, status=status, headers=dict(headers))
