"""Finding reports as other systems ask for them: by exact values, never by parts of a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.case_state import CaseState


@dataclass(frozen=True)
class ReportFilter:
    """Which reports; None does not ask, and an empty set finds nothing.

    Parameters
    ----------
    site_ids
        The sites that whoever asks sees.
    signed_from, signed_before
        Of the latest signature; what is not signed, or opened again, is not found by it.
    """

    site_ids: frozenset[UUID]
    case_ids: frozenset[UUID] | None = None
    accession_numbers: frozenset[str] | None = None
    patient_ids: frozenset[UUID] | None = None
    states: frozenset[CaseState] | None = None
    signed_from: datetime | None = None
    signed_before: datetime | None = None


class ReportSearchRepository(Protocol):
    """Finds the cases of reports."""

    def page(self, chosen: ReportFilter, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Keys of cases, those that were opened last first; older than `after`."""
