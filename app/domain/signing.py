"""Signing: what must be there before, and what a signature is.

21 CFR 11.50: a signature shows the printed name of the signer, date and time, and its meaning, on
every human-readable copy. A signed report never changes; a later change is an amendment with its
reason, and makes a version of its own.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.case import Progress
from app.domain.message import Message, message

MAX_REASON_LENGTH = 2000
# What a database's integer holds: anything beyond it is no version of any case.
MOST_VERSIONS = 2**31 - 1


class Meaning(StrEnum):
    """What a signer vouches for."""

    REVIEWED = "reviewed"
    AMENDED = "amended"

    @property
    def wording(self) -> str:
        """As it is printed under the signature."""
        return _MEANINGS[self]


_MEANINGS = {
    Meaning.REVIEWED: "Reviewed the cells and approves this report",
    Meaning.AMENDED: "Amended the report and approves this version",
}


@dataclass(frozen=True)
class Signature:
    """Who vouches for a version of a report."""

    signer_id: UUID
    printed_name: str
    at: datetime
    meaning: Meaning
    reason: str | None = None
    """Why a signed report was amended; None for the first version."""
    account_name: str = ""
    """The signer's account, beside a printed name that is free; empty where it was not kept."""

    @property
    def signer(self) -> str:
        """The printed name, and the account where it says more."""
        return signer_text(self.printed_name, self.account_name)

    def repeats(self, other: "Signature") -> bool:
        """Whether both say the same; the account's key is another in another instance."""
        return replace(self, signer_id=other.signer_id) == other


def signer_text(printed_name: str, account_name: str) -> str:
    """Who signs, as it is printed: ``Dr Ann (ann)``; full names are free, and not unique."""
    if account_name in {"", printed_name}:
        return printed_name
    return f"{printed_name} ({account_name})"


@dataclass(frozen=True)
class SignedVersion:
    """One immutable version of a case's report.

    Parameters
    ----------
    number
        1, 2, ... within the case.
    content
        The report as canonical JSON text, the signature included.
    sha256
        Hexadecimal digest of `content` in UTF-8.
    """

    id: UUID
    case_id: UUID
    number: int
    signature: Signature
    content: str
    sha256: str


@dataclass(frozen=True)
class Amendment:
    """A signed case that was opened again, and why; it ends with the next signature."""

    case_id: UUID
    opened_by: UUID
    opened_by_name: str
    opened_at: datetime
    reason: str


@dataclass(frozen=True)
class ReadingState:
    """Who has a reading of a case, and whether it is finished."""

    reader_id: UUID
    reader_name: str
    assigned_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class ReviewState:
    """What a signature depends on.

    Parameters
    ----------
    unreviewed_count
        Cells that a reader must look at and that nobody has.
    second_required
        Whether the laboratory's rule asks for a second reader here.
    unsettled_count
        Cells that both readers have read otherwise, and that are not settled.
    """

    first: ReadingState | None
    second: ReadingState | None
    unreviewed_count: int
    second_required: bool
    unsettled_count: int


def missing(progress: Progress, state: ReviewState) -> tuple[Message, ...]:
    """What stands between a case and its signature, in sentences; empty where nothing does."""
    found = []
    if not progress.cell_count:
        found.append(message("The case has no cells."))
    if not progress.done:
        found.append(_waiting(progress.pending_count))
    if state.unreviewed_count:
        found.append(not_reviewed(state.unreviewed_count))
    return (*found, *_missing_of_second(state))


def _missing_of_second(state: ReviewState) -> list[Message]:
    if state.second is None:
        if not state.second_required:
            return []
        return [message("A second reader must read this case; none is named yet.")]
    found = []
    if state.first is None or state.first.finished_at is None:
        found.append(message("The first reading is not finished."))
    if state.second.finished_at is None:
        found.append(
            message(
                "The second reading, by {name}, is not finished.", name=state.second.reader_name
            )
        )
    if not found and state.unsettled_count:
        found.append(_not_settled(state.unsettled_count))
    return found


def _waiting(count: int) -> Message:
    if count == 1:
        return message("1 cell waits for classification.")
    return message("{count} cells wait for classification.", count=count)


def not_reviewed(count: int) -> Message:
    """Say how many cells a reader must still look at."""
    if count == 1:
        return message("1 cell of low confidence is not reviewed.")
    return message("{count} cells of low confidence are not reviewed.", count=count)


def _not_settled(count: int) -> Message:
    if count == 1:
        return message("The readers differ on 1 cell that is not settled.")
    return message("The readers differ on {count} cells that are not settled.", count=count)
