"""The audit, for who may read it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from app.bootstrap import Container
from app.domain.audit import Outcome
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.domain.user import User
from app.ports import AuditFilter
from app.services.auditing import export
from app.web.days import end_of, start_of
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext
from app.web.pages.present_audit import AuditView, audit_page
from app.web.pages.rendering import chrome, render

router = APIRouter()

ENTRIES_PER_PAGE = 100
# Below 2**63: it fits every column.
MOST_DIGITS = 18
MEDIA_TYPE = "application/x-ndjson"


class AuditQuery(BaseModel):
    """What the address narrows by, as text; keys only, no names."""

    account: str = ""
    action: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""
    case: str = ""
    before: str = ""

    def text(self, **changes: str) -> str:
        """The query string; without a place unless the changes name one."""
        values = {**self.model_dump(), "before": "", **changes}
        return urlencode({name: value for name, value in values.items() if value})


@router.get("/administration/audit")
def show_audit(
    container: ContainerDep, user: UserDep, query: Annotated[AuditQuery, Query()]
) -> Response:
    """Some entries, newest first."""
    chosen, before = _of_sites(query, user), _number(query.before)
    with container.transactions() as transaction:
        found = transaction.audit.page(chosen, before=before, limit=ENTRIES_PER_PAGE + 1)
        view = AuditView(
            query=query.model_dump(),
            entries=found[:ENTRIES_PER_PAGE],
            head=transaction.audit.head(),
            accounts=transaction.users.all(),
            now=container.now(),
        )
    older = None
    if len(found) > ENTRIES_PER_PAGE:
        older = query.text(before=str(view.entries[-1].sequence))
    page = audit_page(view, older, query.text())
    return render("audit.html", page, chrome(gettext("Audit"), user))


@router.get("/administration/audit/export.jsonl")
def export_audit(
    container: ContainerDep, user: UserDep, query: Annotated[AuditQuery, Query()]
) -> Response:
    """All entries that the list is narrowed to, one of JSON a line, oldest first."""
    chosen = _of_sites(query, user)
    headers = {"Content-Disposition": 'attachment; filename="vexascope-audit.jsonl"'}
    return StreamingResponse(_lines(container, chosen), media_type=MEDIA_TYPE, headers=headers)


def _lines(container: Container, chosen: AuditFilter) -> Iterator[str]:
    with container.transactions() as transaction:
        for line in export(transaction, chosen):
            yield f"{line}\n"


def _of_sites(query: AuditQuery, user: User) -> AuditFilter:
    return replace(read_audit_filter(query), site_ids=user.site_ids)


def read_audit_filter(query: AuditQuery) -> AuditFilter:
    """What the address narrows by.

    Raises
    ------
    InvalidInput
        With a sentence for the person who followed the address.
    """
    try:
        return AuditFilter(
            account_id=UUID(query.account) if query.account else None,
            case_id=UUID(query.case.strip()) if query.case.strip() else None,
            action=_act(query.action.strip()),
            outcome=Outcome(query.outcome) if query.outcome else None,
            since=start_of(query.since),
            until=end_of(query.until),
        )
    except ValueError as error:
        raise InvalidInput(
            message("Give the key of a case, days as year-month-day, and a value of the lists.")
        ) from error


def _act(text: str) -> str | None:
    """PostgreSQL takes no NUL; raises `ValueError`."""
    if not text.isprintable():
        raise ValueError(text)
    return text or None


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > MOST_DIGITS:
        raise InvalidInput(message("This place in the audit is not valid. Go to its first page."))
    return int(text)
