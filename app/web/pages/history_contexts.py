"""What the pages of the history, and of erasing, may know."""

from dataclasses import dataclass

from app.web.pages.contexts import Choice, Moment


@dataclass(frozen=True)
class HistoryFields:
    """What the history is narrowed by, as typed."""

    text: str
    people: tuple[Choice, ...]
    opened_from: str
    opened_to: str


@dataclass(frozen=True)
class HistoryRow:
    """One case; an erased one has no name any more."""

    path: str
    accession_number: str
    patient: str
    opened: Moment
    state: str
    versions: str
    erased: Moment | None


@dataclass(frozen=True)
class HistoryPage:
    """history.html: cases, newest first."""

    fields: HistoryFields
    rows: tuple[HistoryRow, ...]
    clear_path: str | None
    older_path: str | None


@dataclass(frozen=True)
class TimelineRow:
    """One thing that happened; `kind` also names the row's mark."""

    at: Moment
    kind: str
    mark: str
    who: str
    what: str


@dataclass(frozen=True)
class TimelinePage:
    """timeline.html.

    Parameters
    ----------
    case_path, erase_path, export_path
        None where the user may not go there, or the case is erased.
    """

    title: str
    case_key: str
    erased: Moment | None
    rows: tuple[TimelineRow, ...]
    audit_path: str | None
    case_path: str | None
    erase_path: str | None
    export_path: str | None


@dataclass(frozen=True)
class ErasePage:
    """erase.html: what will be gone, and the reason."""

    path: str
    back_path: str
    cases: tuple[str, ...]
    cell_count: str
    reason: str
    error: str | None


@dataclass(frozen=True)
class ErasureRow:
    """The proof of one erasure, in words."""

    at: Moment
    case_count: str
    images: str
    cause: str
    reason: str
    who: str
    state: str
    proof_path: str


@dataclass(frozen=True)
class DataPage:
    """data.html: how long cases are kept, what is over, and what was erased."""

    rules: tuple[str, ...]
    overdue: tuple[HistoryRow, ...]
    overdue_note: str
    erasures: tuple[ErasureRow, ...]
    done: str | None = None
