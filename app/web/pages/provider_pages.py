"""To the sign-in provider and back."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.domain.errors import Forbidden, NotSignedIn
from app.domain.sign_in import Method
from app.web.dependencies import ContainerDep, SecurityDep, UserDep
from app.web.pages.navigation import CHALLENGE, HOME, local_path, see_other
from app.web.pages.sign_in_pages import sign_in_form
from app.web.provider import Returned
from app.web.security import Security

router = APIRouter()

Wanted = Annotated[str, Query(alias="next")]


@router.get("/sign-in/provider")
def go_to_provider(request: Request, security: SecurityDep, wanted: Wanted = "") -> Response:
    """Leave for the provider."""
    return _leave(request, security, wanted, again=False)


@router.get("/sign-in/provider/again")
def prove_again(
    request: Request, security: SecurityDep, _user: UserDep, wanted: Wanted = ""
) -> Response:
    """Leave for the provider, which asks once more who it is: before a signature."""
    return _leave(request, security, wanted, again=True)


@router.get("/sign-in/provider/back")
def come_back(request: Request, container: ContainerDep, security: SecurityDep) -> Response:
    """Start a session, or note the proof that a signature needs."""
    try:
        returned = security.provider.come_back(request, request.query_params)
        user = None if returned.again else security.provider.admit(request, returned)
    except NotSignedIn as error:
        # Not the way of other pages, which would lead to the sign-in and from there back here.
        return sign_in_form(container, "", "", error.detail, HTTPStatus.UNAUTHORIZED, CHALLENGE)
    if user is None:
        _confirm(request, security, returned)
    else:
        security.start_session(request, user, Method.PROVIDER)
    return see_other(local_path(returned.next) or HOME)


def _confirm(request: Request, security: Security, returned: Returned) -> None:
    user = security.user_of(request)
    try:
        security.provider.confirm(returned, user, request.state.session)
    except NotSignedIn as error:
        # The session goes on; only the proof was none.
        raise Forbidden(error.detail) from error


@router.get("/sign-out/provider")
def sign_out_at_provider(request: Request, security: SecurityDep) -> Response:
    """Leave for the provider's own page of signing out, if it has one."""
    return RedirectResponse(security.provider.sign_out_url(request) or "/sign-in", 303)


def _leave(request: Request, security: Security, wanted: str, *, again: bool) -> Response:
    address = security.provider.leave(request, local_path(wanted) or "", again=again)
    return RedirectResponse(address, 303)
