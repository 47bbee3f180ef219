"""Days in addresses, in UTC."""

from datetime import UTC, date, datetime, time, timedelta

from app.domain.errors import InvalidInput
from app.domain.message import message

# Wider than any case: a day outside of it is a slip of the pen, and databases refuse some.
FIRST_YEAR, LAST_YEAR = 1900, 2999


def within_years(day: date) -> date:
    """The day, if databases and calendars can go on from it; else raises `InvalidInput`."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidInput(
            message(
                "The year must lie between {first} and {last}.",
                first=str(FIRST_YEAR),
                last=str(LAST_YEAR),
            )
        )
    return day


def start_of(day: str) -> datetime | None:
    """When a day begins; None where none was given. Raises `InvalidInput`."""
    return _moment(day, timedelta())


def end_of(day: str) -> datetime | None:
    """When the next day begins; None where none was given. Raises `InvalidInput`."""
    return _moment(day, timedelta(days=1))


def _moment(day: str, later: timedelta) -> datetime | None:
    if not day:
        return None
    try:
        return datetime.combine(date.fromisoformat(day), time(), UTC) + later
    # The last day that there is has no next one.
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            message("Write a day as year-month-day, for example 2026-03-01.")
        ) from error
