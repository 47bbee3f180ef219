"""The worklist's address: what it filters and sorts by, and the place in the list.

No accession number and no patient identifier stands in it. What was searched for is kept by the
server under a random key, and a place in a list that is sorted by such a value names the case.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.domain.abnormality import Abnormality
from app.domain.case_state import CaseState
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.domain.screening import Recommendation
from app.domain.worklist import (
    SortValue,
    WorklistFilter,
    WorklistOrder,
    WorklistPosition,
    WorklistSort,
)
from app.web.days import FIRST_YEAR, LAST_YEAR, within_years

ME, NOBODY = "me", "nobody"
ASCENDING, DESCENDING = "asc", "desc"
PLACES = {"after", "before"}
LARGEST_INTEGER = 2**31 - 1


class WorklistQuery(BaseModel):
    """The parameters as text; a wrong one is refused with a sentence."""

    model_config = ConfigDict(populate_by_name=True)

    state: str = ""
    recommendation: str = ""
    finding: str = ""
    least: str = ""
    opened_from: str = Field("", alias="from")
    opened_to: str = Field("", alias="to")
    reader: str = ""
    search: str = ""
    sort: str = ""
    order: str = ""
    after: str = ""
    before: str = ""

    def text(self, **changes: str) -> str:
        """The query string; without a place unless the changes name one."""
        values = {**self.model_dump(by_alias=True), "after": "", "before": "", **changes}
        return urlencode({name: value for name, value in values.items() if value})

    def address(self, **changes: str) -> str:
        """The page with these changes."""
        query = self.text(**changes)
        return f"/cases?{query}" if query else "/cases"


def parse_query(text: str) -> WorklistQuery:
    """The query of an address; names that it does not know are left out."""
    return WorklistQuery.model_validate(dict(parse_qsl(text)))


@dataclass(frozen=True)
class Looked:
    """What only the server can tell of an address: who asks, and the text behind a key."""

    user_id: UUID
    search_text: Callable[[UUID], str]
    sort_value: Callable[[UUID, WorklistSort], SortValue]


def read_filter(query: WorklistQuery, looked: Looked) -> WorklistFilter:
    """What the address filters by.

    Raises
    ------
    InvalidInput, NotFound
        With a sentence for the person who followed the address.
    """
    reader = looked.user_id if query.reader == ME else None
    if query.reader not in {"", ME, NOBODY}:
        reader = _key(query.reader)
    finding = _member(Abnormality, query.finding)
    return WorklistFilter(
        states=frozenset(CaseState(name) for name in _states(query.state)),
        opened_from=_day(query.opened_from),
        opened_to=_day(query.opened_to),
        recommendation=_member(Recommendation, query.recommendation),
        finding=finding,
        least_percent=_percent(query.least) if finding else 0.0,
        text=looked.search_text(_key(query.search)) if query.search else "",
        reader_id=reader,
        unread=query.reader == NOBODY,
    )


def read_order(query: WorklistQuery) -> WorklistOrder:
    """What the address sorts by; newest first without one."""
    if query.order not in {"", ASCENDING, DESCENDING}:
        raise _wrong()
    sort = _member(WorklistSort, query.sort) or WorklistSort.OPENED
    return WorklistOrder(sort, query.order != ASCENDING)


def read_position(query: WorklistQuery, looked: Looked) -> WorklistPosition | None:
    """The place in the list, after or before a case."""
    token = query.after or query.before
    if not token:
        return None
    sort = read_order(query).sort
    try:
        value, case_id = json.loads(base64.urlsafe_b64decode(token.encode()))
        key = UUID(case_id)
        found = looked.sort_value(key, sort) if sort.identifies else _sort_value(value, sort)
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _wrong() from error
    return WorklistPosition(found, key, backwards=not query.after)


def place_token(position: WorklistPosition, sort: WorklistSort) -> str:
    """A place as it stands in an address; it holds nothing that identifies."""
    value: Any = None if sort.identifies else position.value
    if isinstance(value, datetime):
        value = value.isoformat()
    content = json.dumps([value, str(position.case_id)]).encode()
    return base64.urlsafe_b64encode(content).decode()


def _sort_value(value: Any, sort: WorklistSort) -> SortValue:
    """The value of a place, of the kind that the order has; raises `ValueError`."""
    match sort, value:
        case WorklistSort.OPENED, str():
            at = datetime.fromisoformat(value)
            if at.tzinfo is None or not FIRST_YEAR <= at.year <= LAST_YEAR:
                raise ValueError("no moment")
            return at
        case ((WorklistSort.PMN_COUNT | WorklistSort.SCORE | WorklistSort.READER), None):
            return None
        case ((WorklistSort.STATE | WorklistSort.PMN_COUNT), int()) if (
            0 <= value <= LARGEST_INTEGER
        ):
            return value
        case WorklistSort.SCORE, float() if math.isfinite(value):
            return value
        case WorklistSort.READER, str() if value.isprintable():
            return value
    raise ValueError("a value of another kind")


def _states(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    if not set(names) <= set(CaseState):
        raise _wrong()
    return names


def _member(kind: Any, text: str) -> Any:
    if not text:
        return None
    if text not in set(kind):
        raise _wrong()
    return kind(text)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise _wrong() from error


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            message("Write a day as year-month-day, for example 2026-03-01.")
        ) from error
    return within_years(day)


def _percent(text: str) -> float:
    if not text.strip():
        return 0.0
    try:
        return float(text.strip().replace(",", "."))
    except ValueError as error:
        raise InvalidInput(message("The least share of cells is not a number.")) from error


def _wrong() -> InvalidInput:
    return InvalidInput(
        message("This address of the worklist is not valid. Go to the list of all cases.")
    )
