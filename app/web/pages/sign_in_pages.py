"""Signing in and out, and the link of the demonstration."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response

from app.domain.errors import NotSignedIn, TooManyAttempts
from app.domain.user import User
from app.web.dependencies import SecurityDep, UserDep
from app.web.language import gettext, translated
from app.web.pages.account_contexts import SignedInAgainPage, SignInCodePage
from app.web.pages.contexts import SignInPage
from app.web.pages.navigation import CHALLENGE, HOME, local_path, see_other, with_next
from app.web.pages.present import case_path
from app.web.pages.rendering import chrome, render
from app.web.second_step import is_waiting
from app.web.security import Security

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
        user = security.sign_in(request, name.strip(), password)
    except NotSignedIn as error:
        return _form(name, wanted, error.detail, HTTPStatus.UNAUTHORIZED, CHALLENGE)
    except TooManyAttempts as error:
        headers = {"Retry-After": str(error.retry_after_s)}
        return _form(name, wanted, error.detail, HTTPStatus.TOO_MANY_REQUESTS, headers)
    if user is None:
        return see_other(with_next("/sign-in/code", wanted))
    return _let_in(request, security, user, wanted)


@router.get("/sign-in/code")
def show_code(request: Request, wanted: Annotated[str, Query(alias="next")] = "") -> Response:
    """Asks for the code of the second factor, once the password was right."""
    if not is_waiting(request):
        return see_other(with_next("/sign-in", wanted))
    return _code_form(wanted)


@router.post("/sign-in/code")
def give_code(
    request: Request,
    security: SecurityDep,
    code: Annotated[str, Form()] = "",
    wanted: Annotated[str, Form(alias="next")] = "",
) -> Response:
    """Start the session, or say on the form why not."""
    try:
        user = security.finish_sign_in(request, code)
    except NotSignedIn as error:
        if not is_waiting(request):
            return _form("", wanted, error.detail, HTTPStatus.UNAUTHORIZED, CHALLENGE)
        return _code_form(wanted, error.detail, HTTPStatus.UNAUTHORIZED, CHALLENGE)
    except TooManyAttempts as error:
        headers = {"Retry-After": str(error.retry_after_s)}
        return _code_form(wanted, error.detail, HTTPStatus.TOO_MANY_REQUESTS, headers)
    return _let_in(request, security, user, wanted)


@router.post("/session/alive", status_code=204)
def stay_signed_in() -> None:
    """The person works at a page that asks for nothing; the guard has noted the act."""


@router.get("/session/back")
def show_signed_in_again(user: UserDep) -> Response:
    """Ends a window that was opened to sign in again; the page before it goes on."""
    page = SignedInAgainPage(user_name=user.name)
    return render("signed_in_again.html", page, chrome(gettext("Signed in again"), user))


@router.post("/sign-out")
def sign_out(request: Request, security: SecurityDep) -> Response:
    """End the session; nobody needs to be signed in for it.

    Pictures of cells leave the browser's cache with it, over HTTPS and on this computer itself:
    browsers obey the header only there.
    """
    security.sign_out(request)
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


def _let_in(request: Request, security: Security, user: User, wanted: str) -> Response:
    response = see_other(local_path(wanted) or HOME)
    security.remember_browser(request, response, user)
    return response


def _code_form(
    wanted: str,
    error: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    page = SignInCodePage(next=local_path(wanted) or "", error=translated(error or "") or None)
    frame = chrome(gettext("Second factor"), user=None)
    return render("sign_in_code.html", page, frame, status=status, headers=headers)


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
