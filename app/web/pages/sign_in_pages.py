"""Signing in and out, and the link of the demonstration."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response

from app.domain.errors import NotSignedIn, TooManyAttempts
from app.web.dependencies import SecurityDep
from app.web.language import gettext, translated
from app.web.pages.contexts import SignInPage
from app.web.pages.navigation import CHALLENGE, HOME, local_path, see_other
from app.web.pages.present import case_path
from app.web.pages.rendering import chrome, render
from app.web.security import refuse_cross_site

router = APIRouter()


@router.get("/sign-in")
def show_sign_in(wanted: Annotated[str, Query(alias="next")] = "") -> Response:
    """The empty form."""
    return _form("", wanted)


@router.post("/sign-in")
def sign_in(
    request: Request,
    security: SecurityDep,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    wanted: Annotated[str, Form(alias="next")] = "",
) -> Response:
    """Start a session, or say on the form why not."""
    try:
        security.sign_in(request, name.strip(), password)
    except NotSignedIn as error:
        return _form(name, wanted, error.detail, HTTPStatus.UNAUTHORIZED, CHALLENGE)
    except TooManyAttempts as error:
        headers = {"Retry-After": str(error.retry_after_s)}
        return _form(name, wanted, error.detail, HTTPStatus.TOO_MANY_REQUESTS, headers)
    return see_other(local_path(wanted) or HOME)


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session; nobody needs to be signed in for it.

    Pictures of cells leave the browser's cache with it, over HTTPS and on this computer itself:
    browsers obey the header only there.
    """
    refuse_cross_site(request)
    request.session.clear()
    response = see_other("/sign-in")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@router.get("/demonstration/{token}")
def sign_in_to_demonstration(
    request: Request, security: SecurityDep, token: str, case: UUID | None = None
) -> Response:
    """Sign in by the link that the demonstration prints, and lead to its report."""
    try:
        security.sign_in_to_demonstration(request, token)
    except NotSignedIn as error:
        return _form("", "", error.detail, HTTPStatus.UNAUTHORIZED, CHALLENGE)
    target = f"{case_path(case)}/report" if case else HOME
    return see_other(target)


def _form(
    name: str,
    wanted: str,
    error: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    page = SignInPage(
        name=name, next=local_path(wanted) or "", error=translated(error or "") or None
    )
    frame = chrome(gettext("Sign in"), user=None)
    return render("sign_in.html", page, frame, status=status, headers=headers)
