"""A whole case out of SQL and back."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from app.db.cases import SqlCaseRepository
from app.db.cells import CHUNK, SqlCellRepository
from app.db.discussion import SqlDiscussionRepository
from app.db.inserting import insert_new
from app.db.mapping import from_context, from_patient, from_upload, to_patient, to_upload
from app.db.orders import SqlOrderRepository
from app.db.reviews import SqlReviewRepository
from app.db.site_keys import own_number, site_key, site_keys
from app.db.tables import (
    AmendmentRow,
    BundleRow,
    CaseReadingRow,
    CaseRow,
    CellRow,
    ClassificationFailureRow,
    FindingRow,
    InterpretationRow,
    PatientRow,
    Row,
    UploadRow,
    UserRow,
)
from app.db.versions import SqlVersionRepository
from app.db.worklist import SqlWorklistRepository
from app.domain.case import Case, Patient
from app.domain.case_records import (
    AmendmentRecord,
    BundleRecord,
    CaseRecords,
    FailureRecord,
    FindingRecord,
    InterpretationRecord,
    PersonRecord,
    ReadingRecord,
    people_of,
)
from app.domain.errors import Conflict, InvalidInput
from app.domain.message import message
from app.domain.review import Reading
from app.domain.worklist import opened

Record = TypeVar("Record")


class SqlArchiveRepository:
    """`ArchiveRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, case_id: UUID, bundle_digest: str) -> CaseRecords:
        """Everything but accounts first; they are those that the rest names."""
        session = self._session
        of_case = CellRow.case_id == case_id
        records = CaseRecords(
            case=SqlCaseRepository(session).get(case_id),
            uploads=tuple(
                to_upload(row)
                for row in session.scalars(
                    select(UploadRow).where(UploadRow.case_id == case_id).order_by(UploadRow.id)
                )
            ),
            cells=tuple(SqlCellRepository(session).of_case(case_id)),
            bundles=(),
            findings=self._of_cells(FindingRecord, FindingRow, of_case, bundle_digest),
            failures=self._of_cells(
                FailureRecord, ClassificationFailureRow, of_case, bundle_digest
            ),
            people=(),
            reviews=tuple(SqlReviewRepository(session).of_case(case_id)),
            readings=tuple(
                replace(item, reading=Reading(item.reading))
                for item in self._of_case(ReadingRecord, CaseReadingRow, case_id, "reading")
            ),
            comments=tuple(SqlDiscussionRepository(session).comments(case_id)),
            interpretations=self._of_case(InterpretationRecord, InterpretationRow, case_id, "id"),
            versions=tuple(SqlVersionRepository(session).of_case(case_id)),
            amendments=self._of_case(AmendmentRecord, AmendmentRow, case_id, "id"),
            order=SqlOrderRepository(session).of_case(case_id),
        )
        digests = {bundle_digest, *(review.bundle_digest for review in records.reviews)}
        return replace(
            records, bundles=self.bundles(digests), people=self._people(people_of(records))
        )

    def _of_case(
        self, kind: type[Record], table: type[Row], case_id: UUID, order: str
    ) -> tuple[Record, ...]:
        columns = table.__table__.c
        query = select(*(columns[name] for name in _fields(kind)))
        found = self._session.execute(
            query.where(columns["case_id"] == case_id).order_by(columns[order])
        )
        return tuple(kind(*row) for row in found)

    def _of_cells(
        self,
        kind: type[Record],
        table: type[FindingRow] | type[ClassificationFailureRow],
        of_case: ColumnElement[bool],
        digest: str,
    ) -> tuple[Record, ...]:
        columns = table.__table__.c
        query = (
            select(*(columns[name] for name in _fields(kind)))
            .join(CellRow, CellRow.id == table.cell_id)
            .where(of_case, table.bundle_digest == digest)
            .order_by(CellRow.ordinal, *table.__table__.primary_key)
        )
        return tuple(kind(*row) for row in self._session.execute(query))

    def bundles(self, digests: Collection[str]) -> tuple[BundleRecord, ...]:
        """Those of the digests that ever ran here, or came with a case."""
        query = select(BundleRow).where(BundleRow.digest.in_(digests)).order_by(BundleRow.digest)
        return tuple(
            BundleRecord(row.digest, row.manifest, row.rule) for row in self._session.scalars(query)
        )

    def _people(self, ids: frozenset[UUID]) -> tuple[PersonRecord, ...]:
        query = select(UserRow).where(UserRow.id.in_(ids)).order_by(UserRow.id)
        return tuple(
            PersonRecord(row.id, row.name, row.full_name or row.name)
            for row in self._session.scalars(query)
        )

    def patients(self, identifier: str, site_ids: Collection[UUID]) -> Sequence[Patient]:
        """By exact identifier."""
        keys = list(site_keys(site_ids, [identifier]))
        query = select(PatientRow).where(PatientRow.identifier.in_(keys)).order_by(PatientRow.id)
        return [to_patient(row) for row in self._session.scalars(query)]

    def is_here(self, records: CaseRecords) -> bool:
        """The case itself, or one of its cells."""
        if self._session.get(CaseRow, records.case.id):
            return True
        ids = [cell.id for cell in records.cells]
        return any(
            self._session.scalar(
                select(CellRow.id).where(CellRow.id.in_(ids[start : start + CHUNK])).limit(1)
            )
            for start in range(0, len(ids), CHUNK)
        )

    def write(self, records: CaseRecords, now: datetime) -> None:
        """In the order in which the rows refer to each other."""
        try:
            self._write(records, now)
            self._session.flush()
        except IntegrityError as error:
            raise Conflict(
                message("A part of this case is stored here already. Nothing was imported.")
            ) from error
        except (DataError, OverflowError) as error:
            raise InvalidInput(
                message("A value of this case cannot be stored. Nothing was imported.")
            ) from error

    def _write(self, records: CaseRecords, now: datetime) -> None:
        session, case = self._session, records.case
        insert_new(session, BundleRow, [_bundle_row(item, now) for item in records.bundles])
        self._write_case(records, now)
        session.add_all([from_upload(upload) for upload in records.uploads])
        session.flush()
        SqlCellRepository(session).add(records.cells)
        self._insert(FindingRow, [asdict(item) for item in records.findings])
        self._insert(ClassificationFailureRow, [asdict(item) for item in records.failures])
        SqlReviewRepository(session).add(records.reviews)
        self._insert(CaseReadingRow, [_of(case.id, item) for item in records.readings])
        self._insert(InterpretationRow, [_of(case.id, item) for item in records.interpretations])
        self._insert(AmendmentRow, [_of(case.id, item) for item in records.amendments])
        discussion = SqlDiscussionRepository(session)
        for comment in records.comments:
            discussion.add_comment(comment)
        versions = SqlVersionRepository(session)
        for version in records.versions:
            versions.add(version)
        if records.order:
            SqlOrderRepository(session).put(case.id, records.order)

    def _write_case(self, records: CaseRecords, now: datetime) -> None:
        case = records.case
        self._hold_patient(case, now)
        self._session.add(
            CaseRow(
                id=case.id,
                patient_id=case.patient.id,
                accession_number=site_key(case.site_id, case.accession_number),
                own_number=own_number(case.site_id, case.accession_number),
                origin=case.origin.value,
                context=from_context(case.context),
                created_at=case.created_at,
                site_id=case.site_id,
            )
        )
        self._session.flush()
        SqlWorklistRepository(self._session).put(opened(case))

    def _hold_patient(self, case: Case, now: datetime) -> None:
        """Whom the case was meant for may have been erased since, and opened again."""
        row = from_patient(case.patient, case.site_id, now)
        found = SqlCaseRepository(self._session).hold_patient(row)
        if found is None or found.id != case.patient.id:
            raise Conflict(
                message(
                    "The patient of this case was erased or opened just now. Nothing was imported. "
                    "Import it again."
                )
            )

    def _insert(self, table: type[Row], rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._session.execute(insert(table), rows)


def _fields(kind: type[Any]) -> list[str]:
    """Records have the names of the columns."""
    return list(kind.__dataclass_fields__)


def _of(case_id: UUID, item: Any) -> dict[str, Any]:
    return {"case_id": case_id, **asdict(item)}


def _bundle_row(item: BundleRecord, now: datetime) -> dict[str, Any]:
    return {
        "digest": item.digest,
        "name": str(item.manifest["name"]),
        "version": str(item.manifest["version"]),
        "manifest": dict(item.manifest),
        "rule": dict(item.rule),
        "first_seen_at": now,
    }
