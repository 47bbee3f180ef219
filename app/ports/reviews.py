"""What readers decide, write and sign."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.discussion import Comment
from app.domain.report import Interpretation
from app.domain.review import CellReview, Reading
from app.domain.signing import Amendment, ReadingState, SignedVersion
from app.domain.user import User


class ReviewRepository(Protocol):
    """What readers decide, and who has which reading of a case."""

    def of_case(self, case_id: UUID) -> Sequence[CellReview]:
        """All events of a case by sequence."""

    def last_sequence(self, case_id: UUID) -> int:
        """Of the case's latest event; 0 without any."""

    def add(self, reviews: Sequence[CellReview]) -> None:
        """Append; the case must be held by `CaseRepository.lock`."""

    def readings(self, case_id: UUID) -> Mapping[Reading, ReadingState]:
        """Who has the first and the second reading."""

    def assign(self, case_id: UUID, reading: Reading, reader: User, by: User, at: datetime) -> None:
        """Give a reading to a reader; whoever had it has it no longer."""

    def finish(self, case_id: UUID, reading: Reading, at: datetime | None) -> None:
        """Note that a reading is finished, or with None that it goes on."""

    def withdraw(self, case_id: UUID, reading: Reading) -> None:
        """Take a reading back; the events of it stay."""


class DiscussionRepository(Protocol):
    """What people write about cells and cases; append-only."""

    def add_comment(self, comment: Comment) -> None:
        """Store a comment."""

    def comments(self, case_id: UUID) -> Sequence[Comment]:
        """All comments on a case and its cells, oldest first."""

    def add_interpretation(self, case_id: UUID, text: str, author: User, at: datetime) -> None:
        """Store what from now on stands under the numbers."""

    def interpretation(self, case_id: UUID) -> Interpretation | None:
        """The latest one."""

    def interpreters(self, case_id: UUID) -> set[UUID]:
        """Accounts that ever wrote one."""


class VersionRepository(Protocol):
    """Signed reports and amendments."""

    def add(self, version: SignedVersion) -> None:
        """Store a version; raises `Conflict` where the number is taken."""

    def of_case(self, case_id: UUID) -> Sequence[SignedVersion]:
        """All versions of a case, oldest first."""

    def get(self, case_id: UUID, number: int) -> SignedVersion:
        """One version; raises `NotFound`."""

    def count(self, case_id: UUID) -> int:
        """How many versions are signed."""

    def amendment(self, case_id: UUID) -> Amendment | None:
        """The amendment that is open."""

    def open_amendment(self, amendment: Amendment) -> None:
        """Open a signed case again; raises `Conflict` where it is open already."""

    def close_amendment(self, case_id: UUID, at: datetime) -> None:
        """Note that the amendment was signed."""
