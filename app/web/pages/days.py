"""Days in the addresses of the administration's lists, in UTC."""

from datetime import UTC, date, datetime, time, timedelta

from app.domain.errors import InvalidInput
from app.domain.message import message


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
