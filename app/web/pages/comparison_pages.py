"""Comparing two bundles on a fixed set."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from app.bootstrap import Container
from app.domain.control import RunKind
from app.domain.errors import Conflict, InvalidInput, NotFound, VexascopeError
from app.domain.message import message
from app.domain.user import User
from app.ports import Transaction
from app.services.controlling import begin_comparison, comparison_of
from app.services.freezing import freeze_cases
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext, translated
from app.web.pages.navigation import see_other
from app.web.pages.present_measured import (
    COMPARISONS_PATH,
    comparison_page,
    comparisons_page,
    run_progress,
)
from app.web.pages.rendering import chrome, render
from app.web.pages.set_names import accessions_of, lines

router = APIRouter(prefix=COMPARISONS_PATH)

Text = Annotated[str, Form()]
MOST_RUNS = 50


@router.get("")
def show_comparisons(container: ContainerDep, user: UserDep) -> Response:
    """Those that were made, and the form for a new one."""
    return _list(container, user, {}, None)


@router.post("")
def compare_bundles(
    container: ContainerDep,
    user: UserDep,
    first: Text = "",
    second: Text = "",
    set_id: Text = "",
    cases: Text = "",
) -> Response:
    """Begin a comparison and go to it, or say on the form why not."""
    form = {"first": first, "second": second, "set_id": set_id, "cases": cases}
    now, name = container.now(), user.printed_name
    try:
        candidates = [container.candidate(digest) for digest in (first, second)]
        with container.transactions() as transaction:
            for item in candidates:
                transaction.bundles.remember(item.bundle, item.texts, now)
            chosen = _set(transaction, container, user, form)
            run = begin_comparison(transaction, chosen, (first, second), name, now)
    except (Conflict, InvalidInput, NotFound) as error:
        return _list(container, user, form, error)
    return see_other(f"{COMPARISONS_PATH}/{run.id}")


def _set(transaction: Transaction, container: Container, user: User, form: dict[str, str]) -> UUID:
    if form["set_id"]:
        try:
            return UUID(form["set_id"])
        except ValueError as error:
            raise InvalidInput(message("The form is damaged. Load the page again.")) from error
    now = container.now()
    fixed = freeze_cases(
        transaction,
        f"{now:%Y-%m-%d %H:%M:%S.%f} {user.name}"[:200],
        lines(form["cases"]),
        user.printed_name,
        now,
        site_ids=user.site_ids,
        is_daily=False,
    )
    return fixed.id


@router.get("/{run_id}")
def show_comparison(container: ContainerDep, user: UserDep, run_id: UUID) -> Response:
    """One comparison: how far it is, and what was measured."""
    with container.transactions() as transaction:
        run = transaction.controls.run(run_id)
        if run.kind is not RunKind.COMPARISON:
            raise NotFound(message("There is no run {run}.", run=run_id))
        fixed = transaction.controls.get_set(run.set_id)
        settled = transaction.controls.count_readings(run_id)
        manifests = [transaction.bundles.get(digest).manifest for digest in run.digests]
        is_done = run.finished_at is not None and run.problem is None
        found = comparison_of(transaction, run) if is_done else None
        groups = [item.group for item in found.cases] if found else []
        names = accessions_of(transaction, groups, user)
    page = comparison_page(run, fixed, settled, manifests, found, names, container.now())
    return render("comparison.html", page, chrome(gettext("Comparison"), user))


@router.get("/{run_id}/progress")
def show_progress(container: ContainerDep, run_id: UUID) -> Response:
    """How far it is; at the end the page around it loads itself again."""
    with container.transactions() as transaction:
        run = transaction.controls.run(run_id)
        fixed = transaction.controls.get_set(run.set_id)
        settled = transaction.controls.count_readings(run_id)
    part = run_progress(run, fixed, settled)
    headers = {"HX-Refresh": "true"} if part.is_done else {}
    return render("set_progress.html", part, headers=headers)


def _list(
    container: Container, user: User, form: dict[str, str], error: VexascopeError | None
) -> Response:
    installed = [item.bundle.manifest for item in container.shelf.installed() if item.bundle]
    with container.transactions() as transaction:
        runs = transaction.controls.runs(RunKind.COMPARISON, MOST_RUNS)
        sets = transaction.controls.sets()
        names = {run.set_id: transaction.controls.get_set(run.set_id).name for run in runs}
        digests = {digest for run in runs for digest in run.digests}
        titles = {it: transaction.bundles.get(it).manifest.title for it in digests}
    told = translated(error.detail) if error else None
    page = comparisons_page(runs, sets, names, titles, installed, form, told, container.now())
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render("comparisons.html", page, chrome(gettext("Comparisons"), user), status=status)
