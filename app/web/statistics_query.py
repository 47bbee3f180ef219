"""Which statistics an address asks for: the same for the page, JSON and CSV."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import InvalidInput, NotFound
from app.domain.message import message
from app.domain.statistics import DEFAULT_DAYS, StatisticsFilter
from app.domain.user import User
from app.web.days import within_years


class StatisticsQuery(BaseModel):
    """The query, as text; keys of sites only, no names."""

    model_config = ConfigDict(populate_by_name=True)

    first: str = Field("", alias="from", description="First day, UTC; default: 26 weeks ago.")
    last: str = Field("", alias="to", description="Last day, UTC; default: today.")
    site: str = Field("", description="Key of a site; default: all that the account sees.")
    demonstrations: str = Field("", description="`yes`: count demonstration cases too.")
    baseline: str = Field(
        "", description="First day of the drift's baseline; default: a bundle's first weeks."
    )

    def text(self, **changes: str) -> str:
        """The query string."""
        values = {**self.model_dump(by_alias=True), **changes}
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True)
class Asked:
    """What is counted, and where the baseline begins."""

    chosen: StatisticsFilter
    start: date | None


def read_query(query: StatisticsQuery, user: User, now: datetime) -> Asked:
    """Read the query of an account.

    Raises
    ------
    InvalidInput, NotFound
        With a sentence for who asked.
    """
    last = _day(query.last) or now.date()
    first = _day(query.first) or last - timedelta(days=DEFAULT_DAYS - 1)
    chosen = StatisticsFilter(
        first, last, _sites(query.site, user), with_demonstrations=bool(query.demonstrations)
    )
    return Asked(chosen, _day(query.baseline))


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(message("Give days as year-month-day, 2026-03-01.")) from error
    return within_years(day)


def _sites(text: str, user: User) -> frozenset[UUID]:
    if not text:
        return user.site_ids
    try:
        site_id = UUID(text)
    except ValueError as error:
        raise InvalidInput(message("The key of the site is not valid.")) from error
    if not user.sees(site_id):
        raise NotFound(message("There is no such site, or your account does not see it."))
    return frozenset({site_id})
