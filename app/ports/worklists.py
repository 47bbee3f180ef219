"""The list of cases, and the filters that people keep."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.case_state import CaseState
from app.domain.worklist import (
    SavedFilter,
    SortValue,
    WorklistEntry,
    WorklistFilter,
    WorklistOrder,
    WorklistPosition,
    WorklistSort,
)


class WorklistRepository(Protocol):
    """The worklist: a copy of what is known of each case, made to be sorted and filtered."""

    def put(self, entry: WorklistEntry) -> None:
        """Write a case's line, over the one that is there."""

    def get(self, case_id: UUID) -> WorklistEntry:
        """A case's line; raises `NotFound`."""

    def lines(self, case_ids: Collection[UUID]) -> Mapping[UUID, WorklistEntry]:
        """The lines of several cases, of those that have one."""

    def page(
        self,
        chosen: WorklistFilter,
        order: WorklistOrder,
        position: WorklistPosition | None,
        limit: int,
    ) -> Sequence[WorklistEntry]:
        """Up to `limit` lines on one side of a position, always in the order of the list."""

    def counts(self, chosen: WorklistFilter) -> Mapping[CaseState, int]:
        """Cases in each state; the filter's own states are not looked at."""

    def sort_value(self, case_id: UUID, sort: WorklistSort) -> SortValue:
        """What a case is sorted by now; raises `NotFound`."""

    def missing(self, limit: int) -> Sequence[UUID]:
        """Cases that have no line yet, oldest first."""

    def count_missing(self) -> int:
        """How many cases have no line yet."""

    def patient_names(self, case_ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """Names of the cases' patients, where one is stored."""

    def readers(self, site_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Who reads any case of the sites, by account, in the order of their names."""


class FilterRepository(Protocol):
    """What people search the worklist for, and the filters that they keep."""

    def search_for(self, user_id: UUID, text: str, now: datetime) -> UUID:
        """Keep a search text; the same text of the same person has the same key."""

    def text(self, user_id: UUID, search_id: UUID) -> str:
        """The text behind a key of this person; raises `NotFound`."""

    def forget_before(self, moment: datetime) -> None:
        """Remove search texts that were last asked for before, unless a saved filter has them."""

    def add(self, saved: SavedFilter) -> None:
        """Keep a filter; raises `Conflict` where the person has one of this name."""

    def of_user(self, user_id: UUID) -> Sequence[SavedFilter]:
        """A person's filters, by name."""

    def rename(self, user_id: UUID, filter_id: UUID, name: str) -> None:
        """Give another name; raises `NotFound` and `Conflict`."""

    def remove(self, user_id: UUID, filter_id: UUID) -> None:
        """Remove a filter; one that is not there stays away."""
