"""Reports found by exact values, in SQL."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.db.site_keys import site_keys
from app.db.tables import CaseRow, ReportVersionRow
from app.db.worklist_tables import WorklistRow
from app.domain.case_state import CaseState
from app.ports.reports import ReportFilter

_SIGNED = (CaseState.SIGNED.value, CaseState.AMENDED.value)


class SqlReportSearchRepository:
    """`ReportSearchRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(self, chosen: ReportFilter, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Keys are UUIDv7, so descending keys are newest first."""
        query = (
            select(CaseRow.id)
            .join(WorklistRow, WorklistRow.case_id == CaseRow.id)
            .where(CaseRow.site_id.in_(chosen.site_ids), *_conditions(chosen))
            .order_by(CaseRow.id.desc())
            .limit(limit)
        )
        if after is not None:
            query = query.where(CaseRow.id < after)
        return list(self._session.scalars(query))


def _conditions(chosen: ReportFilter) -> Iterator[ColumnElement[bool]]:
    if chosen.case_ids is not None:
        yield CaseRow.id.in_(chosen.case_ids)
    if chosen.accession_numbers is not None:
        keys = site_keys(chosen.site_ids, chosen.accession_numbers)
        yield CaseRow.accession_number.in_(list(keys))
    if chosen.patient_ids is not None:
        yield CaseRow.patient_id.in_(chosen.patient_ids)
    if chosen.states is not None:
        yield WorklistRow.state.in_([state.value for state in chosen.states])
    yield from _signed(chosen)


def _signed(chosen: ReportFilter) -> Iterator[ColumnElement[bool]]:
    if chosen.signed_from is None and chosen.signed_before is None:
        return
    latest = (
        select(func.max(ReportVersionRow.signed_at))
        .where(ReportVersionRow.case_id == CaseRow.id)
        .correlate(CaseRow)
        .scalar_subquery()
    )
    yield WorklistRow.state.in_(_SIGNED)
    if chosen.signed_from is not None:
        yield latest >= chosen.signed_from
    if chosen.signed_before is not None:
        yield latest < chosen.signed_before
