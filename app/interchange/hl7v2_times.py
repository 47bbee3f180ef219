"""Times of HL7 v2 (data type TS, chapter 2A of v2.5.1), as exactly as they are known."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from app.domain.order import CollectionTime, Precision

_DIGITS = {Precision.YEAR: 4, Precision.MONTH: 6, Precision.DAY: 8, Precision.MINUTE: 12}
_TIME = re.compile(
    r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(?:(\d\d)(?:\.(\d{1,4}))?)?)?([+-]\d{4})?\Z"
)


def timestamp(moment: datetime) -> str:
    """A time with its zone, to the second: ``20260301093000+0000``."""
    return moment.strftime("%Y%m%d%H%M%S%z")


def collection_timestamp(collected: CollectionTime) -> str:
    """A time as exactly as it is known: ``20260301`` of a day, whose zone nobody knows."""
    if collected.precision.is_date:
        return collected.at.date().isoformat().replace("-", "")[: _DIGITS[collected.precision]]
    whole = timestamp(collected.at)
    return whole if collected.precision is Precision.SECOND else whole[:12] + whole[14:]


def read_collection(text: str, zone: tzinfo) -> CollectionTime:
    """The same back; an hour counts as known to the minute. Raises as `read_time` does."""
    digits = len(re.split(r"[.+-]", text, maxsplit=1)[0])
    precision = next((known for known, most in _DIGITS.items() if digits <= most), Precision.SECOND)
    at = read_time(text, zone)
    return CollectionTime(at.replace(tzinfo=UTC) if precision.is_date else at, precision)


def read_time(text: str, zone: tzinfo) -> datetime:
    """Read a time of any precision; what is not given is the earliest.

    Parameters
    ----------
    zone
        Of a time that names none.

    Raises
    ------
    ValueError
        If it is no time.
    """
    found = _TIME.match(text)
    if found is None:
        raise ValueError("not a time of HL7: YYYYMMDDHHMMSS+ZZZZ")
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    return datetime(
        int(year),
        int(month or 1),
        int(day or 1),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int((fraction or "0").ljust(6, "0")),
        tzinfo=_offset(offset) if offset else zone,
    )


def _offset(text: str) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
