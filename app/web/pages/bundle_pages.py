"""The bundles: what is installed, activating one, one in shadow, and what they were made of."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Path, Response

from app.bootstrap import Container
from app.domain.control import RunKind, SetRun
from app.domain.errors import Conflict, InvalidInput, NotFound, VexascopeError
from app.domain.message import message
from app.domain.user import User
from app.ports import Transaction
from app.services.shadowing import shadow_comparison
from app.services.switching import (
    Switcher,
    activate,
    begin_shadow,
    end_shadow,
    shadow_digest,
)
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext, translated
from app.web.pages.bundle_contexts import CardPage, ShadowPage
from app.web.pages.done import DoneDep
from app.web.pages.navigation import see_other
from app.web.pages.present_bundles import bundle_text
from app.web.pages.present_installed import BUNDLES_PATH, Known, SwitchForm, bundles_page
from app.web.pages.present_measured import measured_part
from app.web.pages.rendering import chrome, render
from app.web.pages.set_names import accessions_of

router = APIRouter(prefix=BUNDLES_PATH)

Text = Annotated[str, Form()]
Digest = Annotated[str, Path(max_length=64)]
# Enough to find the latest run of each bundle that was active of late.
RUNS_LOOKED_AT = 200


@router.get("")
def show_bundles(container: ContainerDep, user: UserDep, done: DoneDep) -> Response:
    """What is installed, what runs, and the forms to switch."""
    return _page(container, user, SwitchForm(), done=done)


@router.post("/activate")
def activate_bundle(
    container: ContainerDep,
    user: UserDep,
    digest: Annotated[str, Form(alias="activate-digest")] = "",
    reason: Annotated[str, Form(alias="activate-reason")] = "",
) -> Response:
    """Let a bundle read what comes from now on, in every process."""
    default = container.default_digest
    try:
        candidate = container.candidate(digest)
        with container.transactions() as transaction:
            activate(transaction, candidate, _by(user), reason, default, container.now())
    except (Conflict, InvalidInput) as error:
        return _refused(container, user, digest, reason, error)
    container.active.forget()
    return see_other(f"{BUNDLES_PATH}?done=activated")


@router.post("/shadow")
def put_in_shadow(
    container: ContainerDep,
    user: UserDep,
    digest: Annotated[str, Form(alias="shadow-digest")] = "",
    reason: Annotated[str, Form(alias="shadow-reason")] = "",
) -> Response:
    """Let a bundle read, unseen, what the active one reads from now on."""
    default = container.default_digest
    try:
        candidate = container.candidate(digest)
        with container.transactions() as transaction:
            begin_shadow(transaction, candidate, _by(user), reason, default, container.now())
    except (Conflict, InvalidInput) as error:
        return _refused(container, user, digest, reason, error)
    return see_other(f"{BUNDLES_PATH}?done=in-shadow")


@router.post("/shadow/end")
def end_the_shadow(
    container: ContainerDep,
    user: UserDep,
    reason: Annotated[str, Form(alias="end-reason")] = "",
) -> Response:
    """Let no bundle read in shadow any more."""
    try:
        with container.transactions() as transaction:
            end_shadow(transaction, _by(user), reason, container.now())
    except (Conflict, InvalidInput) as error:
        return _refused(container, user, "", reason, error)
    return see_other(f"{BUNDLES_PATH}?done=shadow-ended")


@router.get("/shadow")
def show_shadow(container: ContainerDep, user: UserDep) -> Response:
    """The bundle in shadow beside the active one, on the cells that both have read."""
    with container.transactions() as transaction:
        digest = shadow_digest(transaction)
        page = ShadowPage(None, None)
        if digest is not None:
            active, shadow = container.bundle, transaction.bundles.get(digest)
            found = shadow_comparison(transaction, active, shadow)
            names = accessions_of(transaction, [item.group for item in found.cases], user)
            manifests = (active.manifest, shadow.manifest)
            part = measured_part(found, manifests, names) if found.cell_count else None
            page = ShadowPage(bundle_text(shadow.manifest), part)
    return render("bundle_shadow.html", page, chrome(gettext("Bundle in shadow"), user))


@router.get("/{digest}/card")
def show_card(container: ContainerDep, user: UserDep, digest: Digest) -> Response:
    """What an installed bundle was trained and measured on."""
    for item in container.shelf.installed():
        if item.bundle and item.bundle.manifest.digest == digest and item.card:
            page = CardPage(item.bundle.manifest.title, digest, item.card)
            return render("bundle_card.html", page, chrome(page.title, user))
    raise NotFound(message("No installed bundle with this digest has a card."))


def _by(user: User) -> Switcher:
    return Switcher(user.printed_name, user.id)


def _refused(
    container: Container, user: User, digest: str, reason: str, error: VexascopeError
) -> Response:
    form = SwitchForm(digest, reason, translated(error.detail))
    is_conflict = isinstance(error, Conflict)
    status = HTTPStatus.CONFLICT if is_conflict else HTTPStatus.UNPROCESSABLE_ENTITY
    return _page(container, user, form, status)


def _page(
    container: Container,
    user: User,
    form: SwitchForm,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    done: str | None = None,
) -> Response:
    installed = container.shelf.installed()
    with container.transactions() as transaction:
        titles = {item.bundle.manifest.digest: item.bundle.manifest.title for item in installed
                  if item.bundle}  # fmt: skip
        switches = transaction.switches.all()
        for digest in {item.digest for item in switches if item.digest} - titles.keys():
            titles[digest] = transaction.bundles.get(digest).manifest.title
        known = Known(
            active=container.bundle.manifest,
            shadow_digest=shadow_digest(transaction),
            switches=switches,
            cells_read=transaction.switches.cells_read(),
            control_runs=_latest_controls(transaction),
            titles=titles,
        )
    folder = str(container.settings.bundle_folders[-1])
    page = replace(bundles_page(installed, known, form, folder, container.now()), done=done)
    return render("bundles.html", page, chrome(gettext("Bundles"), user), status=int(status))


def _latest_controls(transaction: Transaction) -> dict[str, SetRun]:
    found: dict[str, SetRun] = {}
    for run in transaction.controls.runs(RunKind.CONTROL, RUNS_LOOKED_AT):
        if run.finished_at is not None:
            found.setdefault(run.digests[0], run)
    return found
