"""What came of the files of a case: as a part of its page, and for the script of the page."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse

from app.domain.case import Upload
from app.domain.user import User
from app.ports import Transaction
from app.web.dependencies import ContainerDep, UserDep, current_user
from app.web.language import translated
from app.web.pages.present_uploads import deliveries_part
from app.web.pages.rendering import render
from app.web.pages.upload_contexts import DeliveriesPart

router = APIRouter(dependencies=[Depends(current_user)])

MOST_AT_ONCE = 100
# A person reads a few; all of them stand below, among the case's deliveries.
MOST_REFUSALS = 5


@router.get("/cases/{case_id}/uploads")
def show_deliveries(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """The deliveries of a case."""
    with container.transactions() as transaction:
        transaction.cases.get(case_id)
        part = read_deliveries(transaction, case_id, user)
    return render("deliveries.html", part)


@router.get("/cases/{case_id}/uploads/outcomes")
def show_outcomes(
    container: ContainerDep,
    case_id: UUID,
    key: Annotated[list[UUID], Query(max_length=MOST_AT_ONCE)],
) -> Response:
    """What came of some files, by the keys that they were sent under.

    `waiting` is one that is not taken in yet; `gone` one that nobody knows.
    """
    with container.transactions() as transaction:
        # In this order: what is taken in between is found in the second look.
        waiting = {part.id for part in transaction.parts.all_of(case_id)}
        uploads = transaction.cases.recorded_uploads(key)
    done = {upload.id: _outcome(upload) for upload in uploads if upload.case_id == case_id}
    content = {
        str(item): done.get(item) or {"state": "waiting" if item in waiting else "gone"}
        for item in key
    }
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


def read_deliveries(transaction: Transaction, case_id: UUID, user: User) -> DeliveriesPart:
    """All deliveries of a case, and the person's own files in the making."""
    own = [part for part in transaction.parts.all_of(case_id) if part.user_id == user.id]
    return deliveries_part(case_id, transaction.cases.uploads_of(case_id), own)


def _outcome(upload: Upload) -> dict[str, Any]:
    return {
        "state": "done",
        "accepted": upload.accepted_count,
        "duplicates": len(upload.duplicates),
        "refused_count": len(upload.refused),
        "refused": [
            {"file": item.file, "detail": translated(item.detail)}
            for item in upload.refused[:MOST_REFUSALS]
        ],
    }
