"""The statistics of the laboratory's work."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.domain.statistics import (
    CaseMeasures,
    CaseOverrides,
    DayCount,
    OutboxState,
    OverrideSums,
    Recommended,
    SiteWeek,
    StatisticsFilter,
    Turnaround,
)


@dataclass(frozen=True)
class CaseVector:
    """The mean embedding of a case's cells; `vector` (64,)."""

    site_id: UUID
    bundle_digest: str
    week: date
    vector: NDArray[np.float32] = field(compare=False)


class StatisticsRepository(Protocol):
    """What cases add to the statistics, and the sums of it."""

    def measured_by(self, case_id: UUID) -> str | None:
        """Digest of the bundle that a case counts under; None where it does not count yet."""

    def put_measures(self, measures: CaseMeasures) -> None:
        """Write what a case adds, over what is there."""

    def put_overrides(
        self, case_id: UUID, overrides: Sequence[CaseOverrides], signed_at: datetime
    ) -> None:
        """Write what was decided otherwise on a case, over all that is there."""

    def unmeasured(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Cases that have images and do not count yet, in the order of their keys."""

    def outbox(self) -> Sequence[OutboxState]:
        """What is still to be told to other systems, by kind, of all sites."""

    def days(self, chosen: StatisticsFilter) -> Sequence[DayCount]:
        """Every day of the period on which something happened, in order."""

    def turnarounds(self, chosen: StatisticsFilter) -> Sequence[Turnaround]:
        """Cases whose first image came within the period."""

    def recommended(self, chosen: StatisticsFilter) -> Recommended:
        """Cases that were opened within the period."""

    def demonstrations(self, chosen: StatisticsFilter) -> int:
        """Cases opened within the period that are not a laboratory's own."""

    def overrides(self, chosen: StatisticsFilter) -> Sequence[OverrideSums]:
        """Of the cases whose latest signature lies within the period."""

    def weeks(self, chosen: StatisticsFilter) -> Sequence[SiteWeek]:
        """All weeks up to the period's end: the baseline mostly lies before it."""

    def vectors(self, chosen: StatisticsFilter) -> Sequence[CaseVector]:
        """Of the cases in these weeks."""
