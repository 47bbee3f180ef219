"""The worklist in SQL: keyset pages over one table, each from an index."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.db.mapping import from_worklist_entry, to_worklist_entry
from app.db.tables import CaseRow, PatientRow, UserRow
from app.db.worklist_tables import WorklistRow
from app.domain.abnormality import Abnormality
from app.domain.case_state import CaseState
from app.domain.errors import NotFound
from app.domain.message import message
from app.domain.worklist import (
    WHOLE_PERCENT,
    SortValue,
    WorklistEntry,
    WorklistFilter,
    WorklistOrder,
    WorklistPosition,
    WorklistSort,
    folded,
)

Column = InstrumentedAttribute[Any]

_SORTED_BY: dict[WorklistSort, Column] = {
    WorklistSort.OPENED: WorklistRow.opened_at,
    WorklistSort.ACCESSION: WorklistRow.accession_folded,
    WorklistSort.PATIENT: WorklistRow.patient_folded,
    WorklistSort.STATE: WorklistRow.state_rank,
    WorklistSort.PMN_COUNT: WorklistRow.pmn_count,
    WorklistSort.SCORE: WorklistRow.score,
    WorklistSort.READER: WorklistRow.reader_name,
}
_SEARCHED: tuple[Column, ...] = (WorklistRow.accession_folded, WorklistRow.patient_folded)
_COUNTED: dict[Abnormality, Column] = {
    Abnormality.PSEUDO_PELGER: WorklistRow.pseudo_pelger_count,
    Abnormality.NUCLEAR_SPIKE: WorklistRow.nuclear_spike_count,
    Abnormality.VACUOLE: WorklistRow.vacuole_count,
    Abnormality.HYPOGRANULARITY: WorklistRow.hypogranularity_count,
}


class SqlWorklistRepository:
    """`WorklistRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, entry: WorklistEntry) -> None:
        """Insert or overwrite."""
        self._session.merge(WorklistRow(**from_worklist_entry(entry)))
        self._session.flush()

    def get(self, case_id: UUID) -> WorklistEntry:
        """One line."""
        row = self._session.get(WorklistRow, case_id, populate_existing=True)
        if row is None:
            raise NotFound(message("There is no case {case}.", case=case_id))
        return to_worklist_entry(row)

    def lines(self, case_ids: Collection[UUID]) -> Mapping[UUID, WorklistEntry]:
        """One query."""
        query = select(WorklistRow).where(WorklistRow.case_id.in_(case_ids))
        return {row.case_id: to_worklist_entry(row) for row in self._session.scalars(query)}

    def page(
        self,
        chosen: WorklistFilter,
        order: WorklistOrder,
        position: WorklistPosition | None,
        limit: int,
    ) -> Sequence[WorklistEntry]:
        """One or two queries: the lines that have a value, then those that have none."""
        found: list[WorklistRow] = []
        for query in _page_queries(chosen, order, position):
            if len(found) < limit:
                found.extend(self._session.scalars(query.limit(limit - len(found))))
        if position is not None and position.backwards:
            found.reverse()
        return [to_worklist_entry(row) for row in found]

    def counts(self, chosen: WorklistFilter) -> Mapping[CaseState, int]:
        """One query over the states."""
        query = (
            select(WorklistRow.state, func.count())
            .where(*_conditions(chosen, indexed=True, by_state=False))
            .group_by(WorklistRow.state)
        )
        found = {CaseState(state): number for state, number in self._session.execute(query)}
        return {state: found.get(state, 0) for state in CaseState}

    def sort_value(self, case_id: UUID, sort: WorklistSort) -> SortValue:
        """Of one line."""
        query = select(_SORTED_BY[sort]).where(WorklistRow.case_id == case_id)
        found = self._session.execute(query).one_or_none()
        if found is None:
            raise NotFound(message("This place in the list is gone. Go to the first page."))
        value: SortValue = found[0]
        return value

    def missing(self, limit: int) -> Sequence[UUID]:
        """Keys are UUIDv7: ascending is oldest first."""
        query = select(CaseRow.id).where(_has_no_line()).order_by(CaseRow.id).limit(limit)
        return list(self._session.scalars(query))

    def count_missing(self) -> int:
        """Cases without a line."""
        query = select(func.count(CaseRow.id)).where(_has_no_line())
        return self._session.scalar(query) or 0

    def patient_names(self, case_ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """Asked for apart: a join would keep the page's query from its index."""
        query = (
            select(CaseRow.id, PatientRow.name)
            .join(PatientRow, PatientRow.id == CaseRow.patient_id)
            .where(CaseRow.id.in_(case_ids), PatientRow.name.is_not(None))
        )
        return {case_id: name for case_id, name in self._session.execute(query) if name}

    def readers(self, site_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """From the lines themselves."""
        # A look into the index for each account, of which there are few, instead of all lines.
        has_line = exists().where(
            WorklistRow.reader_id == UserRow.id, WorklistRow.site_id.in_(site_ids)
        )
        query = select(UserRow.id, func.coalesce(UserRow.full_name, UserRow.name)).where(has_line)
        found = {reader: str(name) for reader, name in self._session.execute(query)}
        return dict(sorted(found.items(), key=lambda item: folded(item[1])))


def _page_queries(
    chosen: WorklistFilter, order: WorklistOrder, position: WorklistPosition | None
) -> Iterable[Select[WorklistRow]]:
    """The queries whose results follow one another, each in the order of an index.

    Databases disagree on where NULL stands in an order, so lines without a value are asked for
    by themselves, after the others.
    """
    column = _SORTED_BY[order.sort]
    backwards = position is not None and position.backwards
    indexed = order.sort is WorklistSort.OPENED
    query = select(WorklistRow).where(*_conditions(chosen, indexed=indexed))
    parts = [_valued(query, column, order, position)]
    if column.expression.nullable:
        parts.append(_valueless(query, column, order, position))
    if backwards:
        parts.reverse()
    return [part for part in parts if part is not None]


def _valued(
    query: Select[WorklistRow],
    column: Column,
    order: WorklistOrder,
    position: WorklistPosition | None,
) -> Select[WorklistRow] | None:
    """The lines that have a value; none of them come after a position without one."""
    falling = _falls(order, position)
    keys = (column, WorklistRow.case_id)
    query = query.order_by(*(key.desc() if falling else key.asc() for key in keys))
    if column.expression.nullable:
        query = query.where(column.is_not(None))
    if position is None:
        return query
    if position.value is None:
        return query if position.backwards else None
    place = tuple_(
        literal(position.value, column.type), literal(position.case_id, WorklistRow.case_id.type)
    )
    here = tuple_(*keys)
    return query.where(here < place if falling else here > place)


def _valueless(
    query: Select[WorklistRow],
    column: Column,
    order: WorklistOrder,
    position: WorklistPosition | None,
) -> Select[WorklistRow] | None:
    """The lines that have none; nothing of them comes before a position with a value."""
    falling, key = _falls(order, position), WorklistRow.case_id
    query = query.where(column.is_(None)).order_by(key.desc() if falling else key.asc())
    if position is None:
        return query
    if position.value is not None:
        return None if position.backwards else query
    return query.where(key < position.case_id if falling else key > position.case_id)


def _falls(order: WorklistOrder, position: WorklistPosition | None) -> bool:
    """Whether the query runs downwards: a page before a position is read from its end."""
    return order.descending != (position is not None and position.backwards)


def _conditions(
    chosen: WorklistFilter, *, indexed: bool, by_state: bool = True
) -> list[ColumnElement[bool]]:
    """What the filter asks of a line.

    Parameters
    ----------
    indexed
        Whether an index may serve the filter: only in the order of opening. Else the database
        could take one and sort what it finds, instead of reading along the order.
    """
    found = list(_by_choice(chosen, by_state=by_state, indexed=indexed))
    opened = WorklistRow.opened_at if indexed else _unindexed(WorklistRow.opened_at)
    if chosen.opened_from:
        found.append(opened >= _start_of(chosen.opened_from))
    if chosen.opened_to:
        found.append(opened < _start_of(chosen.opened_to) + timedelta(days=1))
    if chosen.finding:
        count = _COUNTED[chosen.finding]
        found += [
            count > 0,
            count * float(WHOLE_PERCENT) >= chosen.least_percent * WorklistRow.pmn_count,
        ]
    if text := folded(chosen.text.strip()):
        case_id = WorklistRow.case_id if not by_state else _unindexed(WorklistRow.case_id)
        found.append(or_(*(case_id.in_(_holding(column, text)) for column in _SEARCHED)))
    return found


def _holding(column: Column, text: str) -> Select[UUID]:
    """Cases whose value holds the text, read from the column's index alone.

    It is a fraction of the table, in which each line would have to be looked at otherwise.
    """
    other = aliased(WorklistRow)
    value: Column = getattr(other, column.key)
    return select(other.case_id).where(value.contains(text, autoescape=True))


def _by_choice(
    chosen: WorklistFilter, *, by_state: bool, indexed: bool
) -> Iterable[ColumnElement[bool]]:
    """One of these conditions may use its index; two indexes at once would need a sort."""
    wanted: list[tuple[Column, Sequence[Any]]] = []
    if chosen.states and by_state:
        states = sorted(chosen.states)
        wanted.append((WorklistRow.state, [state.value for state in states]))
    if chosen.reader_id:
        wanted.append((WorklistRow.reader_id, [chosen.reader_id]))
    if chosen.recommendation:
        wanted.append((WorklistRow.recommendation, [chosen.recommendation.value]))
    for column, values in wanted:
        free = indexed and len(values) == 1
        indexed = indexed and not free
        subject = column if free else _unindexed(column)
        yield subject == values[0] if len(values) == 1 else subject.in_(values)
    if chosen.site_ids is not None:
        yield WorklistRow.site_id.in_(chosen.site_ids)
    if chosen.unread:
        yield _unindexed(WorklistRow.reader_id).is_(None)


def _unindexed(column: Column) -> ColumnElement[Any]:
    """The same value, in a form that no index serves."""
    return func.coalesce(column, column)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _has_no_line() -> ColumnElement[bool]:
    return CaseRow.erased_at.is_(None) & ~exists().where(WorklistRow.case_id == CaseRow.id)
