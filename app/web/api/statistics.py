"""REST: the statistics of the laboratory's work."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.bootstrap import Container
from app.domain.user import User
from app.services.statistics import statistics
from app.web.api.problems import problems
from app.web.api.statistics_csv import statistics_csv
from app.web.api.statistics_schema import StatisticsRead
from app.web.dependencies import ContainerDep, UserDep
from app.web.statistics_query import StatisticsQuery, read_query

router = APIRouter(tags=["statistics"])

_CSV = {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A number a row."}


@router.get("/statistics", responses=problems(404, 422), summary="Work, overrides and drift")
def read_statistics(
    container: ContainerDep, user: UserDep, query: Annotated[StatisticsQuery, Query()]
) -> StatisticsRead:
    """The numbers of the page of statistics, for the sites that the account sees."""
    return _statistics(container, user, query)


@router.get(
    "/statistics.csv",
    responses={**problems(404, 422), 200: _CSV},
    response_class=Response,
    summary="The same as a table",
)
def export_statistics(
    container: ContainerDep, user: UserDep, query: Annotated[StatisticsQuery, Query()]
) -> Response:
    """One number a row, comma-separated."""
    found = _statistics(container, user, query)
    name = f"vexascope-statistics-{found.first}-{found.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(statistics_csv(found), media_type="text/csv", headers=headers)


def _statistics(container: Container, user: User, query: StatisticsQuery) -> StatisticsRead:
    now = container.now()
    asked = read_query(query, user, now)
    with container.transactions() as transaction:
        found = statistics(transaction, asked.chosen, now, asked.start)
        outbox = list(transaction.statistics.outbox())
    return StatisticsRead.of(found, container.queue_states(), outbox)
