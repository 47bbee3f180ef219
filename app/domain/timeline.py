"""The life of a case: everything that happened to it, in the order in which it did."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.case_state import CaseState


class EventKind(StrEnum):
    """What kind of thing happened."""

    DATA = "data"
    """Opened, sent, classified, erased."""
    READING = "reading"
    """Readings, decisions, remarks."""
    REPORT = "report"
    """Signed, amended."""
    ACCESS = "access"
    """Looked at, exported, refused."""


@dataclass(frozen=True)
class TimelineEvent:
    """One thing that happened.

    Parameters
    ----------
    who
        Printed name or name of the account; empty for the product itself.
    what
        A sentence for people, from the catalogue.
    """

    at: datetime
    kind: EventKind
    who: str
    what: str


@dataclass(frozen=True)
class BundleReading:
    """That a bundle has read cells of a case, and when it began and ended."""

    bundle_digest: str
    cell_count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Deed:
    """That somebody did something, and when."""

    at: datetime
    who: str


@dataclass(frozen=True)
class HistoryFilter:
    """Which cases of the history; None does not ask.

    Parameters
    ----------
    text
        Part of accession number, patient identifier or patient name, in any case.
    person_id
        An account that read, decided, signed, amended or commented.
    """

    text: str = ""
    person_id: UUID | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None


@dataclass(frozen=True)
class HistoryLine:
    """One case of the history, erased ones too.

    Parameters
    ----------
    state
        None for an erased case.
    """

    case_id: UUID
    patient_id: UUID
    accession_number: str
    patient_identifier: str
    site_id: UUID
    opened_at: datetime
    state: CaseState | None
    version_count: int
    erased_at: datetime | None
