"""The history of all cases, erased ones too."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from app.domain.timeline import BundleReading, Deed, HistoryFilter, HistoryLine


class HistoryRepository(Protocol):
    """What an administrator or an auditor searches."""

    def page(
        self,
        chosen: HistoryFilter,
        site_ids: Collection[UUID],
        before: UUID | None,
        limit: int,
    ) -> Sequence[HistoryLine]:
        """Cases of the sites, newest first, older than `before`."""

    def line(self, case_id: UUID) -> HistoryLine:
        """One case; raises `NotFound`."""

    def bundles_of(self, case_id: UUID) -> Sequence[BundleReading]:
        """The bundles that read cells of a case."""

    def interpretations(self, case_id: UUID) -> Sequence[Deed]:
        """Every time that the interpretation was written, or taken away."""

    def amendments(self, case_id: UUID) -> Sequence[Deed]:
        """Every amendment that was opened, signed ones too."""
