"""Heartbeats: a worker that never comes back leaves jobs behind; the others take them over."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import structlog
from dbos import WorkflowStatus

from app.bootstrap import Container
from app.db.workers import beat, forget, silent_since

BEAT_S = 5.0
# Far more than a beat: a process that is merely busy must not lose its jobs to another.
SILENT_AFTER = timedelta(seconds=60)

_log = structlog.get_logger(__name__)


@contextmanager
def heartbeat(container: Container, name: str) -> Iterator[None]:
    """Beat in a thread while the context lasts, and take over from silent workers."""
    stop = Event()
    thread = Thread(target=_run, args=(container, name, stop), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _run(container: Container, name: str, stop: Event) -> None:
    while True:
        try:
            beat(container.engine, name, container.now())
            take_over(container, name)
        except Exception:
            _log.exception("the heartbeat failed; it is tried again")
        if stop.wait(BEAT_S):
            return


def take_over(container: Container, name: str) -> int:
    """Put the unfinished jobs of silent workers back into the queue; how many."""
    limit = container.now() - SILENT_AFTER
    silent = silent_since(container.engine, limit, name)
    if not silent:
        return 0
    left = _unfinished(container, silent)
    if left:
        container.queue_client.resume_workflows([job.workflow_id for job in left])
        _log.warning("took over jobs of silent workers", jobs=len(left), workers=silent)
    # Only who has left nothing behind is forgotten; the others are looked at again.
    busy = {job.executor_id for job in _unfinished(container, silent)}
    forget(container.engine, set(silent) - busy, limit)
    return len(left)


def _unfinished(container: Container, names: list[str]) -> list[WorkflowStatus]:
    return container.queue_client.list_workflows(
        status="PENDING", executor_id=names, load_input=False, load_output=False
    )
