"""What the product does by itself: erased images, retention, old messages, the audit's end.

Every process with a worker does it. Each step is safe to be done twice or at once by two: an image
that is gone is gone, a case is erased under its lock, and messages go under their destination's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from uuid import UUID

import structlog

from app.bootstrap import Container
from app.domain.errors import Conflict, NotFound
from app.services.erasing import erase_overdue, remove_images

POLL_S = 30.0
DAILY = timedelta(days=1)
CASES_AT_ONCE = 50

_log = structlog.get_logger(__name__)


@contextmanager
def maintenance(container: Container) -> Iterator[None]:
    """Work in a thread while the context lasts."""
    stop = Event()
    thread = Thread(target=_run, args=(container, stop), name="maintenance", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _run(container: Container, stop: Event) -> None:
    daily_at: datetime | None = None
    while True:
        now = container.now()
        try:
            while remove_images(container.transactions, container.blobs, now):
                if stop.is_set():
                    return
            if daily_at is None or now - daily_at >= DAILY:
                each_day(container)
                daily_at = now
        except Exception:
            _log.exception("the maintenance failed; it is tried again")
        if stop.wait(POLL_S):
            return


def each_day(container: Container) -> None:
    """End what has had its time, and put the audit's end where the log is kept."""
    retain(container)
    forget_deliveries(container)
    with container.transactions() as transaction:
        head = transaction.audit.head()
    _log.info("the audit ends here", entries=head.count, hash=head.hash)


def retain(container: Container) -> int:
    """Erase the cases whose time is over, a transaction each; how many."""
    rule, erased = container.retention_rule, 0
    while not rule.is_empty:
        now = container.now()
        with container.transactions() as transaction:
            cases = transaction.erasures.overdue(rule, now, CASES_AT_ONCE)
        done = 0
        for case in cases:
            try:
                with container.transactions() as transaction:
                    erase_overdue(transaction, case, rule, now)
                done += 1
            except (Conflict, NotFound) as error:
                _log.warning("a case was not erased", case=str(case.id), reason=error.detail)
        erased += done
        if not done:
            break
    if erased:
        _log.info("cases erased: their time was over", cases=erased)
    return erased


def forget_deliveries(container: Container) -> int:
    """Remove what was settled long ago, in short transactions; of how many cases."""
    before = container.now() - timedelta(days=container.settings.keep_deliveries_days)
    with container.transactions() as transaction:
        destinations = transaction.destinations.with_settled(before)
    forgotten = 0
    for destination_id in destinations:
        while done := _forget_some(container, destination_id, before):
            forgotten += done
    if forgotten:
        _log.info("messages forgotten: they were settled long ago", cases=forgotten)
    return forgotten


def _forget_some(container: Container, destination_id: UUID, before: datetime) -> int:
    with container.transactions() as transaction:
        # Nobody sends one of a case again while the others of it go.
        transaction.destinations.lock(destination_id)
        done = transaction.destinations.forget_settled(destination_id, before, CASES_AT_ONCE)
        if done:
            transaction.audit.note(
                "message.forget", subject=f"destination:{destination_id}", after={"cases": done}
            )
    return done
