"""Jobs that no reader waits for: a bundle in shadow, control slides, comparisons.

They read a few cells at a time, on one core, and step back before each few while readers wait.
"""

from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import structlog

from app.bootstrap import Container
from app.domain.control import RunKind, SetRun
from app.domain.errors import Gone
from app.domain.message import message
from app.jobs.courtesy import Courtesy
from app.services.analysis import classify_cells, record
from app.services.controlling import finish_control, readings_of
from app.services.intake import batches
from app.services.switching import shadow_digest

# One slice of the classifier on a CPU: it takes one core, for some hundredths of a second.
CELLS_AT_ONCE = 4

_log = structlog.get_logger(__name__)


class Interrupted(Exception):
    """The process stops; the job stays in the queue and goes on in the next one."""


def shadow_job(
    container: Container, courtesy: Courtesy, case_id: UUID, cell_ids: list[UUID], digest: str
) -> None:
    """Read cells with the bundle in shadow; running it again changes nothing.

    What it finds is stored beside the findings of the case's bundle, on which the case still
    stands. Cells that it does not reach, because its time in shadow is over, stay unread by it.
    """
    for batch in batches(cell_ids, CELLS_AT_ONCE):
        _give_way(courtesy)
        with container.transactions() as transaction:
            if shadow_digest(transaction) != digest:
                return
            cells = transaction.cells.unread(batch, digest)
        result = classify_cells(cells, container.classifier_of(digest), container.blobs)
        # Nothing is kept of a case that was erased meanwhile.
        with suppress(Gone), container.transactions() as transaction:
            transaction.cases.lock(case_id)
            record(transaction, result, digest, container.now())
    _log.info("cells read in shadow", case=str(case_id), cells=len(cell_ids), bundle=digest[:12])


def set_job(container: Container, courtesy: Courtesy, run_id: UUID) -> SetRun:
    """Read a set to its end, from wherever a killed process left it."""
    with container.transactions() as transaction:
        run = transaction.controls.run(run_id)
        if run.finished_at is not None:
            return run
        cells = [item.cell for item in transaction.controls.cells(run.set_id)]
    for digest in run.digests:
        classifier = container.classifier_of(digest)
        with container.transactions() as transaction:
            done = transaction.controls.readings(run_id).get(digest, {})
        left = [cell for cell in cells if cell.ordinal not in done]
        for batch in batches(left, CELLS_AT_ONCE):
            _give_way(courtesy)
            result = classify_cells(batch, classifier, container.blobs)
            with container.transactions() as transaction:
                transaction.controls.add_readings(run_id, readings_of(result, digest))
    return _finish(container, run)


def give_up_set_job(container: Container, run_id: UUID) -> None:
    """Note that a run could not be finished: control slides then alarm."""
    with container.transactions() as transaction:
        run = transaction.controls.run(run_id)
        problem = message("It could not be finished: see the log of the worker.")
        run = replace(run, finished_at=container.now(), problem=problem)
        transaction.controls.put_run(run)
    _log.error("a fixed set could not be read", run=str(run_id), kind=run.kind.value)


def _finish(container: Container, run: SetRun) -> SetRun:
    now = container.now()
    with container.transactions() as transaction:
        if run.kind is RunKind.CONTROL:
            classifier = container.classifier_of(run.digests[0])
            run = finish_control(transaction, run, classifier, now)
        else:
            run = replace(run, finished_at=now)
            transaction.controls.put_run(run)
    if run.kind is RunKind.CONTROL:
        _tell(run)
    return run


def _tell(run: SetRun) -> None:
    if not run.has_moved:
        _log.info("control slides stand", set=str(run.set_id), bundle=run.digests[0][:12])
        return
    _log.error(
        "control slides moved: find out why before reports are signed",
        set=str(run.set_id),
        run=str(run.id),
        bundle=run.digests[0][:12],
        moved=run.shift.moved if run.shift else (),
        largest_shift=run.shift.largest if run.shift else 0.0,
        failed=run.counts.failed if run.counts else 0,
    )


def _give_way(courtesy: Courtesy) -> None:
    if not courtesy.give_way():
        raise Interrupted
