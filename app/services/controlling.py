"""Reading fixed sets: control slides every day, and comparisons of two bundles."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.comparison import Comparison, Pair, compare
from app.domain.control import (
    ControlSet,
    ControlState,
    RunKind,
    SetReading,
    SetRun,
    control_state,
    count_cells,
    shift_between,
)
from app.domain.errors import InvalidInput
from app.domain.finding import read_cell
from app.domain.message import message
from app.ports import Classifier, Transaction
from app.services.analysis import BatchResult

# Enough to tell how a set stands: the runs of a few days and bundles.
RUNS_LOOKED_AT = 10


@dataclass(frozen=True)
class ControlStanding:
    """How the control slides of one set stand; for pages and for monitoring."""

    fixed: ControlSet
    state: ControlState
    runs: Sequence[SetRun]

    @property
    def last(self) -> SetRun | None:
        """The latest run that was finished."""
        return next((run for run in self.runs if run.finished_at), None)


def control_standings(transaction: Transaction, now: datetime) -> list[ControlStanding]:
    """How each set of control slides stands now."""
    standings = []
    for fixed in transaction.controls.sets():
        if fixed.is_daily:
            runs = transaction.controls.runs(RunKind.CONTROL, RUNS_LOOKED_AT, fixed.id)
            left = transaction.controls.count_cells(fixed.id)
            standings.append(ControlStanding(fixed, control_state(fixed, left, runs, now), runs))
    return standings


def begin_due(transaction: Transaction, digest: str, now: datetime) -> list[SetRun]:
    """Begin the day's runs under the active bundle that nobody has begun; days are of UTC."""
    begun = []
    for fixed in transaction.controls.sets():
        run = SetRun(
            id=uuid7(),
            set_id=fixed.id,
            kind=RunKind.CONTROL,
            digests=(digest,),
            started_at=now,
            started_by="",
            due_on=now.date(),
        )
        if fixed.is_daily and transaction.controls.begin(run):
            transaction.jobs.enqueue_set_run(run.id)
            begun.append(run)
    return begun


def begin_control(
    transaction: Transaction,
    set_id: UUID,
    digest: str,
    by_name: str,
    now: datetime,
    *,
    queued: bool = True,
) -> SetRun:
    """Begin a run of control slides that somebody asked for; raises `NotFound`.

    Without a place in the queue whoever begins it reads it, too.
    """
    fixed = transaction.controls.get_set(set_id)
    run = _begin(transaction, fixed, RunKind.CONTROL, (digest,), by_name, now)
    if queued:
        transaction.jobs.enqueue_set_run(run.id)
    return run


def begin_comparison(
    transaction: Transaction, set_id: UUID, digests: tuple[str, str], by_name: str, now: datetime
) -> SetRun:
    """Begin to read a set with two bundles.

    Raises
    ------
    InvalidInput
        If both are the same.
    NotFound
        Without such a set.
    """
    if digests[0] == digests[1]:
        raise InvalidInput(message("Choose two different bundles."))
    fixed = transaction.controls.get_set(set_id)
    run = _begin(transaction, fixed, RunKind.COMPARISON, digests, by_name, now)
    transaction.jobs.enqueue_set_run(run.id)
    return run


def _begin(
    transaction: Transaction,
    fixed: ControlSet,
    kind: RunKind,
    digests: tuple[str, ...],
    by_name: str,
    now: datetime,
) -> SetRun:
    run = SetRun(uuid7(), fixed.id, kind, digests, now, by_name)
    transaction.controls.begin(run)
    transaction.audit.note(
        f"bundle.{kind.value}",
        subject=f"control:{fixed.id}",
        after={"run": str(run.id), "digests": list(digests)},
    )
    return run


def readings_of(result: BatchResult, digest: str) -> list[SetReading]:
    """What one batch of a set brought; its cells carry their place as their key."""
    read = [SetReading(digest, item.cell_id.int, item) for item in result.findings]
    failed = [SetReading(digest, it.cell.ordinal, None, it.reason) for it in result.failures]
    return [*read, *failed]


def finish_control(
    transaction: Transaction, run: SetRun, classifier: Classifier, now: datetime
) -> SetRun:
    """Count what was read, and hold it against the first run of the same bundle."""
    cells = [item.cell for item in transaction.controls.cells(run.set_id)]
    [digest] = run.digests
    readings = transaction.controls.readings(run.id)[digest]
    counts = count_cells(cells, readings, classifier.bundle.manifest)
    run = replace(run, provider=classifier.provider, counts=counts, finished_at=now)
    first = transaction.controls.baseline(run)
    if first is None or first.counts is None:
        # What later runs are held against must have read every cell.
        run = replace(run, baseline_id=None if counts.failed else run.id)
    else:
        before = transaction.controls.readings(first.id)[digest]
        shift = shift_between((first.counts, before), (counts, readings))
        run = replace(run, baseline_id=first.id, shift=shift)
    transaction.controls.put_run(run)
    return run


def comparison_of(transaction: Transaction, run: SetRun) -> Comparison:
    """What a finished comparison measured."""
    bundles = [transaction.bundles.get(digest) for digest in run.digests]
    readings = transaction.controls.readings(run.id)
    groups: dict[str, list[Pair]] = defaultdict(list)
    for item in transaction.controls.cells(run.set_id):
        first, second = (
            read_cell(
                item.cell,
                readings[bundle.manifest.digest][item.cell.ordinal].findings,
                bundle.manifest,
            )
            for bundle in bundles
        )
        groups[item.group].append((first, second))
    return compare(groups, (bundles[0].rule, bundles[1].rule))
