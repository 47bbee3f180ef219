"""The history of cases in SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from app.db.tables import (
    AmendmentRow,
    CaseReadingRow,
    CaseRow,
    CellReviewRow,
    CellRow,
    CommentRow,
    FindingRow,
    InterpretationRow,
    PatientRow,
    ReportVersionRow,
    UserRow,
)
from app.db.worklist_tables import WorklistRow
from app.domain.case_state import CaseState
from app.domain.errors import NotFound
from app.domain.message import message
from app.domain.timeline import BundleReading, Deed, HistoryFilter, HistoryLine
from app.domain.worklist import folded


class SqlHistoryRepository:
    """`HistoryRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(
        self,
        chosen: HistoryFilter,
        site_ids: Collection[UUID],
        before: UUID | None,
        limit: int,
    ) -> Sequence[HistoryLine]:
        """Keys are UUIDv7: descending is newest first."""
        query = _lines().where(CaseRow.site_id.in_(site_ids), *_conditions(chosen))
        if before is not None:
            query = query.where(CaseRow.id < before)
        query = query.order_by(CaseRow.id.desc()).limit(limit)
        return [_to_line(row) for row in self._session.execute(query)]

    def line(self, case_id: UUID) -> HistoryLine:
        """One case."""
        row = self._session.execute(_lines().where(CaseRow.id == case_id)).one_or_none()
        if row is None:
            raise NotFound(message("There is no case {case}.", case=case_id))
        return _to_line(row)

    def bundles_of(self, case_id: UUID) -> Sequence[BundleReading]:
        """One group for each bundle; the row of the PMN label stands for its cell."""
        query = (
            select(
                FindingRow.bundle_digest,
                func.count(),
                func.min(FindingRow.found_at),
                func.max(FindingRow.found_at),
            )
            .join(CellRow, CellRow.id == FindingRow.cell_id)
            .where(CellRow.case_id == case_id, FindingRow.label == "pmn")
            .group_by(FindingRow.bundle_digest)
        )
        return [BundleReading(*row) for row in self._session.execute(query)]

    def interpretations(self, case_id: UUID) -> Sequence[Deed]:
        """Every row: they are only added."""
        table = InterpretationRow
        return self._deeds(table.at, table.author_id, table.case_id == case_id)

    def amendments(self, case_id: UUID) -> Sequence[Deed]:
        """Closed ones too."""
        table = AmendmentRow
        return self._deeds(table.opened_at, table.opened_by, table.case_id == case_id)

    def _deeds(self, at: Any, person: Any, of_case: ColumnElement[bool]) -> list[Deed]:
        name = func.coalesce(UserRow.full_name, UserRow.name)
        query = select(at, name).join(UserRow, UserRow.id == person).where(of_case).order_by(at)
        return [Deed(*row) for row in self._session.execute(query)]


def _lines() -> Select[Any]:
    versions = (
        select(func.count())
        .where(ReportVersionRow.case_id == CaseRow.id)
        .correlate(CaseRow)
        .scalar_subquery()
    )
    return (
        select(
            CaseRow.id,
            CaseRow.patient_id,
            func.coalesce(CaseRow.own_number, CaseRow.accession_number),
            func.coalesce(PatientRow.own_identifier, PatientRow.identifier),
            CaseRow.site_id,
            CaseRow.created_at,
            WorklistRow.state,
            versions,
            CaseRow.erased_at,
        )
        .join(PatientRow, PatientRow.id == CaseRow.patient_id)
        .outerjoin(WorklistRow, WorklistRow.case_id == CaseRow.id)
    )


def _to_line(row: Any) -> HistoryLine:
    case_id, patient_id, accession, identifier, site, opened, state, versions, erased = row
    return HistoryLine(
        case_id=case_id,
        patient_id=patient_id,
        accession_number=accession,
        patient_identifier=identifier,
        site_id=site,
        opened_at=opened,
        state=CaseState(state) if state else None,
        version_count=versions,
        erased_at=erased,
    )


def _conditions(chosen: HistoryFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.opened_from:
        found.append(_at_least(chosen.opened_from))
    if chosen.opened_before:
        found.append(CaseRow.created_at < chosen.opened_before)
    if text := folded(chosen.text.strip()):
        columns = (
            WorklistRow.accession_folded,
            WorklistRow.patient_folded,
            PatientRow.name_folded,
        )
        found.append(or_(*(column.contains(text, autoescape=True) for column in columns)))
    if chosen.person_id:
        found.append(_had_part(chosen.person_id))
    return found


def _at_least(moment: datetime) -> ColumnElement[bool]:
    return CaseRow.created_at >= moment


def _had_part(person_id: UUID) -> ColumnElement[bool]:
    parts = (
        (CellReviewRow, CellReviewRow.reader_id),
        (CaseReadingRow, CaseReadingRow.reader_id),
        (ReportVersionRow, ReportVersionRow.signer_id),
        (AmendmentRow, AmendmentRow.opened_by),
        (CommentRow, CommentRow.author_id),
    )
    return or_(
        *(exists().where(table.case_id == CaseRow.id, who == person_id) for table, who in parts)
    )
