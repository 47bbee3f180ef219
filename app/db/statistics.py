"""The statistics in SQL: sums are made by the database, from one row a case."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    delete,
    exists,
    func,
    insert,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.db.order_tables import OrderRow
from app.db.outbox_tables import DeliveryRow, DestinationRow, OutboxEventRow
from app.db.statistics_mapping import (
    DIRECTIONS,
    MEANS,
    SHARES,
    STORED,
    Column,
    Value,
    count_sums,
    from_measures,
    from_overrides,
    mean_sums,
    to_override_sums,
    to_week,
)
from app.db.statistics_tables import CaseMeasuresRow, CaseOverridesRow
from app.db.tables import CaseRow, ReportVersionRow, UploadRow, UserRow
from app.db.worklist_tables import WorklistRow
from app.domain.case import CaseOrigin
from app.domain.outbox import DeliveryState, SinkKind
from app.domain.screening import Recommendation
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
    monday_of,
)
from app.ports.statistics import CaseVector

_ROW = CaseMeasuresRow
_WAITING = DeliveryState.WAITING.value


class utc_day(FunctionElement[str]):  # noqa: N801 - it is written as a function of SQL
    """The day of a time in UTC, as ``2026-03-01``."""

    inherit_cache = True
    type = String()


@compiles(utc_day)
def _day(element: utc_day, compiler: SQLCompiler, **given: Any) -> str:
    return f"date({compiler.process(element.clauses, **given)})"


@compiles(utc_day, "postgresql")
def _day_postgresql(element: utc_day, compiler: SQLCompiler, **given: Any) -> str:
    return (
        f"to_char(({compiler.process(element.clauses, **given)}) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
    )


class SqlStatisticsRepository:
    """`StatisticsRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def measured_by(self, case_id: UUID) -> str | None:
        """From the case's row."""
        return self._session.scalar(select(_ROW.bundle_digest).where(_ROW.case_id == case_id))

    def put_measures(self, measures: CaseMeasures) -> None:
        """Delete and insert."""
        self._session.execute(delete(_ROW).where(_ROW.case_id == measures.case_id))
        self._session.execute(insert(_ROW), [from_measures(measures)])

    def put_overrides(
        self, case_id: UUID, overrides: Sequence[CaseOverrides], signed_at: datetime
    ) -> None:
        """Delete and insert."""
        self._session.execute(delete(CaseOverridesRow).where(CaseOverridesRow.case_id == case_id))
        rows = [row for item in overrides for row in from_overrides(case_id, item, signed_at)]
        if rows:
            self._session.execute(insert(CaseOverridesRow), rows)

    def unmeasured(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Keys are UUIDv7: ascending is oldest first."""
        query = (
            select(CaseRow.id)
            .where(exists().where(UploadRow.case_id == CaseRow.id))
            .where(~exists().where(_ROW.case_id == CaseRow.id))
            .order_by(CaseRow.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(CaseRow.id > after)
        return list(self._session.scalars(query))

    def outbox(self) -> Sequence[OutboxState]:
        """Every kind, also one without deliveries."""
        kinds = {kind.value: OutboxState(kind.value, 0, 0, None) for kind in SinkKind}
        oldest = func.min(OutboxEventRow.occurred_at, type_=OutboxEventRow.occurred_at.type)
        query = (
            select(DestinationRow.kind, DeliveryRow.state, func.count(), oldest)
            .join(DestinationRow, DestinationRow.id == DeliveryRow.destination_id)
            .join(OutboxEventRow, OutboxEventRow.id == DeliveryRow.event_id)
            .where(DeliveryRow.state.in_([_WAITING, DeliveryState.DEAD.value]))
            .group_by(DestinationRow.kind, DeliveryRow.state)
        )
        for kind, state, number, since in self._session.execute(query):
            known = kinds[kind]
            kinds[kind] = (
                replace(known, waiting=number, oldest_waiting_at=since)
                if state == _WAITING
                else replace(known, dead=number)
            )
        return list(kinds.values())

    def days(self, chosen: StatisticsFilter) -> Sequence[DayCount]:
        """Two queries: a case is opened on one day and signed on another."""
        opened = self._by_day(chosen, CaseRow.created_at, select())
        signed = self._by_day(
            chosen,
            ReportVersionRow.signed_at,
            select()
            .join(ReportVersionRow, ReportVersionRow.case_id == CaseRow.id)
            .where(ReportVersionRow.number == 1),
        )
        return [
            DayCount(date.fromisoformat(day), opened.get(day, 0), signed.get(day, 0))
            for day in sorted(opened.keys() | signed.keys())
        ]

    def _by_day(self, chosen: StatisticsFilter, at: Column, joined: Select[Any]) -> dict[str, int]:
        day = utc_day(at)
        query = (
            joined.add_columns(day, func.count())
            .select_from(CaseRow)
            .where(*_of(chosen), *_within(at, chosen))
            .group_by(day)
        )
        return dict(self._session.execute(query).all())

    def turnarounds(self, chosen: StatisticsFilter) -> Sequence[Turnaround]:
        """A case's first delivery, beside its first version or what keeps it from one."""
        received = func.min(UploadRow.created_at, type_=UploadRow.created_at.type)
        ends = (ReportVersionRow.signed_at, CaseRow.erased_at, OrderRow.cancelled_at)
        query = (
            select(received, *ends)
            .select_from(CaseRow)
            .join(UploadRow, UploadRow.case_id == CaseRow.id)
            .outerjoin(
                ReportVersionRow,
                (ReportVersionRow.case_id == CaseRow.id) & (ReportVersionRow.number == 1),
            )
            .outerjoin(OrderRow, OrderRow.case_id == CaseRow.id)
            .where(*_of(chosen))
            .group_by(CaseRow.id, *ends)
            .having(*_within(received, chosen))
        )
        return [Turnaround(*row) for row in self._session.execute(query)]

    def recommended(self, chosen: StatisticsFilter) -> Recommended:
        """From the worklist's lines."""
        query = (
            select(WorklistRow.recommendation, func.count())
            .join(CaseRow, CaseRow.id == WorklistRow.case_id)
            .where(*_of(chosen), *_within(CaseRow.created_at, chosen))
            .group_by(WorklistRow.recommendation)
        )
        found = dict(self._session.execute(query).all())
        return Recommended(
            test_uba1=found.get(Recommendation.TEST_UBA1.value, 0),
            not_raised=found.get(Recommendation.NOT_RAISED_BY_SMEAR.value, 0),
            insufficient=found.get(Recommendation.INSUFFICIENT_CELLS.value, 0),
            open=found.get(None, 0),
        )

    def demonstrations(self, chosen: StatisticsFilter) -> int:
        """Counted whether or not the filter takes them in."""
        query = (
            select(func.count())
            .select_from(CaseRow)
            .where(
                _at_sites(chosen),
                CaseRow.origin != CaseOrigin.LABORATORY.value,
                *_within(CaseRow.created_at, chosen),
            )
        )
        return self._session.scalar(query) or 0

    def overrides(self, chosen: StatisticsFilter) -> Sequence[OverrideSums]:
        """Grouped by scope, reader, bundle and subject."""
        row = CaseOverridesRow
        keys = (row.scope, row.reader_id, row.bundle_digest, row.subject)
        name = func.coalesce(UserRow.full_name, UserRow.name)
        query = (
            select(
                *keys,
                name,
                *(func.sum(column) for column in DIRECTIONS),
                *count_sums(row.removed + row.added, row.called + row.not_called),
                *count_sums(row.removed, row.called),
                *count_sums(row.added, row.not_called),
            )
            .join(CaseRow, CaseRow.id == row.case_id)
            .outerjoin(UserRow, UserRow.id == row.reader_id)
            .where(*_of(chosen), *_within(row.signed_at, chosen))
            .group_by(*keys, name)
        )
        return [to_override_sums(found) for found in self._session.execute(query)]

    def weeks(self, chosen: StatisticsFilter) -> Sequence[SiteWeek]:
        """One row for each site, bundle and week."""
        keys = (CaseRow.site_id, _ROW.bundle_digest, _ROW.week)
        query = (
            select(
                *keys,
                *(part for counts in SHARES.values() for part in count_sums(*counts)),
                *(part for value in MEANS.values() for part in mean_sums(value)),
            )
            .join(CaseRow, CaseRow.id == _ROW.case_id)
            .where(*_of(chosen), _ROW.week <= monday_of(chosen.last))
            .group_by(*keys)
            .order_by(_ROW.week)
        )
        return [to_week(tuple(row)) for row in self._session.execute(query)]

    def vectors(self, chosen: StatisticsFilter) -> Sequence[CaseVector]:
        """Bytes cannot be added up in SQL: one row a case."""
        query = (
            select(CaseRow.site_id, _ROW.bundle_digest, _ROW.week, _ROW.vector)
            .join(CaseRow, CaseRow.id == _ROW.case_id)
            .where(*_of(chosen), _ROW.week <= monday_of(chosen.last), _ROW.vector.is_not(None))
            .order_by(_ROW.week, _ROW.case_id)
        )
        return [
            CaseVector(site_id, digest, week, np.frombuffer(content, STORED))
            for site_id, digest, week, content in self._session.execute(query)
            if content is not None
        ]


def _of(chosen: StatisticsFilter) -> list[ColumnElement[bool]]:
    """What the filter asks of a case, but for its time."""
    found = [_at_sites(chosen)]
    if not chosen.with_demonstrations:
        found.append(CaseRow.origin == CaseOrigin.LABORATORY.value)
    return found


def _at_sites(chosen: StatisticsFilter) -> ColumnElement[bool]:
    return CaseRow.site_id.in_(chosen.site_ids)


def _within(at: Value, chosen: StatisticsFilter) -> list[ColumnElement[bool]]:
    first = datetime.combine(chosen.first, time(), UTC)
    end = datetime.combine(chosen.last, time(), UTC) + timedelta(days=1)
    return [at >= first, at < end]
