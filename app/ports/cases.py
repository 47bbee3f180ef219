"""Patients, cases, deliveries and cells."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.case import Case, ClinicalContext, NewCase, Patient, Progress, Upload
from app.domain.cell import Cell
from app.domain.finding import CellFindings

Clock = Callable[[], datetime]
"""The time now, in UTC with its zone."""


@dataclass(frozen=True)
class CaseSummary:
    """One line of the list of cases."""

    case: Case
    progress: Progress


@dataclass(frozen=True)
class CasePlace:
    """The case that something belongs to, and the case's site; of an erased case too."""

    case_id: UUID
    site_id: UUID


class CaseRepository(Protocol):
    """Patients, cases and uploads."""

    def add(self, new: NewCase, created_at: datetime) -> Case:
        """Open a case; raises `Conflict` where the accession number exists."""

    def get(self, case_id: UUID) -> Case:
        """One case; raises `NotFound`, and `Gone` where it was erased."""

    def lock(self, case_id: UUID) -> None:
        """Hold the case until the transaction ends, so that uploads number cells in turn.

        Raises `Gone` where it was erased: whoever has read the case a moment ago, and would write
        about its patient now, must not.
        """

    def find(self, accession_number: str, site_ids: Collection[UUID]) -> Case | None:
        """The case of one of the sites with exactly this accession number, the newest of them."""

    def page(
        self,
        before: UUID | None,
        limit: int,
        digest: str,
        site_ids: Collection[UUID] | None = None,
    ) -> Sequence[CaseSummary]:
        """Cases, newest first, older than `before`, with their progress under a bundle.

        Only those of the given sites; None in the product's own work alone.
        """

    def several(self, case_ids: Sequence[UUID], digest: str) -> Sequence[CaseSummary]:
        """Those of the cases that are there, in the given order."""

    def set_context(self, case_id: UUID, context: ClinicalContext) -> None:
        """Replace what the requester knows of the patient."""

    def patients(
        self, before: UUID | None, limit: int, site_ids: Collection[UUID]
    ) -> Sequence[Patient]:
        """Patients with a case in one of the sites, newest first, older than `before`."""

    def of_patient(self, patient_id: UUID) -> Sequence[Case]:
        """All cases of a patient, oldest first."""

    def place(self, case_id: UUID) -> CasePlace | None:
        """Where a case belongs; None where there is no such case."""

    def place_of_cell(self, cell_id: UUID) -> CasePlace | None:
        """Where a cell belongs; None where there is no such cell."""

    def place_of_upload(self, upload_id: UUID) -> CasePlace | None:
        """Where a delivery belongs; None where there is no such delivery."""

    def patient(self, patient_id: UUID) -> Patient:
        """One patient; raises `NotFound`."""

    def add_upload(self, upload: Upload) -> None:
        """Record a delivery."""

    def upload(self, upload_id: UUID) -> Upload:
        """One delivery; raises `NotFound`."""

    def uploads_of(self, case_id: UUID) -> Sequence[Upload]:
        """All deliveries of a case, in the order in which they began."""

    def recorded_uploads(self, upload_ids: Sequence[UUID]) -> Sequence[Upload]:
        """Those of the deliveries that are there."""


class CellRepository(Protocol):
    """Cells, findings and failures."""

    def add(self, cells: Sequence[Cell]) -> None:
        """Store new cells."""

    def get(self, cell_id: UUID) -> Cell:
        """One cell; raises `NotFound`."""

    def of_case(self, case_id: UUID) -> Sequence[Cell]:
        """All cells of a case by ordinal."""

    def of_upload(self, upload_id: UUID) -> Sequence[Cell]:
        """The cells that one delivery brought, by ordinal."""

    def known_pixels(self, case_id: UUID) -> set[str]:
        """`pixel_sha256` of the case's cells."""

    def unread(self, cell_ids: Sequence[UUID], digest: str) -> Sequence[Cell]:
        """Those of the cells that have neither findings nor a failure under the bundle."""

    def unread_of_case(self, case_id: UUID, digest: str) -> Sequence[UUID]:
        """Keys of the case's cells with neither findings nor a failure under the bundle."""

    def has_unread(self, upload_id: UUID, digest: str) -> bool:
        """Whether a cell of the delivery has neither findings nor a failure under the bundle."""

    def read_by_another(self, case_id: UUID, digest: str) -> Sequence[UUID]:
        """Cells that only another bundle has read or failed on."""

    def add_findings(self, findings: Iterable[CellFindings], found_at: datetime) -> None:
        """Append; what is there already under the same bundle stays as it is."""

    def add_failure(self, cell_id: UUID, digest: str, reason: str, failed_at: datetime) -> None:
        """Note that a cell could not be classified."""

    def findings(self, cell_ids: Sequence[UUID], digest: str) -> Mapping[UUID, CellFindings]:
        """Findings under one bundle, by cell."""

    def failures(self, case_id: UUID, digest: str) -> Mapping[UUID, str]:
        """Reasons of failure under one bundle, by cell."""

    def progress(self, case_id: UUID, digest: str) -> Progress:
        """How far one bundle is with a case."""

    def latest_of(self, digest: str, limit: int) -> Sequence[Cell]:
        """The newest cells that a bundle has read, newest first."""

    def latest_bundle(self, case_id: UUID) -> str | None:
        """Digest of the bundle that read a cell of the case last."""
