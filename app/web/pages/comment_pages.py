"""Comments on a case and on its cells."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from app.services.discussing import comment, comments_for
from app.services.reading import read_case
from app.web.dependencies import ContainerDep, UserDep, reader_on
from app.web.pages.navigation import see_other
from app.web.pages.present import case_path
from app.web.pages.present_talk import comments_part
from app.web.pages.rendering import render

router = APIRouter()


@router.post("/cases/{case_id}/comments")
def write_comment(
    request: Request,
    container: ContainerDep,
    user: UserDep,
    case_id: UUID,
    text: Annotated[str, Form()] = "",
    cell_id: Annotated[UUID | None, Form()] = None,
) -> Response:
    """Store a comment; answer with all of them, or go back to the page that it was written on."""
    now = container.now()
    with container.transactions() as transaction:
        reader = reader_on(container, transaction, user, case_id)
        comment(transaction, reader, cell_id, text, now)
        as_read = read_case(transaction, reader.case, reader.active, reader.rule, user.id)
        found = comments_for(transaction, as_read, user.id)
    if request.headers.get("hx-request") == "true":
        return render("comments.html", comments_part(found, case_id, cell_id, now))
    back = f"/cells/{cell_id}" if cell_id else ""
    return see_other(f"{case_path(case_id)}{back}#comments")
