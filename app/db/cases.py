"""Patients, cases and uploads in SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload
from uuid_utils.compat import uuid7

from app.db.cells import SqlCellRepository
from app.db.inserting import insert_new
from app.db.mapping import (
    from_context,
    from_name,
    from_patient,
    from_upload,
    to_case,
    to_patient,
    to_upload,
)
from app.db.site_keys import own_number, site_key, site_keys
from app.db.tables import CaseRow, CellRow, PatientRow, UploadRow
from app.db.worklist import SqlWorklistRepository
from app.domain.case import (
    Case,
    ClinicalContext,
    NewCase,
    Patient,
    Upload,
    refuse_other_name,
)
from app.domain.errors import Duplicate, Gone, NotFound
from app.domain.message import message
from app.domain.worklist import opened
from app.ports import CasePlace, CaseSummary


class SqlCaseRepository:
    """`CaseRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, new: NewCase, created_at: datetime) -> Case:
        """Open a case; the patient is made or found by the identifier."""
        if self.find(new.accession_number, [new.site_id]):
            raise _taken()
        patient = self._patient_of(new, created_at)
        row = CaseRow(
            id=uuid7(),
            patient_id=patient.id,
            accession_number=site_key(new.site_id, new.accession_number),
            own_number=own_number(new.site_id, new.accession_number),
            origin=new.origin.value,
            context=from_context(new.context),
            created_at=created_at,
            site_id=new.site_id,
        )
        self._session.add(row)
        try:
            self._session.flush()
        except IntegrityError as error:
            # Another request opened it between the look and the insert.
            raise _taken() from error
        case = self.get(row.id)
        # Here, so that no case can be opened that the worklist does not show.
        SqlWorklistRepository(self._session).put(opened(case))
        return case

    def _patient_of(self, new: NewCase, created_at: datetime) -> PatientRow:
        given = Patient(uuid7(), new.patient_identifier, new.patient_name)
        row = from_patient(given, new.site_id, created_at)
        while (found := self.hold_patient(row)) is None:
            pass
        if new.patient_name and found.name is None:
            found.name, found.name_folded = from_name(new.patient_name).values()
        refuse_other_name(found.name, new.patient_name)
        return found

    def hold_patient(self, row: dict[str, Any]) -> PatientRow | None:
        """Find a patient by the identifier, or add them; None if forgotten while this waited.

        Held until the commit, so that nobody forgets a patient who gets a case just now.
        """
        # Two requests may open the first two cases of one patient at once.
        insert_new(self._session, PatientRow, [row])
        query = select(PatientRow).where(PatientRow.identifier == row["identifier"])
        query = query.with_for_update(read=True, key_share=True)
        return self._session.scalars(query).one_or_none()

    def get(self, case_id: UUID) -> Case:
        """One case with its patient."""
        row = self._session.scalar(_CASES.where(CaseRow.id == case_id))
        if row is None:
            raise NotFound(message("There is no case {case}.", case=case_id))
        if row.erased_at is not None:
            raise _erased()
        return to_case(row)

    def lock(self, case_id: UUID) -> None:
        """Write the row as it is: on PostgreSQL that locks it, on SQLite the whole database.

        Reading it with a lock would do on PostgreSQL alone.
        """
        held = update(CaseRow).where(CaseRow.id == case_id)
        held = held.values(accession_number=CaseRow.accession_number)
        if self._session.scalar(held.returning(CaseRow.erased_at)) is not None:
            raise _erased()

    def find(self, accession_number: str, site_ids: Collection[UUID]) -> Case | None:
        """By exact accession number; of several sites' cases the newest."""
        keys = list(site_keys(site_ids, [accession_number]))
        query = _KEPT.where(CaseRow.accession_number.in_(keys)).order_by(CaseRow.id.desc())
        row = self._session.scalars(query).first()
        return to_case(row) if row else None

    def page(
        self,
        before: UUID | None,
        limit: int,
        digest: str,
        site_ids: Collection[UUID] | None = None,
    ) -> Sequence[CaseSummary]:
        """Keys are UUIDv7, so descending keys are newest first."""
        query = _KEPT.order_by(CaseRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(CaseRow.id < before)
        if site_ids is not None:
            query = query.where(CaseRow.site_id.in_(site_ids))
        cases = [to_case(row) for row in self._session.scalars(query)]
        progress = SqlCellRepository(self._session).progress_of([case.id for case in cases], digest)
        return [CaseSummary(case, progress[case.id]) for case in cases]

    def several(self, case_ids: Sequence[UUID], digest: str) -> Sequence[CaseSummary]:
        """Two queries for all."""
        rows = self._session.scalars(_CASES.where(CaseRow.id.in_(case_ids)))
        cases = {row.id: to_case(row) for row in rows}
        progress = SqlCellRepository(self._session).progress_of(list(cases), digest)
        return [CaseSummary(cases[key], progress[key]) for key in case_ids if key in cases]

    def set_context(self, case_id: UUID, context: ClinicalContext) -> None:
        """Update the row."""
        values = {"context": from_context(context)}
        self._session.execute(update(CaseRow).where(CaseRow.id == case_id).values(values))

    def patients(
        self, before: UUID | None, limit: int, site_ids: Collection[UUID]
    ) -> Sequence[Patient]:
        """Keys are UUIDv7, so descending keys are newest first."""
        seen = exists().where(
            CaseRow.patient_id == PatientRow.id,
            CaseRow.erased_at.is_(None),
            CaseRow.site_id.in_(site_ids),
        )
        query = select(PatientRow).where(seen).order_by(PatientRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(PatientRow.id < before)
        return [to_patient(row) for row in self._session.scalars(query)]

    def of_patient(self, patient_id: UUID) -> Sequence[Case]:
        """By time: keys are UUIDv7."""
        query = _KEPT.where(CaseRow.patient_id == patient_id).order_by(CaseRow.id)
        return [to_case(row) for row in self._session.scalars(query)]

    def place(self, case_id: UUID) -> CasePlace | None:
        """Of the row, if it is there."""
        return self._place(_PLACES.where(CaseRow.id == case_id))

    def place_of_cell(self, cell_id: UUID) -> CasePlace | None:
        """Of the cell's case."""
        query = _PLACES.join(CellRow, CellRow.case_id == CaseRow.id)
        return self._place(query.where(CellRow.id == cell_id))

    def place_of_upload(self, upload_id: UUID) -> CasePlace | None:
        """Of the delivery's case."""
        query = _PLACES.join(UploadRow, UploadRow.case_id == CaseRow.id)
        return self._place(query.where(UploadRow.id == upload_id))

    def _place(self, query: Select[UUID, UUID]) -> CasePlace | None:
        row = self._session.execute(query).one_or_none()
        return CasePlace(*row) if row else None

    def patient(self, patient_id: UUID) -> Patient:
        """One patient."""
        row = self._session.get(PatientRow, patient_id)
        if row is None:
            raise NotFound(message("There is no patient {patient}.", patient=patient_id))
        return to_patient(row)

    def add_upload(self, upload: Upload) -> None:
        """Insert at once, so that SQLite's write lock is held from here."""
        self._session.add(from_upload(upload))
        self._session.flush()

    def upload(self, upload_id: UUID) -> Upload:
        """One delivery."""
        row = self._session.get(UploadRow, upload_id)
        if row is None:
            raise NotFound(message("There is no upload {upload}.", upload=upload_id))
        return to_upload(row)

    def uploads_of(self, case_id: UUID) -> Sequence[Upload]:
        """All deliveries of a case; keys are UUIDv7, so in the order in which they began."""
        query = select(UploadRow).where(UploadRow.case_id == case_id).order_by(UploadRow.id)
        return [to_upload(row) for row in self._session.scalars(query)]

    def recorded_uploads(self, upload_ids: Sequence[UUID]) -> Sequence[Upload]:
        """Those of the deliveries that are there."""
        query = select(UploadRow).where(UploadRow.id.in_(upload_ids))
        return [to_upload(row) for row in self._session.scalars(query)]


_CASES = select(CaseRow).options(joinedload(CaseRow.patient))
_PLACES = select(CaseRow.id, CaseRow.site_id)
_KEPT = _CASES.where(CaseRow.erased_at.is_(None))


def _erased() -> Gone:
    return Gone(message("This case was erased; its counts are kept."))


def _taken() -> Duplicate:
    return Duplicate(
        message(
            "A case with this accession number exists already. Add the images to it, "
            "or give another accession number."
        )
    )
