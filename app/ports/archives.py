"""A whole case at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.case import Patient
from app.domain.case_records import BundleRecord, CaseRecords


class ArchiveRepository(Protocol):
    """A whole case at once: to move it to another instance."""

    def read(self, case_id: UUID, bundle_digest: str) -> CaseRecords:
        """All of a case, with the findings of one bundle; raises `NotFound`."""

    def bundles(self, digests: Collection[str]) -> Sequence[BundleRecord]:
        """Those bundles that are known here."""

    def patients(self, identifier: str, site_ids: Collection[UUID]) -> Sequence[Patient]:
        """The sites' patients with exactly this identifier, at most one of each site."""

    def is_here(self, records: CaseRecords) -> bool:
        """Whether the case, or one of its cells, is stored already."""

    def write(self, records: CaseRecords, now: datetime) -> None:
        """Store a case whose accounts are there; raises `Conflict`."""
