"""REST: what happened to cases, for those who ask instead of being told."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app.bootstrap import Container
from app.domain.event_list import EventFilter, EventPage
from app.domain.outbox import EventType
from app.interchange.webhook_body import event_content
from app.web.api.paging import Cursor, Limit, link_next, to_cursor, whole_number_from
from app.web.api.problems import problems
from app.web.api.waiting import MAX_WAIT_S
from app.web.dependencies import ContainerDep, ProgressDep, UserDep

router = APIRouter(prefix="/events", tags=["events"])

POLL_S = 1.0
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)


class EventLinks(BaseModel):
    """Where to read on: whole addresses where the settings know the server's own, else paths."""

    case: str = Field(description="The case.")
    report: str = Field(description="Its report, in the version that the event tells of.")
    report_pdf: str = Field(description="The same to print.")


class EventData(BaseModel):
    """Keys and addresses, and nothing that names a patient."""

    event_id: UUID = Field(description="Key of the event, the `webhook-id` of its messages.")
    case_id: UUID = Field(description="Key of the case.")
    sequence: int = Field(description="1, 2, ... among the events of the case.")
    cell_count: int = Field(description="Cells that were read by then.")
    bundle: str = Field(description="Digest of the classifier.")
    version: int | None = Field(description="Of the signed report; null for `classified`.")
    links: EventLinks = Field(description="Where to read on.")


class EventRead(BaseModel):
    """What happened to a case: the message that a webhook brings."""

    type: EventType = Field(description="What happened.")
    timestamp: datetime = Field(description="When, UTC.")
    data: EventData = Field(description="To which case, and where to read on.")


class EventList(BaseModel):
    """Events in the order in which they were stored."""

    items: list[EventRead] = Field(description="Events, oldest first.")
    next_cursor: str = Field(
        description="Keep it: as `cursor`, now or in a month, it gives what comes after these."
    )
    has_more: bool = Field(description="Whether there is more already; `Link` leads to it.")


@router.get("", responses=problems(422), summary="What happened since")
async def list_events(
    request: Request,
    response: Response,
    container: ContainerDep,
    user: UserDep,
    progress: ProgressDep,
    cursor: Cursor = None,
    types: Annotated[
        list[EventType] | None, Query(alias="type", description="Only these; may be repeated.")
    ] = None,
    since: Annotated[
        AwareDatetime | None,
        Query(ge=EARLIEST, le=LATEST, description="Only what happened then or later."),
    ] = None,
    limit: Limit = 50,
    wait: Annotated[
        float, Query(ge=0, le=MAX_WAIT_S, description="Seconds to wait for something to happen.")
    ] = 0,
) -> EventList:
    """What was classified, signed and amended in your sites, each event once and in order.

    Without `cursor` it begins with the first; keep `next_cursor` and ask again with it.
    """
    after = whole_number_from(cursor)
    chosen = EventFilter(user.site_ids, frozenset(types) if types else None, since)
    deadline = time.monotonic() + wait
    while True:
        page = await run_in_threadpool(_page, container, chosen, after, limit)
        if page.items or progress.is_closed or time.monotonic() + POLL_S > deadline:
            break
        await asyncio.sleep(POLL_S)
    found = _listed(page, (container.settings.public_url or "").rstrip("/"))
    link_next(request, response, found.next_cursor if page.has_more else None)
    return found


def _page(container: Container, chosen: EventFilter, after: int, limit: int) -> EventPage:
    with container.transactions() as transaction:
        return transaction.outbox.page(chosen, after, limit)


def _listed(page: EventPage, public_url: str) -> EventList:
    items = [EventRead.model_validate(event_content(event, public_url)) for event in page.items]
    return EventList(items=items, next_cursor=to_cursor(str(page.place)), has_more=page.has_more)
