"""Fixed sets of cells in SQL."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db.control_tables import ControlCellRow, ControlSetRow, SetReadingRow, SetRunRow
from app.db.inserting import insert_new
from app.domain.abnormality import Abnormality
from app.domain.cell import Cell
from app.domain.control import (
    ControlCounts,
    ControlSet,
    RunKind,
    SetCell,
    SetReading,
    SetRun,
    Shift,
)
from app.domain.errors import Conflict, NotFound
from app.domain.finding import CellFindings
from app.domain.message import message

_cell = TypeAdapter(Cell)
_counts = TypeAdapter(ControlCounts)


class SqlControlRepository:
    """`ControlRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_set(self, fixed: ControlSet, cells: Sequence[SetCell]) -> None:
        """Insert."""
        self._session.add(ControlSetRow(**vars(fixed)))
        try:
            self._session.flush()
        except IntegrityError as error:
            raise Conflict(
                message("A set with this name exists already. Give another name.")
            ) from error
        self._session.add_all(
            ControlCellRow(
                set_id=fixed.id,
                ordinal=item.cell.ordinal,
                group_name=item.group,
                cell=_cell.dump_python(item.cell, mode="json"),
            )
            for item in cells
        )
        self._session.flush()

    def put_set(self, fixed: ControlSet) -> None:
        """Only what may change."""
        row = self._session.get(ControlSetRow, fixed.id)
        if row is None:
            raise _no_set(fixed.id)
        row.is_daily, row.retired_at = fixed.is_daily, fixed.retired_at
        self._session.flush()

    def get_set(self, set_id: UUID) -> ControlSet:
        """By key."""
        row = self._session.get(ControlSetRow, set_id)
        if row is None:
            raise _no_set(set_id)
        return _to_set(row)

    def sets(self) -> Sequence[ControlSet]:
        """By name."""
        query = select(ControlSetRow).where(ControlSetRow.retired_at.is_(None))
        return [_to_set(row) for row in self._session.scalars(query.order_by(ControlSetRow.name))]

    def cells(self, set_id: UUID) -> Sequence[SetCell]:
        """By ordinal."""
        query = select(ControlCellRow).where(ControlCellRow.set_id == set_id)
        rows = self._session.scalars(query.order_by(ControlCellRow.ordinal))
        return [SetCell(row.group_name, _cell.validate_python(row.cell)) for row in rows]

    def count_cells(self, set_id: UUID) -> int:
        """Count."""
        query = select(func.count()).select_from(ControlCellRow)
        return self._session.scalar(query.where(ControlCellRow.set_id == set_id)) or 0

    def begin(self, run: SetRun) -> bool:
        """Insert; the unique key holds the others off."""
        insert_new(self._session, SetRunRow, [_from_run(run)])
        return self._session.get(SetRunRow, run.id) is not None

    def put_run(self, run: SetRun) -> None:
        """Update."""
        row = self._session.get(SetRunRow, run.id)
        if row is None:
            raise _no_run(run.id)
        for name, value in _from_run(run).items():
            setattr(row, name, value)
        self._session.flush()

    def run(self, run_id: UUID) -> SetRun:
        """By key."""
        row = self._session.get(SetRunRow, run_id)
        if row is None:
            raise _no_run(run_id)
        return _to_run(row)

    def runs(self, kind: RunKind, limit: int, set_id: UUID | None = None) -> Sequence[SetRun]:
        """Keys are UUIDv7: the highest is the latest."""
        query = select(SetRunRow).where(SetRunRow.kind == kind.value)
        if set_id is not None:
            query = query.where(SetRunRow.set_id == set_id)
        rows = self._session.scalars(query.order_by(SetRunRow.id.desc()).limit(limit))
        return [_to_run(row) for row in rows]

    def baseline(self, run: SetRun) -> SetRun | None:
        """Keys are UUIDv7: the lowest is the first.

        One that could not read every cell counted fewer: every sound run would differ from it.
        """
        query = (
            select(SetRunRow)
            .where(
                SetRunRow.set_id == run.set_id,
                SetRunRow.kind == RunKind.CONTROL.value,
                SetRunRow.first_digest == run.digests[0],
                SetRunRow.provider == run.provider,
                SetRunRow.finished_at.is_not(None),
                SetRunRow.problem.is_(None),
                SetRunRow.counts["failed"].as_integer() == 0,
                SetRunRow.id < run.id,
            )
            .order_by(SetRunRow.id)
            .limit(1)
        )
        row = self._session.scalar(query)
        return _to_run(row) if row else None

    def add_readings(self, run_id: UUID, readings: Sequence[SetReading]) -> None:
        """Append; rows that exist stay."""
        insert_new(self._session, SetReadingRow, [_from_reading(run_id, it) for it in readings])

    def readings(self, run_id: UUID) -> Mapping[str, Mapping[int, SetReading]]:
        """By digest and ordinal."""
        found: dict[str, dict[int, SetReading]] = defaultdict(dict)
        query = select(SetReadingRow).where(SetReadingRow.run_id == run_id)
        for row in self._session.scalars(query.order_by(SetReadingRow.ordinal)):
            found[row.digest][row.ordinal] = _to_reading(row)
        return found

    def count_readings(self, run_id: UUID) -> int:
        """Of all bundles of the run."""
        query = select(func.count()).where(SetReadingRow.run_id == run_id)
        return self._session.scalar(query) or 0


def _no_set(set_id: UUID) -> NotFound:
    return NotFound(message("There is no set {set}.", set=set_id))


def _no_run(run_id: UUID) -> NotFound:
    return NotFound(message("There is no run {run}.", run=run_id))


def _to_set(row: ControlSetRow) -> ControlSet:
    return ControlSet(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        created_by=row.created_by,
        cell_count=row.cell_count,
        is_daily=row.is_daily,
        retired_at=row.retired_at,
    )


def _from_run(run: SetRun) -> dict[str, Any]:
    first, *others = run.digests
    return {
        "id": run.id,
        "set_id": run.set_id,
        "kind": run.kind.value,
        "first_digest": first,
        "second_digest": others[0] if others else None,
        "due_on": run.due_on,
        "started_at": run.started_at,
        "started_by": run.started_by,
        "finished_at": run.finished_at,
        "provider": run.provider,
        "baseline_id": run.baseline_id,
        "counts": _counts.dump_python(run.counts, mode="json") if run.counts else None,
        "moved": [list(item) for item in run.shift.moved] if run.shift else None,
        "largest_shift": run.shift.largest if run.shift else None,
        "problem": run.problem,
    }


def _to_run(row: SetRunRow) -> SetRun:
    shift = None
    if row.largest_shift is not None:
        moved = tuple((name, before, now) for name, before, now in row.moved or ())
        shift = Shift(moved, row.largest_shift)
    digests = (row.first_digest, row.second_digest) if row.second_digest else (row.first_digest,)
    return SetRun(
        id=row.id,
        set_id=row.set_id,
        kind=RunKind(row.kind),
        digests=digests,
        started_at=row.started_at,
        started_by=row.started_by,
        due_on=row.due_on,
        finished_at=row.finished_at,
        provider=row.provider,
        baseline_id=row.baseline_id,
        counts=_counts.validate_python(row.counts) if row.counts else None,
        shift=shift,
        problem=row.problem,
    )


def _from_reading(run_id: UUID, reading: SetReading) -> dict[str, Any]:
    findings = reading.findings
    return {
        "run_id": run_id,
        "digest": reading.digest,
        "ordinal": reading.ordinal,
        "pmn_probability": findings.pmn_probability if findings else None,
        "probabilities": {label.value: value for label, value in findings.probabilities.items()}
        if findings
        else {},
        "novelty": findings.novelty if findings else None,
        "failure": reading.failure,
    }


def _to_reading(row: SetReadingRow) -> SetReading:
    if row.pmn_probability is None:
        return SetReading(row.digest, row.ordinal, None, row.failure)
    findings = CellFindings(
        # A cell of a set has no key of its own outside of it.
        cell_id=UUID(int=row.ordinal),
        bundle_digest=row.digest,
        pmn_probability=row.pmn_probability,
        probabilities={label: row.probabilities[label.value] for label in Abnormality},
        novelty=row.novelty,
    )
    return SetReading(row.digest, row.ordinal, findings)
