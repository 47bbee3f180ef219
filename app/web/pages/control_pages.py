"""Control slides: sets that are read every day, and how they stand."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from app.bootstrap import Container
from app.domain.errors import Conflict, InvalidInput, NotFound, VexascopeError
from app.domain.user import User
from app.services.controlling import begin_control, begin_due, control_standings
from app.services.freezing import freeze_cases
from app.services.standing import active_digest
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext, translated
from app.web.pages.done import DoneDep
from app.web.pages.navigation import see_other
from app.web.pages.present_controls import CONTROLS_PATH, controls_page
from app.web.pages.rendering import chrome, render
from app.web.pages.set_names import lines

router = APIRouter(prefix=CONTROLS_PATH)

Text = Annotated[str, Form()]


@router.get("")
def show_controls(container: ContainerDep, user: UserDep, done: DoneDep) -> Response:
    """Each set, its runs, and the form for a new one."""
    return _page(container, user, {}, None, done)


@router.post("")
def freeze_set(
    container: ContainerDep, user: UserDep, name: Text = "", cases: Text = ""
) -> Response:
    """Copy the cells of cases into a set that is read every day, from now on."""
    form, now = {"name": name, "cases": cases}, container.now()
    try:
        with container.transactions() as transaction:
            freeze_cases(
                transaction,
                name,
                lines(cases),
                user.printed_name,
                now,
                site_ids=user.site_ids,
                is_daily=True,
            )
            begin_due(transaction, active_digest(transaction, container.default_digest), now)
    except (Conflict, InvalidInput, NotFound) as error:
        return _page(container, user, form, error)
    return see_other(f"{CONTROLS_PATH}?done=frozen")


@router.post("/{set_id}/run")
def run_set(container: ContainerDep, user: UserDep, set_id: UUID) -> Response:
    """Read a set with the active bundle, now."""
    with container.transactions() as transaction:
        digest = active_digest(transaction, container.default_digest)
        begin_control(transaction, set_id, digest, user.printed_name, container.now())
    return see_other(f"{CONTROLS_PATH}?done=read#set-{set_id}")


@router.post("/{set_id}/retire")
def retire_set(container: ContainerDep, set_id: UUID) -> Response:
    """Read a set no more; its runs are kept."""
    with container.transactions() as transaction:
        fixed = transaction.controls.get_set(set_id)
        transaction.controls.put_set(replace(fixed, retired_at=container.now()))
        transaction.audit.note("control.retire", subject=f"control:{set_id}")
    return see_other(f"{CONTROLS_PATH}?done=retired")


def _page(
    container: Container,
    user: User,
    form: dict[str, str],
    error: VexascopeError | None,
    done: str | None = None,
) -> Response:
    now = container.now()
    with container.transactions() as transaction:
        standings = control_standings(transaction, now)
        digests = {run.digests[0] for item in standings for run in item.runs}
        titles = {digest: transaction.bundles.get(digest).manifest.title for digest in digests}
    told = translated(error.detail) if error else None
    page = replace(controls_page(standings, titles, form, told, now), done=done)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render("controls.html", page, chrome(gettext("Control slides"), user), status=status)
