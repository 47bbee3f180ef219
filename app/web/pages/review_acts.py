"""What the review room's scripts send and ask for: decisions, their undoing, others' changes.

All three answer with one shape, of finished texts in the reader's language.
"""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from app.domain.abnormality import Abnormality
from app.domain.errors import AnotherUser
from app.domain.message import message
from app.domain.review import Act
from app.domain.user import User
from app.services.reading import CaseAsRead, read_case
from app.services.review_count import cells_since, others_since, review_count, score_of
from app.services.reviewing import MOST_CELLS, reading_of, relabel
from app.services.undoing import undo
from app.web.dependencies import ContainerDep, UserDep, reader_on
from app.web.language import gettext, ngettext
from app.web.pages import wording
from app.web.pages.present_review import numbers, states

router = APIRouter()

Sequence = Annotated[int, Field(ge=0, description="Of the last decision that the page shows.")]


class ActSent(BaseModel):
    """One decision on some cells; sent again with the same `action`, it is stored once.

    `seen` is what `after` was when the reader decided, where it waited to be sent; `user` is whose
    page it is.
    """

    cells: Annotated[list[UUID], Field(min_length=1, max_length=MOST_CELLS)]
    act: Act
    label: Abnormality | None = None
    after: Sequence = 0
    seen: Sequence | None = None
    action: UUID | None = None
    user: UUID | None = None


class UndoSent(BaseModel):
    """Take the reader's last action back; once, as above."""

    after: Sequence = 0
    action: UUID | None = None
    user: UUID | None = None


@router.post("/cases/{case_id}/gallery/acts")
def act_on_cells(
    container: ContainerDep, user: UserDep, case_id: UUID, sent: ActSent
) -> JSONResponse:
    """Decide on cells."""
    _refuse_another(user, sent.user)
    with container.transactions() as transaction:
        done = relabel(
            transaction,
            reader_on(container, transaction, user, case_id),
            sent.cells,
            sent.act,
            sent.label,
            container.now(),
            sent.action,
            seen_sequence=sent.after if sent.seen is None else sent.seen,
        )
    said = _not_confirmed(len(done.kept)) if done.kept else ""
    return JSONResponse(_answer(done.as_read, user, sent.after, said=said))


def _not_confirmed(count: int) -> str:
    text = ngettext(
        "{n} cell was changed by another reader meanwhile, and is not confirmed. Look at it again.",
        "{n} cells were changed by other readers meanwhile, and are not confirmed. "
        "Look at them again.",
        count,
    )
    return text.format(n=wording.count(count))


@router.post("/cases/{case_id}/gallery/undo")
def undo_act(container: ContainerDep, user: UserDep, case_id: UUID, sent: UndoSent) -> JSONResponse:
    """Take the reader's last action back."""
    _refuse_another(user, sent.user)
    with container.transactions() as transaction:
        reader = reader_on(container, transaction, user, case_id)
        done = undo(transaction, reader, container.now(), sent.action)
    said = ""
    if not done.events:
        said = gettext("There is nothing of yours to take back.")
    elif done.kept:
        said = ngettext(
            "{n} cell was changed since, and stays as it is.",
            "{n} cells were changed since, and stay as they are.",
            len(done.kept),
        ).format(n=wording.count(len(done.kept)))
    return JSONResponse(_answer(done.as_read, user, sent.after, said=said))


@router.get("/cases/{case_id}/gallery/changes")
def changes(
    container: ContainerDep,
    user: UserDep,
    case_id: UUID,
    after: Annotated[int, Query(ge=0)] = 0,
    page_of: Annotated[UUID | None, Query(alias="user")] = None,
) -> JSONResponse:
    """What has changed since a decision, with the interval of the score."""
    _refuse_another(user, page_of)
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        as_read = read_case(transaction, case, container.bundle, container.review_rule, user.id)
    return JSONResponse(_answer(as_read, user, after, with_interval=True))


def _refuse_another(user: User, page_of: UUID | None) -> None:
    """A page that was opened by one user decides nothing under another's name."""
    if page_of not in {None, user.id}:
        raise AnotherUser(
            message(
                "Somebody else is signed in now, and this page decides nothing under their name. "
                "Sign in as before and load the page again: what waited to be sent is kept."
            )
        )


def _answer(
    as_read: CaseAsRead, user: User, after: int, *, said: str = "", with_interval: bool = False
) -> dict[str, Any]:
    count, bundle = review_count(as_read), as_read.bundle
    score = (
        score_of(count.reviewed, bundle.rule, bundle.manifest.digest)
        if with_interval and count.value is not None
        else None
    )
    seen = as_read.visible_reviews
    return {
        "sequence": max((event.sequence for event in seen), default=0),
        "reading": reading_of(as_read).value,
        "cell_count": len(as_read.read),
        "cells": [asdict(item) for item in states(as_read, cells_since(as_read, after))],
        "numbers": asdict(numbers(count, score)),
        "others": [_others(name, number) for name, number in others_since(as_read, after, user.id)],
        "said": said,
    }


def _others(name: str, number: int) -> str:
    text = ngettext("{name}: {n} cell changed", "{name}: {n} cells changed", number)
    return text.format(name=name, n=wording.count(number))
