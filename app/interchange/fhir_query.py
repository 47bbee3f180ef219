"""The parameters of a FHIR search, read strictly: what is not understood is not ignored."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from app.domain.case_state import CaseState
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.interchange import fhir_keys
from app.interchange.codes import Namespaces
from app.interchange.fhir_conformance import SEARCH
from app.interchange.fhir_view import Status
from app.ports.reports import ReportFilter

MOST_ENTRIES = 100
# A draft is counted anew for each answer, which takes about a tenth of a second.
USUAL_ENTRIES = 10
REPORT_STATUS = "http://hl7.org/fhir/diagnostic-report-status"
COUNT, AFTER = "_count", "_after"
_OF_THE_ANSWER = {"_format", "_pretty"}
_MOMENT = re.compile(
    r"(?P<prefix>[a-z]{2})?(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?P<fraction>\.\d+)?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?"
)
# In which states the worklist may show a report of this status; the report itself decides.
_STATES = {
    Status.REGISTERED: {CaseState.EMPTY, CaseState.UPLOADING},
    Status.PARTIAL: {CaseState.UPLOADING, CaseState.CLASSIFYING},
    Status.PRELIMINARY: {CaseState.UPLOADING, CaseState.TO_REVIEW, CaseState.REVIEWED},
    Status.FINAL: {CaseState.SIGNED},
    Status.AMENDED: {CaseState.AMENDED},
    Status.CORRECTED: {CaseState.AMENDED},
    Status.CANCELLED: {CaseState.CANCELLED},
}

Parameters = Sequence[tuple[str, str]]
Value = TypeVar("Value")


@dataclass(frozen=True)
class ReportQuery:
    """A search for reports.

    Parameters
    ----------
    statuses
        Empty: all.
    after
        The last report of the page before.
    used
        The parameters that were understood, for the link to the search itself.
    """

    chosen: ReportFilter
    statuses: frozenset[Status]
    count: int
    after: UUID | None
    used: Parameters


def parse_query(
    given: Parameters, site_ids: frozenset[UUID], names: Namespaces, base_url: str
) -> ReportQuery:
    """Read the parameters of a search for DiagnosticReports.

    Raises
    ------
    InvalidInput
        If one is unknown, or has a value that cannot be understood.
    """
    known = {*SEARCH, COUNT, AFTER, *_OF_THE_ANSWER}
    if unknown := sorted({name for name, _ in given} - known):
        raise InvalidInput(
            message(
                "Reports cannot be searched by {name}. Known are {known}.",
                name=unknown[0],
                known=", ".join([*SEARCH, COUNT]),
            )
        )
    used = [(name, value) for name, value in given if name not in {*_OF_THE_ANSWER, AFTER}]
    statuses = _statuses(used)
    signed_from, signed_before = _signed(_values(used, "_lastUpdated"))
    return ReportQuery(
        chosen=ReportFilter(
            site_ids=site_ids,
            case_ids=_keys(_values(used, "_id"), "DiagnosticReport", base_url),
            accession_numbers=_tokens(_values(used, "identifier"), names.accession_numbers),
            patient_ids=_patients(used, base_url),
            states=frozenset().union(*(_STATES[item] for item in statuses)) if statuses else None,
            signed_from=signed_from,
            signed_before=signed_before,
        ),
        statuses=statuses,
        count=_count(_values(used, COUNT)),
        after=_after(_values(given, AFTER)),
        used=used,
    )


def _values(given: Parameters, *names: str) -> list[str]:
    return [value for name, value in given if name in names]


def _alternatives(value: str) -> list[str]:
    """What commas separate; a comma of the value itself is escaped (R4, 3.1.1.4.0.1)."""
    parts = re.split(r"(?<!\\),", value)
    return [re.sub(r"\\([\\,|$])", r"\1", part) for part in parts]


def _together(sets: Iterable[frozenset[Value]]) -> frozenset[Value] | None:
    """A parameter that is repeated asks for both; None where it is not given."""
    found: frozenset[Value] | None = None
    for item in sets:
        found = item if found is None else found & item
    return found


def _tokens(values: list[str], own_system: str) -> frozenset[str] | None:
    def of(value: str) -> frozenset[str]:
        parts = (part.rpartition("|") for part in _alternatives(value))
        return frozenset(code for system, bar, code in parts if not bar or system == own_system)

    return _together(of(value) for value in values)


def _keys(values: list[str], kind: str, base_url: str) -> frozenset[UUID] | None:
    def of(value: str) -> frozenset[UUID]:
        found = (
            fhir_keys.case_of(part.removeprefix(f"{base_url}/").removeprefix(f"{kind}/"))
            for part in _alternatives(value)
        )
        return frozenset(key for key in found if key)

    return _together(of(value) for value in values)


def _patients(used: Parameters, base_url: str) -> frozenset[UUID] | None:
    return _keys(_values(used, "patient", "subject"), "Patient", base_url)


def _statuses(used: Parameters) -> frozenset[Status]:
    found = _together(
        frozenset(item.removeprefix(f"{REPORT_STATUS}|") for item in _alternatives(value))
        for value in _values(used, "status")
    )
    try:
        return frozenset(Status(item) for item in found or ())
    except ValueError as error:
        raise InvalidInput(
            message(
                "A status is one of {known}.", known=", ".join(status.value for status in Status)
            )
        ) from error


def _count(values: list[str]) -> int:
    if not values:
        return USUAL_ENTRIES
    text = values[-1]
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise InvalidInput(message("{name} must be a number from 1 on.", name=COUNT))
    return min(int(text), MOST_ENTRIES)


def _after(values: list[str]) -> UUID | None:
    if not values:
        return None
    key = fhir_keys.case_of(values[-1])
    if key is None:
        raise InvalidInput(message("This page is not known. Begin the search again."))
    return key


def _signed(values: list[str]) -> tuple[datetime | None, datetime | None]:
    """From which moment on and before which; each value may narrow it."""
    since, until = [], []
    for value in values:
        prefix, low, high = _period(value)
        if prefix in {"eq", "ge"}:
            since.append(low)
        if prefix in {"gt", "sa"}:
            since.append(high)
        if prefix in {"eq", "le"}:
            until.append(high)
        if prefix in {"lt", "eb"}:
            until.append(low)
    return max(since, default=None), min(until, default=None)


def _period(value: str) -> tuple[str, datetime, datetime]:
    """A prefix, and the period that a moment stands for: a day is the whole of it, in UTC.

    In a query a plus that nobody escaped is a blank.
    """
    match = _MOMENT.fullmatch(value.replace(" ", "+"))
    prefix = (match["prefix"] or "eq") if match else ""
    if match is None or prefix not in {"eq", "ge", "gt", "sa", "le", "lt", "eb"}:
        raise _no_moment()
    try:
        low = _begin(match)
        return prefix, low, _end(match, low)
    except (ValueError, OverflowError) as error:
        raise _no_moment() from error


def _no_moment() -> InvalidInput:
    return InvalidInput(
        message(
            "_lastUpdated must be a date or a time with its zone, after eq, ge, gt, le, lt, sa, "
            "eb or nothing."
        )
    )


def _begin(match: re.Match[str]) -> datetime:
    zone = (match["zone"] or "Z").replace("Z", "+00:00")
    fraction = round(float(match["fraction"] or 0) * 1_000_000)
    text = (
        f"{match['year']}-{match['month'] or '01'}-{match['day'] or '01'}"
        f"T{match['hour'] or '00'}:{match['minute'] or '00'}:{match['second'] or '00'}{zone}"
    )
    return datetime.fromisoformat(text).astimezone(UTC) + timedelta(microseconds=fraction)


def _end(match: re.Match[str], low: datetime) -> datetime:
    if match["month"] is None:
        return low.replace(year=low.year + 1)
    if match["day"] is None:
        return (low + timedelta(days=32)).replace(day=1)
    if match["hour"] is None:
        return low + timedelta(days=1)
    if match["second"] is None:
        return low + timedelta(minutes=1)
    digits = len((match["fraction"] or ".")[1:])
    # A second, or the last of the digits that were given of one.
    return low + timedelta(microseconds=int(10 ** (6 - min(digits, 6))))
