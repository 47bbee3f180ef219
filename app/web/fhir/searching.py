"""A search for DiagnosticReports, by address or, where it names somebody, by a form."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request

from app.bootstrap import Container
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.interchange.fhir_history import found
from app.interchange.fhir_query import AFTER, Parameters, ReportQuery, parse_query
from app.interchange.fhir_view import ReportView
from app.web.dependencies import ContainerDep, UserDep
from app.web.fhir.answers import FhirAnswer, base_url
from app.web.fhir.reading import Reports, ReportsDep, names_of

FORM = "application/x-www-form-urlencoded"

router = APIRouter(prefix="/DiagnosticReport")


async def _sent(request: Request) -> Parameters:
    """The parameters of the address and, of a POST, those of the form."""
    given = list(request.query_params.multi_items())
    if request.method == "POST":
        if not request.headers.get("content-type", "").lower().startswith(FORM):
            raise HTTPException(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                message("Send the search as {kind}.", kind=FORM),
            )
        async with request.form() as form:
            given += [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return given


Sent = Annotated[Parameters, Depends(_sent)]


@router.get("")
@router.post("/_search")
def search(
    sent: Sent, request: Request, container: ContainerDep, user: UserDep, reports: ReportsDep
) -> FhirAnswer:
    """Reports of the account's sites, those whose cases were opened last first."""
    place = base_url(request)
    try:
        query = parse_query(sent, user.site_ids, names_of(container), place)
    except InvalidInput as error:
        # FHIR answers so to a search that it does not understand.
        raise HTTPException(HTTPStatus.BAD_REQUEST, error.detail) from error
    views, last = _page(container, reports, query)
    links = {"self": _link(place, query.used)}
    if last is not None:
        links["next"] = _link(place, [*query.used, (AFTER, str(last))])
    return FhirAnswer(found(views, container.now(), links))


def _page(
    container: Container, reports: Reports, query: ReportQuery
) -> tuple[list[ReportView], UUID | None]:
    """The reports of a page, and the key of its last case where more may follow."""
    with container.transactions() as transaction:
        keys = transaction.report_search.page(query.chosen, query.after, query.count + 1)
        shown = keys[: query.count]
        views = [reports.view_in(transaction, key) for key in shown]
    # The worklist knows the state of a case; what a reader may see of it can be another.
    views = [view for view in views if not query.statuses or view.status in query.statuses]
    return views, shown[-1] if len(keys) > query.count else None


def _link(place: str, parameters: Parameters) -> str:
    query = urlencode(parameters)
    return f"{place}/DiagnosticReport" + (f"?{query}" if query else "")
