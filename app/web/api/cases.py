"""REST: cases."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app.bootstrap import Container
from app.domain.case_state import CaseState
from app.domain.screening import Recommendation
from app.domain.worklist import WorklistFilter, WorklistPosition, WorklistSort
from app.ports import Transaction
from app.services.changing_context import change_context
from app.services.history import CasePage, page_of_cases, standing
from app.services.once import found_at
from app.services.opening import open_case
from app.services.sites import site_for
from app.web.api.case_schema import CaseChange, CaseList, CaseSearch, CaseStandingRead
from app.web.api.conditional import IfMatch, etag_of, refuse_stale
from app.web.api.paging import Cursor, Limit, link_next, moment_and_key_from, to_cursor
from app.web.api.problems import problems
from app.web.api.schemas import CaseCreate
from app.web.api.waiting import Wait
from app.web.dependencies import ContainerDep, ProgressDep, UserDep

router = APIRouter(prefix="/cases", tags=["cases"])

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)


@router.post("", status_code=201, responses=problems(409, 413, 422), summary="Open a case")
def create_case(
    new: CaseCreate, container: ContainerDep, user: UserDep, response: Response
) -> CaseStandingRead:
    """Open a case for an accession number that is not in use yet."""
    with container.transactions() as transaction:
        site_id = site_for(transaction, user, new.site_id)
        case = open_case(transaction, new.to_domain(site_id), container.now())
        read = CaseStandingRead.standing(standing(transaction, case, container.bundle))
        found_at(place := f"/api/v1/cases/{case.id}", 201)
    response.headers["Location"] = place
    response.headers["ETag"] = etag_of(read)
    return read


@router.get("", responses=problems(404, 422), summary="List cases")
def list_cases(
    request: Request,
    response: Response,
    container: ContainerDep,
    user: UserDep,
    state: Annotated[list[CaseState] | None, Query(description="Only these states.")] = None,
    site: Annotated[list[UUID] | None, Query(description="Only these of your sites.")] = None,
    opened_from: Annotated[
        date | None, Query(ge=FIRST_DAY, le=LAST_DAY, description="First day of opening, UTC.")
    ] = None,
    opened_to: Annotated[
        date | None, Query(ge=FIRST_DAY, le=LAST_DAY, description="Last day of opening, UTC.")
    ] = None,
    recommendation: Annotated[
        Recommendation | None, Query(description="Only with this recommendation.")
    ] = None,
    reader: Annotated[UUID | None, Query(description="Account of the first reader.")] = None,
    cursor: Cursor = None,
    before: Annotated[
        UUID | None, Query(description="Only cases older than this one.", deprecated=True)
    ] = None,
    limit: Limit = 50,
) -> CaseList:
    """The cases of your sites, newest first."""
    chosen = WorklistFilter(
        states=frozenset(state or ()),
        site_ids=user.site_ids & frozenset(site) if site else user.site_ids,
        opened_from=opened_from,
        opened_to=opened_to,
        recommendation=recommendation,
        reader_id=reader,
    )
    with container.transactions() as transaction:
        after = _place(transaction, cursor, before)
        page = page_of_cases(transaction, chosen, after, limit, container.bundle)
    found = _listed(page)
    link_next(request, response, found.next_cursor)
    return found


@router.post("/search", responses=problems(413, 422), summary="Find a case by its number")
def search_cases(wanted: CaseSearch, container: ContainerDep, user: UserDep) -> CaseList:
    """The case with exactly this accession number, if it is in one of your sites."""
    with container.transactions() as transaction:
        case = transaction.cases.find(wanted.accession_number, user.site_ids)
        found = [standing(transaction, case, container.bundle)] if case else []
    return _listed(CasePage(found, None))


@router.get("/{case_id}", responses=problems(404, 422), summary="One case")
async def read_case(
    case_id: UUID,
    container: ContainerDep,
    progress: ProgressDep,
    response: Response,
    wait: Wait = 0,
) -> CaseStandingRead:
    """A case and how far its classification is; with `wait`, once no cell of it waits."""
    await progress.settled(case_id, wait)
    read = await run_in_threadpool(_read, container, case_id)
    response.headers["ETag"] = etag_of(read)
    return read


@router.patch(
    "/{case_id}", responses=problems(404, 409, 412, 413, 422, 428), summary="Change a case"
)
def change_case(
    case_id: UUID,
    change: CaseChange,
    container: ContainerDep,
    response: Response,
    if_match: IfMatch = None,
) -> CaseStandingRead:
    """Correct what the requester knows of the patient, until the case is signed."""
    with container.transactions() as transaction:
        transaction.cases.lock(case_id)
        case = transaction.cases.get(case_id)
        read = CaseStandingRead.standing(standing(transaction, case, container.bundle))
        refuse_stale(if_match, etag_of(read))
        changed = change_context(transaction, case, change.applied_to(case.context))
        read = CaseStandingRead.standing(standing(transaction, changed, container.bundle))
        found_at(f"/api/v1/cases/{case_id}", 200)
    response.headers["ETag"] = etag_of(read)
    return read


def _read(container: Container, case_id: UUID) -> CaseStandingRead:
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        return CaseStandingRead.standing(standing(transaction, case, container.bundle))


def _place(
    transaction: Transaction, cursor: str | None, before: UUID | None
) -> WorklistPosition | None:
    if cursor is not None:
        return WorklistPosition(*moment_and_key_from(cursor))
    if before is None:
        return None
    return WorklistPosition(transaction.worklist.sort_value(before, WorklistSort.OPENED), before)


def _listed(page: CasePage) -> CaseList:
    last = page.next
    return CaseList(
        items=[CaseStandingRead.standing(item) for item in page.items],
        next_cursor=to_cursor(page.items[-1].line.opened_at.isoformat(), str(last.case_id))
        if last
        else None,
        next_before=last.case_id if last else None,
    )
