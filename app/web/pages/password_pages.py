"""Choosing a password by a link of one use: no mail carries it, an administrator hands it on."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response

from app.bootstrap import Container
from app.domain.errors import InvalidInput
from app.services import passwords, second_factor
from app.web.dependencies import ContainerDep
from app.web.language import gettext, translated
from app.web.origins import refuse_cross_site
from app.web.pages.account_contexts import ChoosePasswordPage
from app.web.pages.navigation import see_other
from app.web.pages.present_account import password_hint
from app.web.pages.rendering import chrome, render

router = APIRouter()


def link_path(token: str) -> str:
    """The page behind a link."""
    return f"/choose-password/{quote(token, safe='')}"


@router.get("/choose-password/{token}")
def show_choose_password(container: ContainerDep, token: str) -> Response:
    """The form; `NotFound` where the link is used up or expired."""
    return _form(container, token)


@router.post("/choose-password/{token}")
def choose_password(
    request: Request,
    container: ContainerDep,
    token: str,
    password: Annotated[str, Form()] = "",
    repeated: Annotated[str, Form()] = "",
) -> Response:
    """Set it; then the person signs in with it."""
    refuse_cross_site(request)
    try:
        passwords.refuse_different(password, repeated)
        with container.transactions() as transaction:
            user = passwords.choose_by_link(transaction, token, password, container.now())
            # Whoever holds the link: the administrator who made it may have opened it.
            transaction.audit.note(
                "account.password", subject=f"user:{user.id}", after={"by": "link"}
            )
    except InvalidInput as error:
        return _form(container, token, translated(error.detail))
    request.session.clear()
    return see_other("/sign-in")


def _form(container: Container, token: str, error: str | None = None) -> Response:
    with container.transactions() as transaction:
        user = passwords.user_of_link(transaction, token, container.now())
        has_factor = second_factor.is_asked(transaction, user.id)
    page = ChoosePasswordPage(
        path=link_path(token),
        user_name=user.name,
        hint=password_hint(has_second_factor=has_factor),
        error=error,
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    frame = chrome(gettext("Choose a password"), None)
    return render("choose_password.html", page, frame, status=status)
