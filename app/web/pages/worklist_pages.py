"""The worklist, its search, and the filters that people keep."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response
from uuid_utils.compat import uuid7

from app.domain.errors import InvalidInput
from app.domain.message import message
from app.domain.user import User
from app.domain.worklist import SavedFilter, WorklistFilter, filter_name
from app.ports import Transaction
from app.services.controlling import control_standings
from app.services.worklist import page_of_worklist
from app.web.dependencies import ContainerDep, UserDep, current_user
from app.web.language import gettext
from app.web.pages.navigation import HOME, see_other
from app.web.pages.present_worklist import WorklistView, worklist_part
from app.web.pages.rendering import chrome, render
from app.web.pages.worklist_query import (
    PLACES,
    Looked,
    WorklistQuery,
    parse_query,
    read_filter,
    read_order,
    read_position,
)

router = APIRouter(dependencies=[Depends(current_user)])

CASES_PER_PAGE = 50


class SearchForm(WorklistQuery):
    """The filter's form: the query, and beside it the text, which no address may hold."""

    text_sought: str = ""


@router.get("/")
def go_home() -> Response:
    """The worklist is the first page."""
    return see_other(HOME)


@router.get("/cases")
def show_worklist(
    container: ContainerDep, user: UserDep, query: Annotated[WorklistQuery, Query()]
) -> Response:
    """Some cases, as the address filters and sorts them."""
    now = container.now()
    with container.transactions() as transaction:
        looked = _looked(transaction, user)
        chosen = replace(read_filter(query, looked), site_ids=user.site_ids)
        order = read_order(query)
        position = read_position(query, looked)
        view = WorklistView(
            query=query,
            chosen=chosen,
            order=order,
            page=page_of_worklist(transaction, chosen, order, position, CASES_PER_PAGE),
            saved=transaction.filters.of_user(user.id),
            readers=transaction.worklist.readers(user.site_ids),
            user_id=user.id,
            now=now,
            controls=control_standings(transaction, now),
        )
    return render("cases.html", worklist_part(view), chrome(gettext("Cases"), user, is_first=True))


@router.post("/cases/search")
def search(container: ContainerDep, user: UserDep, form: Annotated[SearchForm, Form()]) -> Response:
    """Keep what was searched for, and go on to the list that an address without it shows."""
    text, now, key = form.text_sought.strip(), container.now(), ""
    if not text.isprintable():
        raise InvalidInput(message("The search holds a control character. Type it again."))
    WorklistFilter(text=text)
    with container.transactions() as transaction:
        transaction.filters.forget_before(now - timedelta(hours=container.settings.session_hours))
        if text:
            key = str(transaction.filters.search_for(user.id, text, now))
    query = WorklistQuery.model_validate(form.model_dump(by_alias=True, exclude={"text_sought"}))
    return see_other(query.address(search=key))


@router.post("/cases/filters")
def save_filter(
    container: ContainerDep,
    user: UserDep,
    name: Annotated[str, Form()] = "",
    kept: Annotated[str, Form(alias="query")] = "",
) -> Response:
    """Keep the filter and order of a list under a name."""
    query = parse_query(kept)
    with container.transactions() as transaction:
        read_filter(query, _looked(transaction, user))
        read_order(query)
        content = query.model_dump(by_alias=True, exclude={"search", *PLACES})
        transaction.filters.add(
            SavedFilter(
                id=uuid7(),
                user_id=user.id,
                name=filter_name(name),
                content={field: value for field, value in content.items() if value},
                search_id=UUID(query.search) if query.search else None,
            )
        )
    return see_other(query.address())


@router.post("/cases/filters/{filter_id}/rename")
def rename_filter(
    container: ContainerDep,
    user: UserDep,
    filter_id: UUID,
    name: Annotated[str, Form()] = "",
    kept: Annotated[str, Form(alias="query")] = "",
) -> Response:
    """Give a filter another name."""
    with container.transactions() as transaction:
        transaction.filters.rename(user.id, filter_id, filter_name(name))
    return see_other(parse_query(kept).address())


@router.post("/cases/filters/{filter_id}/remove")
def remove_filter(
    container: ContainerDep,
    user: UserDep,
    filter_id: UUID,
    kept: Annotated[str, Form(alias="query")] = "",
) -> Response:
    """Keep a filter no longer."""
    with container.transactions() as transaction:
        transaction.filters.remove(user.id, filter_id)
    return see_other(parse_query(kept).address())


def _looked(transaction: Transaction, user: User) -> Looked:
    return Looked(
        user_id=user.id,
        search_text=lambda key: transaction.filters.text(user.id, key),
        sort_value=transaction.worklist.sort_value,
    )
