"""The worklist: one line a case, and what it is filtered and sorted by."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.case import MAX_NAME_LENGTH, Case, CaseOrigin
from app.domain.case_state import CaseState
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.domain.screening import Recommendation
from app.domain.site import DEFAULT_SITE_ID

MAX_FILTER_NAME_LENGTH = 60
WHOLE_PERCENT = 100


class WorklistSort(StrEnum):
    """What the worklist can be sorted by."""

    OPENED = "opened"
    ACCESSION = "accession"
    PATIENT = "patient"
    STATE = "state"
    PMN_COUNT = "pmn"
    SCORE = "score"
    READER = "reader"

    @property
    def identifies(self) -> bool:
        """Whether the value names a case or patient, and so must not stand in an address."""
        return self in {WorklistSort.ACCESSION, WorklistSort.PATIENT}


SortValue = str | int | float | datetime | None
"""What a line is sorted by; None comes last in both directions."""


@dataclass(frozen=True)
class WorklistOrder:
    """Sorted by one value, equal ones by the key of the case in the same direction."""

    sort: WorklistSort = WorklistSort.OPENED
    descending: bool = True


@dataclass(frozen=True)
class WorklistPosition:
    """A place in the sorted list: the line that a page begins after, or ends before."""

    value: SortValue
    case_id: UUID
    backwards: bool = False


@dataclass(frozen=True)
class WorklistFilter:
    """Which cases are shown; what is not given leaves nothing out.

    Parameters
    ----------
    states
        Empty: every state.
    opened_from, opened_to
        Days in UTC; both belong to the range.
    finding, least_percent
        Cases in which so many of 100 counted PMN, and at least one, show the abnormality.
    text
        Part of the accession number or the patient identifier, in any case.
    reader_id, unread
        Whose reading it is, or that it is nobody's yet.
    site_ids
        The sites that whoever asks sees; None only where nobody asks, in the product's own work.
    """

    states: frozenset[CaseState] = frozenset()
    opened_from: date | None = None
    opened_to: date | None = None
    recommendation: Recommendation | None = None
    finding: Abnormality | None = None
    least_percent: float = 0.0
    text: str = ""
    reader_id: UUID | None = None
    unread: bool = False
    site_ids: frozenset[UUID] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.least_percent <= WHOLE_PERCENT:
            raise InvalidInput(message("The least share of cells must lie between 0 and 100 %."))
        if self.opened_from and self.opened_to and self.opened_from > self.opened_to:
            raise InvalidInput(
                message("The first day lies after the last one. Change one of them.")
            )
        if len(self.text) > MAX_NAME_LENGTH:
            raise InvalidInput(
                message("Search for at most {most} characters.", most=MAX_NAME_LENGTH)
            )

    @property
    def is_empty(self) -> bool:
        """Whether it leaves nothing out of what is seen."""
        return replace(self, site_ids=None) == WorklistFilter()


@dataclass(frozen=True)
class WorklistEntry:
    """One case as the worklist shows it.

    Parameters
    ----------
    pmn_count, abnormality_counts
        Counted PMN, and how many of them show each abnormality; None until every cell is read,
        since a part would look like the whole.
    score, cut_off
        0-1, with the cut-off of the rule that it was made with; None where there is no score.
    """

    case_id: UUID
    accession_number: str
    patient_identifier: str
    origin: CaseOrigin
    opened_at: datetime
    state: CaseState
    cell_count: int = 0
    pending_count: int = 0
    failed_count: int = 0
    pmn_count: int | None = None
    abnormality_counts: Mapping[Abnormality, int] | None = None
    score: float | None = None
    cut_off: float | None = None
    recommendation: Recommendation | None = None
    reader_id: UUID | None = None
    reader_name: str | None = None
    needs_second: bool = False
    site_id: UUID = DEFAULT_SITE_ID


def opened(case: Case) -> WorklistEntry:
    """The line of a case that has just been opened."""
    return WorklistEntry(
        case_id=case.id,
        accession_number=case.accession_number,
        patient_identifier=case.patient.identifier,
        origin=case.origin,
        opened_at=case.created_at,
        state=CaseState.EMPTY,
        site_id=case.site_id,
    )


@dataclass(frozen=True)
class SavedFilter:
    """A filter that a person keeps under a name; `content` is its query without the search text.

    The text is stored apart (`search_id`): it may be a patient's identifier.
    """

    id: UUID
    user_id: UUID
    name: str
    content: Mapping[str, str]
    search_id: UUID | None = None


def folded(text: str) -> str:
    """The text as it is compared: without differences of case, width or composition."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def filter_name(text: str) -> str:
    """The name of a saved filter, checked.

    Raises
    ------
    InvalidInput
        If it is empty, too long or holds characters that cannot be seen.
    """
    name = text.strip()
    if not name or len(name) > MAX_FILTER_NAME_LENGTH or not name.isprintable():
        raise InvalidInput(
            message(
                "Give the filter a name of 1 to {most} visible characters.",
                most=MAX_FILTER_NAME_LENGTH,
            )
        )
    return name
