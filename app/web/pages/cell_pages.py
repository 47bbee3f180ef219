"""One cell: a page, or for the review room's larger view a fragment."""

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.services.discussing import comments_for
from app.services.measuring import examine_cell
from app.services.reading import read_case
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext
from app.web.pages import offers
from app.web.pages.present_cell import cell_page
from app.web.pages.present_cells import CaseCells
from app.web.pages.present_talk import cell_talk
from app.web.pages.rendering import chrome, render

router = APIRouter()


@router.get("/cases/{case_id}/cells/{cell_id}")
def show_cell(
    request: Request, container: ContainerDep, user: UserDep, case_id: UUID, cell_id: UUID
) -> Response:
    """Show a cell with all that is known of it, as the viewer may see it."""
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        as_read = read_case(transaction, case, container.bundle, container.review_rule, user.id)
        comments = comments_for(transaction, as_read, user.id)
    cells = CaseCells(
        case, as_read.bundle.manifest, as_read.cells, as_read.waiting, as_read.failures
    )
    read = cells.of(cell_id)
    talk = cell_talk(as_read, read.cell, comments, container.now())
    talk = replace(talk, comments=offers.comments_for(talk.comments, user))
    page = cell_page(read, cells, examine_cell(read.cell, container.blobs), talk)
    if request.headers.get("hx-request") == "true":
        return render("cell_view.html", page)
    title = gettext("Cell {number} of {accession}").format(
        number=page.ordinal, accession=case.accession_number
    )
    return render("cell.html", page, chrome(title, user, case.origin.notice))
