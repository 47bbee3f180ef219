"""What cases.html, the worklist, may know."""

from dataclasses import dataclass

from app.web.pages.contexts import Choice, Moment


@dataclass(frozen=True)
class StateTab:
    """One state with its number of cases; `current` where the list shows only this one."""

    mark: str
    text: str
    count: str
    path: str
    current: bool


@dataclass(frozen=True)
class SortHeader:
    """A column that can be sorted by.

    Parameters
    ----------
    direction
        ``ascending``, ``descending`` or ``none``, as in `aria-sort`.
    """

    text: str
    unit: str | None
    path: str
    direction: str
    numeric: bool


@dataclass(frozen=True)
class WorklistLine:
    """One case; texts are dashes where nothing is known yet.

    Parameters
    ----------
    state_note
        How far classification is, or how many cells failed.
    finding_share
        Of the abnormality that the list is filtered by; None without such a filter.
    """

    id: str
    path: str
    report_path: str | None
    accession_number: str
    origin: str | None
    patient: str
    patient_name: str | None
    state: str
    state_mark: str
    state_note: str | None
    opened: Moment
    age: str
    pmn_count: str
    finding_share: str | None
    score: str
    recommendation: str | None
    recommendation_mark: str
    reader: str | None
    needs_second: bool


@dataclass(frozen=True)
class FilterChip:
    """A saved filter."""

    id: str
    name: str
    path: str
    current: bool


@dataclass(frozen=True)
class FilterFields:
    """What the filter's form holds; `state`, `sort` and `order` stay as they are."""

    text: str
    recommendations: tuple[Choice, ...]
    findings: tuple[Choice, ...]
    least: str
    opened_from: str
    opened_to: str
    readers: tuple[Choice, ...]
    state: str
    sort: str
    order: str


@dataclass(frozen=True)
class WorklistPart:
    """cases.html.

    Parameters
    ----------
    warnings
        What is wrong with the control slides.
    query
        The address of this list without its place, to be kept as a filter.
    finding_title
        The abnormality that the list is filtered by, which then has a column.
    clear_path
        The list without its filter; None where nothing is filtered.
    has_cases
        Whether there is any case at all.
    """

    warnings: tuple[str, ...]
    tabs: tuple[StateTab, ...]
    chips: tuple[FilterChip, ...]
    fields: FilterFields
    query: str
    clear_path: str | None
    headers: tuple[SortHeader, ...]
    finding_title: str | None
    lines: tuple[WorklistLine, ...]
    has_cases: bool
    first_path: str | None
    previous_path: str | None
    next_path: str | None
    as_of: Moment
