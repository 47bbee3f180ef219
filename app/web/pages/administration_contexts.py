"""What the pages of administration may know."""

from dataclasses import dataclass

from app.web.pages.contexts import Choice, Moment


@dataclass(frozen=True)
class SectionLink:
    """One room of the administration, and what is done there."""

    path: str
    title: str
    purpose: str


@dataclass(frozen=True)
class AdministrationPage:
    """administration.html."""

    sections: tuple[SectionLink, ...]


@dataclass(frozen=True)
class AuditFields:
    """What the list of entries is narrowed by, as typed."""

    account: tuple[Choice, ...]
    action: str
    outcome: tuple[Choice, ...]
    since: str
    until: str
    case: str


@dataclass(frozen=True)
class AuditLine:
    """One entry; texts are empty where nothing is known.

    Parameters
    ----------
    outcome_mark
        A sign beside the word for what was refused or failed.
    case_path
        The timeline of the case; None without one.
    change
        What it was before and is after, as text.
    """

    sequence: str
    at: Moment
    who: str
    role: str
    address: str
    act: str
    action: str
    outcome: str
    outcome_mark: str
    case_key: str
    case_path: str | None
    subject: str
    change: str


@dataclass(frozen=True)
class AuditPage:
    """audit.html: entries, newest first."""

    fields: AuditFields
    lines: tuple[AuditLine, ...]
    head: str
    clear_path: str | None
    older_path: str | None
    export_path: str
