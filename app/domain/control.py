"""Fixed sets of cells: read every day as control slides, or by two bundles to compare them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.bundle import PMN, BundleManifest
from app.domain.cell import Cell
from app.domain.finding import CellFindings, read_cell, tally

# The same bundle on the same provider repeats its probabilities exactly; another processor may
# sum in another order, which shifts them by about a millionth.
PROBABILITY_TOLERANCE = 0.001
# A day, and two hours for a worker that was away at midnight.
OVERDUE_AFTER = timedelta(hours=26)
MAX_SET_CELLS = 5000


class RunKind(StrEnum):
    """What a set is read for."""

    CONTROL = "control"
    COMPARISON = "comparison"


class ControlState(StrEnum):
    """How the control slides of a set stand."""

    STEADY = "steady"
    BASELINE = "baseline"
    """It was read for the first time by this bundle: nothing has been compared yet."""
    WAITING = "waiting"
    """It was never read, and need not have been yet."""
    MOVED = "moved"
    UNREAD = "unread"
    """The last run was given up, or could not read a cell."""
    INCOMPLETE = "incomplete"
    """Cells were erased with their patient: it is not the set any more that was frozen."""
    OVERDUE = "overdue"

    @property
    def is_alarm(self) -> bool:
        """Whether somebody has to look."""
        return self in {
            ControlState.MOVED,
            ControlState.UNREAD,
            ControlState.INCOMPLETE,
            ControlState.OVERDUE,
        }


@dataclass(frozen=True)
class ControlSet:
    """A set of cells that never changes.

    Parameters
    ----------
    is_daily
        Whether it is read every day as control slides.
    """

    id: UUID
    name: str
    created_at: datetime
    created_by: str
    cell_count: int
    is_daily: bool
    retired_at: datetime | None = None


@dataclass(frozen=True)
class SetCell:
    """One cell of a set: its picture, where the cell lies in it, and how good it is.

    Parameters
    ----------
    group
        Key of the case that it was frozen from, or the folder of its file.
    """

    group: str
    cell: Cell


@dataclass(frozen=True)
class SetReading:
    """What a bundle says of one cell of a set; `failure` where it could not be read."""

    digest: str
    ordinal: int
    findings: CellFindings | None
    failure: str | None = None


@dataclass(frozen=True)
class ControlCounts:
    """What a bundle counted on a set."""

    pmn: int
    labels: Mapping[Abnormality, int]
    failed: int

    def lines(self) -> dict[str, int]:
        """Every count under its name."""
        counts = {label.value: self.labels[label] for label in Abnormality}
        return {PMN: self.pmn, **counts, "failed": self.failed}


@dataclass(frozen=True)
class Shift:
    """How a run of control slides differs from the first one of the same bundle.

    Parameters
    ----------
    moved
        Counts that are not the same: name, before, now.
    largest
        Of the probabilities' differences, 0-1.
    """

    moved: tuple[tuple[str, int, int], ...]
    largest: float

    @property
    def is_alarm(self) -> bool:
        """Whether more moved than the arithmetic of another processor explains."""
        return bool(self.moved) or self.largest > PROBABILITY_TOLERANCE


@dataclass(frozen=True)
class SetRun:
    """A set was, or is being, read.

    Parameters
    ----------
    digests
        One bundle for control slides, two for a comparison.
    due_on
        The day that a daily run stands for; None where somebody asked for it.
    baseline_id
        The first run of the same bundle on the same provider; its own key where this is it.
    problem
        Why it was given up.
    """

    id: UUID
    set_id: UUID
    kind: RunKind
    digests: tuple[str, ...]
    started_at: datetime
    started_by: str
    due_on: date | None = None
    finished_at: datetime | None = None
    provider: str | None = None
    baseline_id: UUID | None = None
    counts: ControlCounts | None = None
    shift: Shift | None = None
    problem: str | None = None

    @property
    def has_moved(self) -> bool:
        """Whether its counts are not what they should be."""
        failed = self.counts.failed if self.counts else 0
        return bool(self.problem or failed or (self.shift and self.shift.is_alarm))


def count_cells(
    cells: Sequence[Cell], readings: Mapping[int, SetReading], manifest: BundleManifest
) -> ControlCounts:
    """Count a set as a case is counted; `readings` are one bundle's, by ordinal."""
    read = [read_cell(cell, readings[cell.ordinal].findings, manifest) for cell in cells]
    found = tally(item for item in read if item.findings is not None)
    return ControlCounts(
        pmn=found.pmn_count,
        labels={label: found.proportion(label).count for label in Abnormality},
        failed=sum(item.findings is None for item in read),
    )


def shift_between(
    before: tuple[ControlCounts, Mapping[int, SetReading]],
    now: tuple[ControlCounts, Mapping[int, SetReading]],
) -> Shift:
    """Compare two runs of one bundle: their counts, and each probability."""
    counted, lines = now[0].lines(), before[0].lines()
    moved = tuple(
        (name, number, counted[name]) for name, number in lines.items() if counted[name] != number
    )
    shifts = [
        _largest(before[1][ordinal].findings, reading.findings)
        for ordinal, reading in now[1].items()
        if ordinal in before[1]
    ]
    return Shift(moved, max(shifts, default=0.0))


def _largest(before: CellFindings | None, now: CellFindings | None) -> float:
    if before is None or now is None:
        return 0.0
    differences = [abs(before.pmn_probability - now.pmn_probability)]
    differences += [abs(before.probabilities[it] - now.probabilities[it]) for it in Abnormality]
    return max(differences)


def control_state(
    fixed: ControlSet, cell_count: int, runs: Sequence[SetRun], now: datetime
) -> ControlState:
    """How a daily set stands.

    Parameters
    ----------
    cell_count
        Cells that it still has.
    runs
        Its control runs, the latest first.
    """
    if cell_count < fixed.cell_count:
        return ControlState.INCOMPLETE
    done = next((run for run in runs if run.finished_at), None)
    since = done.finished_at if done and done.finished_at else fixed.created_at
    if now - since > OVERDUE_AFTER:
        return ControlState.OVERDUE
    return ControlState.WAITING if done is None else _outcome(done)


def _outcome(done: SetRun) -> ControlState:
    if done.shift and done.shift.is_alarm:
        return ControlState.MOVED
    if done.has_moved:
        return ControlState.UNREAD
    return ControlState.STEADY if done.shift else ControlState.BASELINE
