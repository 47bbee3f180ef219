"""The readers of a case: who reads, how far, how well they agree, and what is to be settled."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from app.domain.access import Permission
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.domain.review import Reading
from app.domain.user import User
from app.ports import Transaction
from app.services.reading import CaseAsRead, read_case
from app.services.reviewing import finish, reopen, why_closed
from app.services.second_reading import (
    give_to_second_reader,
    has_begun,
    knows_first,
    settle,
    withdraw_second_reader,
)
from app.web.dependencies import ContainerDep, UserDep, reader_on
from app.web.language import gettext
from app.web.pages.navigation import see_other
from app.web.pages.offers import readers_for
from app.web.pages.present import case_path
from app.web.pages.present_readers import Roster, readers_page
from app.web.pages.rendering import chrome, render

router = APIRouter()


@router.get("/cases/{case_id}/readers")
def show_readers(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """Who has the readings, what can be done with them, and where the readers differ."""
    with container.transactions() as transaction:
        reader = reader_on(container, transaction, user, case_id)
        as_read = read_case(transaction, reader.case, reader.active, reader.rule, user.id)
        roster = _roster(transaction, as_read, user)
    title = gettext("Readers of {accession}").format(accession=reader.case.accession_number)
    page = readers_for(readers_page(as_read, roster, user, container.now()), user)
    return render("readers.html", page, chrome(title, user, reader.case.origin.notice))


@router.post("/cases/{case_id}/readers/give")
def give(
    container: ContainerDep, user: UserDep, case_id: UUID, reader_id: Annotated[UUID, Form()]
) -> Response:
    """Give the second reading to an account."""
    with container.transactions() as transaction:
        chosen = transaction.users.get(reader_id)
        if chosen is None:
            raise InvalidInput(message("There is no such account. Choose one of the list."))
        reader = reader_on(container, transaction, user, case_id)
        give_to_second_reader(transaction, reader, chosen, container.now())
    return _back(case_id)


@router.post("/cases/{case_id}/readers/withdraw")
def withdraw(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """Take the second reading back."""
    with container.transactions() as transaction:
        withdraw_second_reader(transaction, reader_on(container, transaction, user, case_id))
    return _back(case_id)


@router.post("/cases/{case_id}/readers/finish")
def finish_reading(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """Finish one's own reading."""
    with container.transactions() as transaction:
        finish(transaction, reader_on(container, transaction, user, case_id), container.now())
    return _back(case_id)


@router.post("/cases/{case_id}/readers/reopen")
def reopen_reading(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """Go on with one's own reading."""
    with container.transactions() as transaction:
        reopen(transaction, reader_on(container, transaction, user, case_id))
    return _back(case_id)


@router.post("/cases/{case_id}/readers/settle")
def settle_cell(
    container: ContainerDep,
    user: UserDep,
    case_id: UUID,
    cell_id: Annotated[UUID, Form()],
    whose: Annotated[Reading, Form()],
) -> Response:
    """Follow one of the two readers on a cell."""
    with container.transactions() as transaction:
        reader = reader_on(container, transaction, user, case_id)
        settle(transaction, reader, cell_id, whose, container.now())
    return see_other(f"{case_path(case_id)}/readers#cell-{cell_id}")


def _roster(transaction: Transaction, as_read: CaseAsRead, viewer: User) -> Roster:
    case_id = as_read.case.id
    refused = knows_first(transaction, case_id)
    if Reading.FIRST not in as_read.readings:
        # Who gives the second reading away keeps the first.
        refused |= {viewer.id}
    second = as_read.readings.get(Reading.SECOND)
    if second is not None:
        refused |= {second.reader_id}
    return Roster(
        eligible=[
            user
            for user in transaction.users.all()
            if user.can_sign_in
            and user.may(Permission.REVIEW)
            and user.sees(as_read.case.site_id)
            and user.id not in refused
            and not as_read.is_blinded
        ],
        has_begun=has_begun(transaction, case_id),
        closed=why_closed(transaction, case_id),
    )


def _back(case_id: UUID) -> Response:
    return see_other(f"{case_path(case_id)}/readers")
