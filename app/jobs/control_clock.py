"""The clock of the control slides: begins the day's runs, and tells when one is overdue."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from threading import Event, Thread
from uuid import UUID

import structlog

from app.bootstrap import Container
from app.domain.control import ControlState
from app.services.controlling import begin_due, control_standings
from app.services.standing import active_digest

LOOK_S = 60.0

_log = structlog.get_logger(__name__)


@contextmanager
def control_clock(container: Container) -> Iterator[None]:
    """Look in a thread while the context lasts; several processes may do so at once."""
    stop = Event()
    thread = Thread(target=_run, args=(container, stop), name="control clock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _run(container: Container, stop: Event) -> None:
    told: set[tuple[UUID, date]] = set()
    while True:
        try:
            look(container, told)
        except Exception:
            _log.exception("the control slides were not looked at; it is tried again")
        if stop.wait(LOOK_S):
            return


def look(container: Container, told: set[tuple[UUID, date]]) -> None:
    """Begin what is due, and tell once a day of each set that is overdue."""
    now = container.now()
    with container.transactions() as transaction:
        # Before the day's run is begun: one that is late is told of though it comes now.
        standings = control_standings(transaction, now)
        begun = begin_due(transaction, active_digest(transaction, container.default_digest), now)
    for run in begun:
        _log.info("control slides are read", set=str(run.set_id), day=str(run.due_on))
    for standing in standings:
        key = (standing.fixed.id, now.date())
        if standing.state is ControlState.OVERDUE and key not in told:
            told.add(key)
            last = standing.last.finished_at if standing.last else None
            _log.error(
                "control slides are overdue: no run has ended for more than a day",
                set=str(standing.fixed.id),
                last=last.isoformat() if last else None,
            )
