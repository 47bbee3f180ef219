"""The own account: password, second factor, and where one is signed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from app.bootstrap import Container
from app.domain.errors import (
    Conflict,
    InvalidInput,
    NotSignedIn,
    TooManyAttempts,
    VexascopeError,
)
from app.domain.message import message
from app.domain.password import MIN_LENGTH, normalised
from app.domain.sign_in import Session
from app.domain.user import User
from app.services import accounts, passwords, second_factor, sessions
from app.web.dependencies import ContainerDep, SecurityDep, UserDep
from app.web.language import gettext, translated
from app.web.pages.account_contexts import AccountPage, RecoveryCodesPage
from app.web.pages.navigation import CHALLENGE, see_other
from app.web.pages.present_account import (
    codes_left,
    password_hint,
    reset_lines,
    role_name,
    second_factor_page,
    session_rows,
)
from app.web.pages.rendering import chrome, render

router = APIRouter()

_NOTICES = {
    "password": message("The password is changed. You are signed out everywhere else."),
    "session": message("Signed out there."),
    "off": message("The second factor is off."),
}


@dataclass(frozen=True)
class _Trouble:
    """Why the page is shown again."""

    sentence: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@router.get("/account")
def show_account(
    request: Request, container: ContainerDep, user: UserDep, done: str = ""
) -> Response:
    """What holds now."""
    return _page(request, container, user, notice=_NOTICES.get(done))


@router.post("/account/password")
def change_password(
    request: Request,
    container: ContainerDep,
    security: SecurityDep,
    user: UserDep,
    old: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    repeated: Annotated[str, Form()] = "",
) -> Response:
    """Change it, once the old one is given; every other session ends."""
    try:
        passwords.refuse_external(user)
        security.confirm_password(request, user, old)
        passwords.refuse_different(password, repeated)
        with container.transactions() as transaction:
            method = _session(request).method
            passwords.change(transaction, user, password)
            transaction.audit.note("account.password", subject=f"user:{user.id}")
    except VexascopeError as error:
        return _page(request, container, user, trouble=_trouble(error))
    security.start_session(request, user, method)
    return see_other("/account?done=password")


@router.post("/account/second-factor")
def begin_second_factor(
    request: Request,
    container: ContainerDep,
    security: SecurityDep,
    user: UserDep,
    act: Annotated[str, Form()],
    password: Annotated[str, Form()] = "",
) -> Response:
    """Set it up, turn it off, or make new recovery codes, once the password is given."""
    try:
        passwords.refuse_external(user)
        security.confirm_password(request, user, password)
        match act:
            case "on":
                return _set_up(container, user)
            case "off":
                return _turn_off(container, user, password)
            case "codes":
                return _new_codes(container, user)
            case _:
                raise InvalidInput(message("There is no such act."))
    except VexascopeError as error:
        return _page(request, container, user, trouble=_trouble(error))


@router.post("/account/second-factor/confirm")
def confirm_second_factor(
    container: ContainerDep, user: UserDep, code: Annotated[str, Form()] = ""
) -> Response:
    """Ask for it from now on; answers with the recovery codes, once."""
    try:
        with container.transactions() as transaction:
            codes = second_factor.confirm(
                transaction, user, code, container.sealer, container.now()
            )
            transaction.audit.note("account.second-factor-on", subject=f"user:{user.id}")
    except InvalidInput as error:
        return _second_factor_form(container, user, translated(error.detail))
    except Conflict:
        return see_other("/account")
    return _codes(user, codes)


@router.post("/account/sessions/end")
def end_all_sessions(request: Request, container: ContainerDep, user: UserDep) -> Response:
    """Sign out everywhere, here too; tokens end with it."""
    with container.transactions() as transaction:
        sessions.end_everywhere(transaction, user.id)
    request.session.clear()
    response = see_other("/sign-in")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@router.post("/account/sessions/{session_id}/end")
def end_session(container: ContainerDep, user: UserDep, session_id: UUID) -> Response:
    """Sign out in another browser."""
    with container.transactions() as transaction:
        transaction.sessions.end(user.id, session_id)
    return see_other("/account?done=session")


def _set_up(container: Container, user: User) -> Response:
    with container.transactions() as transaction:
        second_factor.begin(transaction, user, container.sealer)
    return _second_factor_form(container, user, None)


def _turn_off(container: Container, user: User, password: str) -> Response:
    if len(normalised(password)) < MIN_LENGTH:
        raise Conflict(
            message(
                "Without a second factor your password is too short. Choose one of at least "
                "{least} characters first.",
                least=MIN_LENGTH,
            )
        )
    with container.transactions() as transaction:
        transaction.second_factors.remove(user.id)
        transaction.audit.note("account.second-factor-off", subject=f"user:{user.id}")
    return see_other("/account?done=off")


def _new_codes(container: Container, user: User) -> Response:
    with container.transactions() as transaction:
        if not second_factor.is_asked(transaction, user.id):
            raise Conflict(message("The account has no second factor."))
        codes = second_factor.renew_codes(transaction, user.id)
        transaction.audit.note("account.recovery-codes", subject=f"user:{user.id}")
    return _codes(user, codes)


def _codes(user: User, codes: tuple[str, ...]) -> Response:
    frame = chrome(gettext("Recovery codes"), user)
    return render("recovery_codes.html", RecoveryCodesPage(codes), frame)


def _second_factor_form(container: Container, user: User, error: str | None) -> Response:
    with container.transactions() as transaction:
        factor = transaction.second_factors.get(user.id)
    if factor is None or factor.confirmed_at is not None:
        return see_other("/account")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    frame = chrome(gettext("Set up a second factor"), user)
    page = second_factor_page(container.sealer.unseal(factor.secret), user, error)
    return render("second_factor.html", page, frame, status=status)


def _page(
    request: Request,
    container: Container,
    user: User,
    *,
    notice: str | None = None,
    trouble: _Trouble | None = None,
) -> Response:
    now = container.now()
    with container.transactions() as transaction:
        living = sessions.living(transaction, user, container.session_rule, now)
        has_factor = second_factor.is_asked(transaction, user.id)
        resets = accounts.resets(transaction, user)
        left = transaction.second_factors.count_codes(user.id)
        sites = [site.name for site in transaction.sites.all() if user.sees(site.id)]
    page = AccountPage(
        user_name=user.name,
        role=role_name(user.role),
        resets=reset_lines(resets),
        sites=tuple(sites),
        has_password=user.has_password,
        password_hint=password_hint(has_second_factor=has_factor),
        codes_left=codes_left(left) if has_factor else None,
        sessions=session_rows(living, getattr(request.state, "session", None), now),
        notice=translated(notice) if notice else None,
        error=trouble.sentence if trouble else None,
    )
    return render(
        "account.html",
        page,
        chrome(gettext("Your account"), user),
        status=trouble.status if trouble else HTTPStatus.OK,
        headers=trouble.headers if trouble else None,
    )


def _session(request: Request) -> Session:
    """The session of the request; raises `Conflict` where a program asks."""
    found = getattr(request.state, "session", None)
    if found is None:
        raise Conflict(message("Sign in on the page for this."))
    return cast("Session", found)


def _trouble(error: VexascopeError) -> _Trouble:
    sentence = translated(error.detail)
    if isinstance(error, NotSignedIn):
        return _Trouble(gettext("Your password is wrong."), HTTPStatus.UNAUTHORIZED, CHALLENGE)
    if isinstance(error, TooManyAttempts):
        headers = {"Retry-After": str(error.retry_after_s)}
        return _Trouble(sentence, HTTPStatus.TOO_MANY_REQUESTS, headers)
    if isinstance(error, Conflict):
        return _Trouble(sentence, HTTPStatus.CONFLICT)
    if isinstance(error, InvalidInput):
        return _Trouble(sentence, HTTPStatus.UNPROCESSABLE_ENTITY)
    raise error
