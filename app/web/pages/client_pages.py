"""The pages of API clients: made, given keys, changed and switched off."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from app.bootstrap import Container
from app.domain.access import Scope
from app.domain.client import ApiClient
from app.domain.errors import InvalidInput, VexascopeError
from app.domain.message import message
from app.domain.site import Site
from app.domain.user import User
from app.services import clients
from app.services.clients import ClientChange, NewClient
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext, translated
from app.web.pages.navigation import see_other
from app.web.pages.present_clients import (
    CLIENTS_PATH,
    ClientForm,
    client_page,
    client_path,
    clients_page,
)
from app.web.pages.refusals import REFUSED, STATUS
from app.web.pages.rendering import chrome, render

router = APIRouter(prefix=CLIENTS_PATH)

Texts = Annotated[list[str], Form()]
Text = Annotated[str, Form()]


@router.get("")
def show_clients(container: ContainerDep, user: UserDep) -> Response:
    """Every client, and the form for a new one."""
    return _list(container, user)


@router.post("")
def create_client(
    container: ContainerDep,
    user: UserDep,
    name: Text = "",
    days: Text = "",
    subject: Text = "",
    scopes: Texts = [],  # noqa: B006 - the framework copies it
    site_ids: Texts = [],  # noqa: B006
) -> Response:
    """Make a client and show its key, this once; or say on the form why not."""
    form = ClientForm(name.strip(), days.strip(), subject.strip(), scopes, site_ids)
    try:
        new = NewClient(
            form.name, _scopes(scopes), _sites(site_ids), _number(days), form.subject or None
        )
        with container.transactions() as transaction:
            client, key = clients.create_client(transaction, new, user, container.now())
            sites = transaction.sites.all()
    except REFUSED as problem:
        return _list(container, user, form, problem)
    return _shown(container, user, client, sites, new_key=key)


@router.get("/{client_id}")
def show_client(
    container: ContainerDep, user: UserDep, client_id: UUID, *, saved: bool = False
) -> Response:
    """One client."""
    with container.transactions() as transaction:
        client, sites = transaction.clients.get(client_id), transaction.sites.all()
    return _shown(container, user, client, sites, saved=saved)


@router.post("/{client_id}")
def change_client(
    container: ContainerDep,
    user: UserDep,
    client_id: UUID,
    subject: Text = "",
    scopes: Texts = [],  # noqa: B006 - the framework copies it
    site_ids: Texts = [],  # noqa: B006
) -> Response:
    """Write scopes, sites and the name at the identity provider."""
    try:
        change = ClientChange(_scopes(scopes), _sites(site_ids), subject=subject.strip())
        with container.transactions() as transaction:
            client = clients.held(transaction, client_id)
            clients.change_client(transaction, client, change, user)
    except REFUSED as problem:
        return _trouble(container, user, client_id, problem)
    return see_other(f"{client_path(client_id)}?saved=true")


@router.post("/{client_id}/switch")
def switch_client(
    container: ContainerDep, user: UserDep, client_id: UUID, on: Text = ""
) -> Response:
    """Switch it off, or on again."""
    with container.transactions() as transaction:
        client = clients.held(transaction, client_id)
        clients.change_client(transaction, client, ClientChange(is_active=on == "yes"), user)
    return see_other(f"{client_path(client_id)}?saved=true")


@router.post("/{client_id}/rotate")
def rotate_key(
    container: ContainerDep,
    user: UserDep,
    client_id: UUID,
    days: Text = "",
    overlap_hours: Text = "",
) -> Response:
    """Make a new key and show it, this once."""
    try:
        lasting, overlap = _number(days), _number(overlap_hours)
        with container.transactions() as transaction:
            client = clients.held(transaction, client_id)
            key, _ = clients.rotate_key(
                transaction, client, user, container.now(), days=lasting, overlap_hours=overlap
            )
            client, sites = transaction.clients.get(client_id), transaction.sites.all()
    except REFUSED as problem:
        return _trouble(container, user, client_id, problem)
    return _shown(container, user, client, sites, new_key=key)


@router.post("/{client_id}/revoke")
def revoke_key(container: ContainerDep, client_id: UUID, prefix: Text = "") -> Response:
    """End one key at once."""
    with container.transactions() as transaction:
        client = clients.held(transaction, client_id)
        clients.revoke_keys(transaction, client, container.now(), prefix)
    return see_other(f"{client_path(client_id)}?saved=true")


def _list(
    container: Container,
    user: User,
    form: ClientForm | None = None,
    problem: VexascopeError | None = None,
) -> Response:
    with container.transactions() as transaction:
        found, sites = transaction.clients.all(), transaction.sites.all()
    error = translated(problem.detail) if problem else None
    page = clients_page(found, sites, user, container.now(), form, error)
    status = STATUS[type(problem)] if problem else HTTPStatus.OK
    return render("clients.html", page, chrome(gettext("API clients"), user), status=status)


def _trouble(
    container: Container, user: User, client_id: UUID, problem: VexascopeError
) -> Response:
    with container.transactions() as transaction:
        client, sites = transaction.clients.get(client_id), transaction.sites.all()
    page = client_page(client, sites, user, container.now(), error=translated(problem.detail))
    return render("client.html", page, chrome(client.name, user), status=STATUS[type(problem)])


def _shown(
    container: Container,
    user: User,
    client: ApiClient,
    sites: Iterable[Site],
    *,
    new_key: str | None = None,
    saved: bool = False,
) -> Response:
    page = client_page(client, list(sites), user, container.now(), new_key=new_key, saved=saved)
    return render("client.html", page, chrome(client.name, user))


def _scopes(chosen: Iterable[str]) -> frozenset[Scope]:
    known = {scope.value for scope in Scope}
    return frozenset(Scope(item) for item in chosen if item in known)


def _sites(chosen: Iterable[str]) -> frozenset[UUID]:
    try:
        return frozenset(UUID(item) for item in chosen)
    except ValueError as error:
        raise InvalidInput(message("Choose at least one of the sites that there are.")) from error


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InvalidInput(message("Give days and hours as whole numbers.")) from error
