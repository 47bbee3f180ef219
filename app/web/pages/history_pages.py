"""The history of all cases and the life of one, for administrators and auditors."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel
from starlette.responses import RedirectResponse

from app.domain.access import Permission
from app.domain.case import MAX_NAME_LENGTH
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.domain.timeline import HistoryFilter
from app.domain.user import User
from app.ports import Transaction
from app.services.timeline import timeline
from app.web.days import end_of, start_of
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext
from app.web.pages.contexts import Choice
from app.web.pages.history_contexts import HistoryFields, HistoryPage, TimelinePage
from app.web.pages.navigation import see_other
from app.web.pages.present import case_path
from app.web.pages.present_history import HISTORY, history_row, timeline_path, timeline_rows
from app.web.pages.rendering import chrome, render
from app.web.pages.wording import moment

router = APIRouter()

CASES_PER_PAGE = 50


class HistoryQuery(BaseModel):
    """What the address narrows by; what was searched for stands behind a key."""

    search: str = ""
    person: str = ""
    since: str = ""
    until: str = ""
    before: str = ""

    def text(self, **changes: str) -> str:
        """The query string; without a place unless the changes name one."""
        values = {**self.model_dump(exclude={"text_sought"}), "before": "", **changes}
        return urlencode({name: value for name, value in values.items() if value})


class HistoryForm(HistoryQuery):
    """The form: the query, and beside it the text, which no address may hold."""

    text_sought: str = ""


@router.get("/administration/history")
def show_history(
    container: ContainerDep, user: UserDep, query: Annotated[HistoryQuery, Query()]
) -> Response:
    """Cases, newest first, erased ones too."""
    now = container.now()
    with container.transactions() as transaction:
        chosen = _filter(transaction, user, query)
        before = _key(query.before) if query.before else None
        found = transaction.history.page(chosen, user.site_ids, before, CASES_PER_PAGE + 1)
        # Who works elsewhere is nobody's business here.
        people = [other for other in transaction.users.all() if other.site_ids & user.site_ids]
    lines = found[:CASES_PER_PAGE]
    older = None
    if len(found) > CASES_PER_PAGE:
        older = f"{HISTORY}?{query.text(before=str(lines[-1].case_id))}"
    page = HistoryPage(
        fields=HistoryFields(
            text=chosen.text,
            people=_people(people, query.person),
            opened_from=query.since,
            opened_to=query.until,
        ),
        rows=tuple(history_row(line, now) for line in lines),
        clear_path=HISTORY if query.text() else None,
        older_path=older,
    )
    return render("history.html", page, chrome(gettext("History"), user))


@router.post("/administration/history/search")
def search_history(
    container: ContainerDep, user: UserDep, form: Annotated[HistoryForm, Form()]
) -> RedirectResponse:
    """Keep what was searched for, and go on to the list that an address without it shows."""
    text, key = form.text_sought.strip(), ""
    if not text.isprintable() or len(text) > MAX_NAME_LENGTH:
        raise InvalidInput(
            message("Search for at most {most} visible characters.", most=MAX_NAME_LENGTH)
        )
    if text:
        with container.transactions() as transaction:
            key = str(transaction.filters.search_for(user.id, text, container.now()))
    query = form.text(search=key)
    return see_other(f"{HISTORY}?{query}" if query else HISTORY)


@router.get("/administration/cases/{case_id}")
def show_timeline(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """Everything that happened to a case."""
    now = container.now()
    with container.transactions() as transaction:
        line = transaction.history.line(case_id)
        events = timeline(transaction, case_id)
    is_there = line.erased_at is None
    manages = is_there and user.may(Permission.MANAGE_DATA)
    path = timeline_path(case_id)
    page = TimelinePage(
        title=line.accession_number if is_there else gettext("Erased case"),
        case_key=str(case_id),
        erased=moment(line.erased_at, now) if line.erased_at else None,
        rows=timeline_rows(events, now),
        audit_path=f"/administration/audit?case={case_id}"
        if user.may(Permission.READ_AUDIT)
        else None,
        case_path=case_path(case_id) if is_there else None,
        erase_path=f"{path}/erase" if manages else None,
        export_path=f"{path}/patient.zip" if manages else None,
    )
    return render("timeline.html", page, chrome(page.title, user))


def _filter(transaction: Transaction, user: User, query: HistoryQuery) -> HistoryFilter:
    text = transaction.filters.text(user.id, _key(query.search)) if query.search else ""
    return HistoryFilter(
        text=text,
        person_id=_key(query.person) if query.person else None,
        opened_from=start_of(query.since),
        opened_before=end_of(query.until),
    )


def _people(people: Sequence[User], chosen: str) -> tuple[Choice, ...]:
    shown = (Choice(str(user.id), user.printed_name, str(user.id) == chosen) for user in people)
    return (Choice("", gettext("Anybody"), not chosen), *shown)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput(message("This address is not valid. Go to the whole list.")) from error
