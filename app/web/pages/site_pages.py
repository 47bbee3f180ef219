"""Sites, for administrators: added, renamed, closed to new cases."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from app.bootstrap import Container
from app.domain.user import User
from app.ports import Transaction
from app.services import sites
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext, translated
from app.web.pages.navigation import see_other
from app.web.pages.present_people import SITES_PATH, sites_page
from app.web.pages.refusals import REFUSED, STATUS
from app.web.pages.rendering import chrome, render

router = APIRouter(prefix=SITES_PATH)


@router.get("")
def list_sites(container: ContainerDep, user: UserDep, *, saved: bool = False) -> Response:
    """Every site."""
    return _page(container, user, notice=gettext("Saved.") if saved else None)


@router.post("")
def add_site(container: ContainerDep, user: UserDep, name: Annotated[str, Form()] = "") -> Response:
    """A new site."""
    return _do(
        container,
        user,
        lambda transaction: sites.add_site(transaction, name.strip(), container.now(), user),
    )


@router.post("/{site_id}")
def rename_site(
    container: ContainerDep, user: UserDep, site_id: UUID, name: Annotated[str, Form()] = ""
) -> Response:
    """Another name."""
    return _do(
        container,
        user,
        lambda transaction: sites.rename_site(transaction, site_id, name.strip(), user),
    )


@router.post("/{site_id}/deactivate")
def deactivate_site(container: ContainerDep, user: UserDep, site_id: UUID) -> Response:
    """No new cases from now on."""
    return _do(
        container,
        user,
        lambda transaction: sites.set_site_active(transaction, site_id, user, is_active=False),
    )


@router.post("/{site_id}/reactivate")
def reactivate_site(container: ContainerDep, user: UserDep, site_id: UUID) -> Response:
    """New cases again."""
    return _do(
        container,
        user,
        lambda transaction: sites.set_site_active(transaction, site_id, user, is_active=True),
    )


def _do(container: Container, user: User, act: Callable[[Transaction], object]) -> Response:
    try:
        with container.transactions() as transaction:
            act(transaction)
    except REFUSED as error:
        status = STATUS[type(error)]
        return _page(container, user, error=translated(error.detail), status=status)
    return see_other(f"{SITES_PATH}?saved=true")


def _page(
    container: Container,
    user: User,
    *,
    notice: str | None = None,
    error: str | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    with container.transactions() as transaction:
        found = transaction.sites.all()
    page = sites_page(found, user, notice, error)
    return render("administration_sites.html", page, chrome(gettext("Sites"), user), status=status)
