"""The form of a new case, and a case with its gallery."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from app.domain.errors import Conflict, NotFound
from app.domain.finding import read_cell
from app.domain.message import message
from app.domain.review import ReviewRule
from app.domain.user import User
from app.ports import Bundle, Transaction
from app.services import reading
from app.services.measuring import examine_cell
from app.web.dependencies import ContainerDep, UserDep, current_user
from app.web.language import gettext, translated
from app.web.pages.case_form import CaseForm, form_page, read_form
from app.web.pages.contexts import CasePage
from app.web.pages.navigation import see_other
from app.web.pages.present import case_head, case_path, progress_part
from app.web.pages.present_cell import cell_page
from app.web.pages.present_cells import (
    CaseCells,
    gallery_part,
    gallery_section,
)
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
def open_case(
    container: ContainerDep, user: UserDep, form: Annotated[CaseForm, Form()]
) -> Response:
    """Open a case and go to it, or say on the form why not."""
    read = read_form(form)
    if read.case is None:
        return _case_form(form, user, read.errors, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        with container.transactions() as transaction:
            case = transaction.cases.add(read.case, container.now())
    except Conflict as error:
        with container.transactions() as transaction:
            existing = transaction.cases.find(read.case.accession_number)
        field = "accession_number" if existing else "patient_name"
        path = case_path(existing.id) if existing else None
        return _case_form(form, user, {field: translated(error.detail)}, HTTPStatus.CONFLICT, path)
    return see_other(case_path(case.id))


@router.get("/cases/{case_id}")
def show_case(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """A case: upload, progress and gallery."""
    with container.transactions() as transaction:
        cells = _cells(transaction, case_id, container.bundle)
        progress = transaction.cells.progress(case_id, cells.manifest.digest)
        deliveries = read_deliveries(transaction, case_id, user)
    page = CasePage(
        head=case_head(cells.case, container.now()),
        progress=progress_part(case_id, progress),
        gallery=gallery_part(cells),
        upload=upload_panel(case_id, deliveries, first=progress.cell_count == 0),
        report_path=f"{case_path(case_id)}/report",
        empty=progress.cell_count == 0,
    )
    title = gettext("Case {accession}").format(accession=cells.case.accession_number)
    frame = chrome(title, user, cells.case.origin.notice)
    return render("case.html", page, frame)


@router.get("/cases/{case_id}/progress")
def show_progress(container: ContainerDep, case_id: UUID) -> Response:
    """How far classification is; asks to be loaded again until it is done."""
    with container.transactions() as transaction:
        transaction.cases.get(case_id)
        bundle = reading.bundle_of(transaction, case_id, container.bundle)
        progress = transaction.cells.progress(case_id, bundle.manifest.digest)
    headers = {"HX-Trigger": _CLASSIFIED_EVENT} if progress.done else {}
    return render("progress.html", progress_part(case_id, progress), headers=headers)


@router.get("/cases/{case_id}/gallery")
def show_gallery(
    container: ContainerDep,
    case_id: UUID,
    section: str | None = None,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """The gallery, or more cells of one of its sections."""
    with container.transactions() as transaction:
        cells = _cells(transaction, case_id, container.bundle)
    if section is None:
        return render("gallery.html", gallery_part(cells))
    part = gallery_section(cells, section, offset)
    if part is None:
        raise NotFound(
            message("The gallery has no section {name}. Load the page again.", name=section[:40])
        )
    return render("more_cells.html", part)


@router.get("/cases/{case_id}/cells/{cell_id}")
def show_cell(
    request: Request, container: ContainerDep, user: UserDep, case_id: UUID, cell_id: UUID
) -> Response:
    """One cell: a page, or for the gallery's larger view a fragment."""
    with container.transactions() as transaction:
        cells = _only_cell(transaction, case_id, cell_id, container.bundle)
    read = cells.of(cell_id)
    page = cell_page(read, cells, examine_cell(read.cell, container.blobs))
    if request.headers.get("hx-request") == "true":
        return render("cell_view.html", page)
    title = gettext("Cell {number} of {accession}").format(
        number=page.ordinal, accession=cells.case.accession_number
    )
    return render("cell.html", page, chrome(title, user, cells.case.origin.notice))


def _cells(transaction: Transaction, case_id: UUID, active: Bundle) -> CaseCells:
    as_read = reading.read_case(transaction, transaction.cases.get(case_id), active, ReviewRule())
    return CaseCells(
        case=as_read.case,
        manifest=as_read.bundle.manifest,
        read=as_read.read,
        waiting=as_read.waiting,
        failures=as_read.failures,
    )


def _only_cell(transaction: Transaction, case_id: UUID, cell_id: UUID, active: Bundle) -> CaseCells:
    """The same, of one cell alone: the arrow keys leaf through a thousand of them."""
    case, cell = transaction.cases.get(case_id), transaction.cells.get(cell_id)
    if cell.case_id != case_id:
        raise NotFound(message("There is no such cell in this case."))
    manifest = reading.bundle_of(transaction, case_id, active).manifest
    findings = transaction.cells.findings([cell_id], manifest.digest).get(cell_id)
    failures = transaction.cells.failures(case_id, manifest.digest)
    if findings is None and cell_id not in failures:
        return CaseCells(case, manifest, [], [cell], failures)
    return CaseCells(case, manifest, [read_cell(cell, findings, manifest)], [], failures)


def _case_form(
    form: CaseForm,
    user: User,
    errors: Mapping[str, str] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    conflict_path: str | None = None,
) -> Response:
    page = form_page(form, errors or {}, conflict_path)
    title = gettext("Error: new case") if errors else gettext("New case")
    return render("case_new.html", page, chrome(title, user), status=status)
