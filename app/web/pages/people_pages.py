"""Accounts of people, for administrators: made, changed, deactivated, helped back in."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from app.bootstrap import Container
from app.domain.access import Role
from app.domain.errors import InvalidInput, VexascopeError
from app.domain.message import message
from app.domain.user import User
from app.ports import Transaction
from app.services import accounts, sessions
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext, translated
from app.web.pages.password_pages import link_path
from app.web.pages.present_people import (
    PEOPLE_PATH,
    AccountForm,
    PersonView,
    people_page,
    person_page,
)
from app.web.pages.refusals import REFUSED, STATUS
from app.web.pages.rendering import chrome, render

router = APIRouter(prefix=PEOPLE_PATH)

_CHANGED = message("Saved.")
_LINK = message("Give the person this link. It is shown only now.")


@router.get("")
def list_people(container: ContainerDep, user: UserDep) -> Response:
    """Every account of a person, and the form of a new one."""
    return _list(container, user, AccountForm())


@router.post("")
def create_person(
    request: Request,
    container: ContainerDep,
    user: UserDep,
    name: Annotated[str, Form()] = "",
    full_name: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "",
    site: Annotated[list[UUID] | None, Form()] = None,
) -> Response:
    """Make an account; its page shows the link to choose a password, once."""
    form = AccountForm(name.strip(), full_name.strip(), role, frozenset(site or ()))
    try:
        new = accounts.NewAccount(form.name, form.full_name or None, _role(role), form.site_ids)
        with container.transactions() as transaction:
            made, token = accounts.create(transaction, new, container.now(), user)
    except REFUSED as error:
        return _list(container, user, form, error)
    return _person(container, user, made.id, link=_address(request, container, token), notice=_LINK)


@router.get("/{user_id}")
def show_person(container: ContainerDep, user: UserDep, user_id: UUID) -> Response:
    """One account, and what can be done with it."""
    return _person(container, user, user_id)


@router.post("/{user_id}")
def change_person(
    container: ContainerDep,
    user: UserDep,
    user_id: UUID,
    role: Annotated[str, Form()] = "",
    site: Annotated[list[UUID] | None, Form()] = None,
) -> Response:
    """Another role, other sites."""
    sites = frozenset(site or ())
    return _do(
        container,
        user,
        user_id,
        lambda transaction: accounts.change(
            transaction, user_id, _role(role), sites, by=user, local=container.local_sign_in
        ),
    )


@router.post("/{user_id}/deactivate")
def deactivate(container: ContainerDep, user: UserDep, user_id: UUID) -> Response:
    """The account signs in no longer."""
    return _do(
        container,
        user,
        user_id,
        lambda transaction: accounts.set_active(
            transaction, user_id, is_active=False, local=container.local_sign_in
        ),
    )


@router.post("/{user_id}/reactivate")
def reactivate(container: ContainerDep, user: UserDep, user_id: UUID) -> Response:
    """The account signs in again."""
    return _do(
        container,
        user,
        user_id,
        lambda transaction: accounts.set_active(
            transaction, user_id, is_active=True, local=container.local_sign_in, by=user
        ),
    )


@router.post("/{user_id}/end-sessions")
def end_sessions(container: ContainerDep, user: UserDep, user_id: UUID) -> Response:
    """Sign the person out everywhere, and end their tokens."""

    def end(transaction: Transaction) -> None:
        accounts.end_access(transaction, accounts.person(transaction, user_id))
        transaction.audit.note("account.end-sessions", subject=f"user:{user_id}")

    return _do(container, user, user_id, end)


@router.post("/{user_id}/reset-password")
def reset_password(
    request: Request, container: ContainerDep, user: UserDep, user_id: UUID
) -> Response:
    """End the password; the page shows a link to choose another, once."""
    return _reset(request, container, user, user_id, accounts.reset_password)


@router.post("/{user_id}/reset-second-factor")
def reset_second_factor(
    request: Request, container: ContainerDep, user: UserDep, user_id: UUID
) -> Response:
    """Forget a lost second factor, and end the password with it."""
    return _reset(request, container, user, user_id, accounts.reset_second_factor)


def _reset(
    request: Request,
    container: Container,
    viewer: User,
    user_id: UUID,
    reset: Callable[..., tuple[User, str]],
) -> Response:
    try:
        with container.transactions() as transaction:
            _, token = reset(transaction, user_id, container.now(), container.local_sign_in, viewer)
    except REFUSED as error:
        return _person(container, viewer, user_id, error=error)
    return _person(
        container, viewer, user_id, link=_address(request, container, token), notice=_LINK
    )


def _do(
    container: Container, viewer: User, user_id: UUID, act: Callable[[Transaction], object]
) -> Response:
    try:
        with container.transactions() as transaction:
            act(transaction)
    except REFUSED as error:
        return _person(container, viewer, user_id, error=error)
    return _person(container, viewer, user_id, notice=_CHANGED)


def _list(
    container: Container, viewer: User, form: AccountForm, error: VexascopeError | None = None
) -> Response:
    with container.transactions() as transaction:
        people, sites = accounts.people(transaction), transaction.sites.all()
    page = people_page(people, sites, viewer, form, translated(error.detail) if error else None)
    status = STATUS[type(error)] if error else HTTPStatus.OK
    frame = chrome(gettext("People"), viewer)
    return render("administration_people.html", page, frame, status=status)


def _person(
    container: Container,
    viewer: User,
    user_id: UUID,
    *,
    link: str | None = None,
    notice: str | None = None,
    error: VexascopeError | None = None,
) -> Response:
    with container.transactions() as transaction:
        state = accounts.state_of(transaction, user_id)
        rule, now = container.session_rule, container.now()
        living = sessions.living(transaction, state.user, rule, now)
        sites = transaction.sites.all()
    view = PersonView(
        state=state,
        sites=sites,
        session_count=len(living),
        viewer=viewer,
        link=link,
        notice=translated(notice) if notice else None,
        error=translated(error.detail) if error else None,
    )
    status = STATUS[type(error)] if error else HTTPStatus.OK
    frame = chrome(state.user.name, viewer)
    return render("administration_person.html", person_page(view), frame, status=status)


def _address(request: Request, container: Container, token: str) -> str:
    server = container.settings.public_url or str(request.base_url)
    return f"{server.rstrip('/')}{link_path(token)}"


def _role(value: str) -> Role:
    if value not in set(Role):
        raise InvalidInput(message("Choose a role."))
    return Role(value)
