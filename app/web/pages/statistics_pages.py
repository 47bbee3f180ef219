"""The statistics, for who may read them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.services.statistics import statistics
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext
from app.web.pages.present_statistics import PATH, StatisticsView, statistics_page
from app.web.pages.rendering import chrome, render
from app.web.statistics_query import StatisticsQuery, read_query

router = APIRouter()


@router.get(PATH)
def show_statistics(
    container: ContainerDep, user: UserDep, query: Annotated[StatisticsQuery, Query()]
) -> Response:
    """Work, overrides and drift of a period."""
    now = container.now()
    asked = read_query(query, user, now)
    with container.transactions() as transaction:
        view = StatisticsView(
            query=query,
            found=statistics(transaction, asked.chosen, now, asked.start),
            sites=[site for site in transaction.sites.all() if user.sees(site.id)],
            queues=container.queue_states(),
            outbox=transaction.statistics.outbox(),
            now=now,
        )
    return render("statistics.html", statistics_page(view), chrome(gettext("Statistics"), user))
