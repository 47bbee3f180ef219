"""Signing in and out, and the link of the demonstration."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response

from app.bootstrap import Container
from app.domain.errors import NotSignedIn, TooManyAttempts
from app.domain.sign_in import Method
from app.domain.user import User
from app.services import accounts
from app.web.dependencies import ContainerDep, SecurityDep, UserDep
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
def show_sign_in(
    container: ContainerDep,
    wanted: Annotated[str, Query(alias="next")] = "",
    *,
    provider: bool = False,
) -> Response:
    """The empty form; after a session of the provider's, with the way to end it there too."""
    return sign_in_form(container, "", wanted, offers_sign_out=provider)


@router.post("/sign-in")
def sign_in(
    request: Request,
    container: ContainerDep,
    security: SecurityDep,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    wanted: Annotated[str, Form(alias="next")] = "",
) -> Response:
    """Start a session, or say on the form why not."""
    try:
        user = security.sign_in(request, name.strip(), password)
    except NotSignedIn as error:
        return sign_in_form(
            container, name, wanted, error.detail, HTTPStatus.UNAUTHORIZED, CHALLENGE
        )
    except TooManyAttempts as error:
        headers = {"Retry-After": str(error.retry_after_s)}
        return sign_in_form(
            container, name, wanted, error.detail, HTTPStatus.TOO_MANY_REQUESTS, headers
        )
    if user is None:
        return see_other(with_next("/sign-in/code", wanted))
    return _let_in(request, container, security, user, wanted)


@router.get("/sign-in/code")
def show_code(request: Request, wanted: Annotated[str, Query(alias="next")] = "") -> Response:
    """Asks for the code of the second factor, once the password was right."""
    if not is_waiting(request):
        return see_other(with_next("/sign-in", wanted))
    return _code_form(wanted)


@router.post("/sign-in/code")
def give_code(
    request: Request,
    container: ContainerDep,
    security: SecurityDep,
    code: Annotated[str, Form()] = "",
    wanted: Annotated[str, Form(alias="next")] = "",
) -> Response:
    """Start the session, or say on the form why not."""
    try:
        user = security.finish_sign_in(request, code)
    except NotSignedIn as error:
        if not is_waiting(request):
            return sign_in_form(
                container, "", wanted, error.detail, HTTPStatus.UNAUTHORIZED, CHALLENGE
            )
        return _code_form(wanted, error.detail, HTTPStatus.UNAUTHORIZED, CHALLENGE)
    except TooManyAttempts as error:
        headers = {"Retry-After": str(error.retry_after_s)}
        return _code_form(wanted, error.detail, HTTPStatus.TOO_MANY_REQUESTS, headers)
    return _let_in(request, container, security, user, wanted)


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
    ended = security.sign_out(request)
    came_from_provider = ended is not None and ended.method is Method.PROVIDER
    response = see_other("/sign-in?provider=true" if came_from_provider else "/sign-in")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@router.get("/demonstration/{token}")
def sign_in_to_demonstration(
    request: Request,
    container: ContainerDep,
    security: SecurityDep,
    token: str,
    case: UUID | None = None,
) -> Response:
    """Sign in by the link that the demonstration prints, and lead to its report."""
    try:
        security.sign_in_to_demonstration(request, token)
    except NotSignedIn as error:
        return sign_in_form(container, "", "", error.detail, HTTPStatus.UNAUTHORIZED, CHALLENGE)
    target = f"{case_path(case)}/report" if case else HOME
    return see_other(target)


def _let_in(
    request: Request, container: Container, security: Security, user: User, wanted: str
) -> Response:
    response = see_other(local_path(wanted) or _first_page(container, user))
    security.remember_browser(request, response, user)
    return response


def _first_page(container: Container, user: User) -> str:
    """After a reset the page that says who did it."""
    with container.transactions() as transaction:
        return "/account" if accounts.is_first_since_reset(transaction, user) else HOME


def _code_form(
    wanted: str,
    error: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    page = SignInCodePage(next=local_path(wanted) or "", error=translated(error or "") or None)
    frame = chrome(gettext("Second factor"), user=None)
    return render("sign_in_code.html", page, frame, status=status, headers=headers)


def sign_in_form(
    container: Container,
    name: str,
    wanted: str,
    error: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    *,
    offers_sign_out: bool = False,
) -> Response:
    """The form, with what was typed and why it is shown again."""
    settings = container.settings
    back = local_path(wanted) or ""
    page = SignInPage(
        name=name,
        next=back,
        error=translated(error or "") or None,
        provider_path=with_next("/sign-in/provider", back) if settings.oidc_issuer else None,
        is_local=settings.local_sign_in,
        has_break_glass=settings.break_glass_account is not None,
        offers_sign_out=offers_sign_out and settings.oidc_issuer is not None,
    )
    frame = chrome(gettext("Sign in"), user=None)
    return render("sign_in.html", page, frame, status=status, headers=headers)
