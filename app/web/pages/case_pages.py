"""The form of a new case, and the page of a case."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response

from app.domain.errors import Conflict
from app.domain.user import User
from app.services.discussing import comments_for
from app.services.opening import open_case
from app.services.reading import bundle_of, read_case
from app.services.reviewing import why_closed
from app.services.signing import missing_for_signature
from app.services.sites import site_for
from app.web.dependencies import ContainerDep, UserDep, current_user
from app.web.language import gettext, translated
from app.web.pages import offers
from app.web.pages.case_form import CaseForm, form_page, read_form
from app.web.pages.contexts import CasePage
from app.web.pages.navigation import see_other
from app.web.pages.present import case_head, case_path, progress_part
from app.web.pages.present_case import next_step, readers
from app.web.pages.present_talk import comments_part
from app.web.pages.present_uploads import upload_panel
from app.web.pages.rendering import chrome, render
from app.web.pages.upload_pages import read_deliveries

router = APIRouter(dependencies=[Depends(current_user)])

# Heard by the gallery, which then loads itself again.
_CLASSIFIED_EVENT = "classified"


@router.get("/cases/new")
def show_new_case(user: UserDep) -> Response:
    """The empty form."""
    return _case_form(CaseForm(), user)


@router.post("/cases/new")
def open_new_case(
    container: ContainerDep, user: UserDep, form: Annotated[CaseForm, Form()]
) -> Response:
    """Open a case and go to it, or say on the form why not."""
    read = read_form(form)
    if read.case is None:
        return _case_form(form, user, read.errors, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        with container.transactions() as transaction:
            site_id = site_for(transaction, user, None)
            case = open_case(transaction, replace(read.case, site_id=site_id), container.now())
    except Conflict as error:
        with container.transactions() as transaction:
            existing = transaction.cases.find(
                read.case.accession_number, [site_for(transaction, user, None)]
            )
        field = "accession_number" if existing else "patient_name"
        path = case_path(existing.id) if existing else None
        return _case_form(form, user, {field: translated(error.detail)}, HTTPStatus.CONFLICT, path)
    return see_other(case_path(case.id))


@router.get("/cases/{case_id}")
def show_case(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """A case: whose it is, what is to be done next, the upload and the comments."""
    now = container.now()
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        as_read = read_case(transaction, case, container.bundle, container.review_rule, user.id)
        missing = missing_for_signature(transaction, as_read)
        closed = why_closed(transaction, case_id)
        deliveries = read_deliveries(transaction, case_id, user)
        remarks = comments_for(transaction, as_read, user.id)
    panel = upload_panel(case_id, deliveries, first=as_read.progress.cell_count == 0)
    page = CasePage(
        head=case_head(case, now),
        progress=progress_part(case_id, as_read.progress),
        step=next_step(as_read, missing, closed),
        readers=readers(as_read),
        comments=offers.comments_for(comments_part(remarks, case_id, None, now), user),
        gallery_path=f"{case_path(case_id)}/gallery",
        upload=offers.upload_for(panel, user, is_open=closed is None),
        report_path=f"{case_path(case_id)}/report",
    )
    title = gettext("Case {accession}").format(accession=case.accession_number)
    return render("case.html", page, chrome(title, user, case.origin.notice))


@router.get("/cases/{case_id}/progress")
def show_progress(container: ContainerDep, case_id: UUID) -> Response:
    """How far classification is; asks to be loaded again until it is done."""
    with container.transactions() as transaction:
        transaction.cases.get(case_id)
        bundle = bundle_of(transaction, case_id, container.bundle)
        progress = transaction.cells.progress(case_id, bundle.manifest.digest)
    headers = {"HX-Trigger": _CLASSIFIED_EVENT} if progress.done else {}
    return render("progress.html", progress_part(case_id, progress), headers=headers)


def _case_form(
    form: CaseForm,
    user: User,
    errors: Mapping[str, str] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    conflict_path: str | None = None,
) -> Response:
    page = offers.new_case_for(form_page(form, errors or {}, conflict_path), user)
    title = gettext("Error: new case") if errors else gettext("New case")
    return render("case_new.html", page, chrome(title, user), status=status)
