"""REST: cases."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.services.history import page_of_cases
from app.services.once import found_at
from app.services.opening import open_case
from app.services.reading import bundle_of
from app.services.sites import site_for
from app.web.api.problems import problems
from app.web.api.schemas import CaseCreate, CaseList, CaseRead
from app.web.dependencies import ContainerDep, UserDep

router = APIRouter(prefix="/cases", tags=["cases"])


@router.post("", status_code=201, responses=problems(409, 413, 422), summary="Open a case")
def create_case(
    new: CaseCreate, container: ContainerDep, user: UserDep, response: Response
) -> CaseRead:
    """Open a case for an accession number that is not in use yet."""
    with container.transactions() as transaction:
        site_id = site_for(transaction, user, new.site_id)
        case = open_case(transaction, new.to_domain(site_id), container.now())
        progress = transaction.cells.progress(case.id, container.bundle.manifest.digest)
        found_at(place := f"/api/v1/cases/{case.id}", 201)
    response.headers["Location"] = place
    return CaseRead.of(case, progress)


@router.get("", responses=problems(422), summary="List cases")
def list_cases(
    container: ContainerDep,
    user: UserDep,
    before: Annotated[UUID | None, Query(description="Only cases older than this one.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Most cases in the answer.")] = 50,
) -> CaseList:
    """Cases, newest first."""
    with container.transactions() as transaction:
        page = page_of_cases(transaction, user, before, limit, container.bundle)
    return CaseList.of(page.items, page.next_before)


@router.get("/{case_id}", responses=problems(404, 422), summary="One case")
def read_case(case_id: UUID, container: ContainerDep) -> CaseRead:
    """A case and how far its classification is."""
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        bundle = bundle_of(transaction, case_id, container.bundle)
        progress = transaction.cells.progress(case_id, bundle.manifest.digest)
    return CaseRead.of(case, progress)
