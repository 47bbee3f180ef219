"""What the product does by itself: erased images, retention, old messages, the audit's end.

Every process with a worker does it. Each step is safe to be done twice or at once by two: an image
that is gone is gone, a case is erased under its lock, and messages go under their destination's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from uuid import UUID

import structlog

from app.bootstrap import Container
from app.domain.case import Case
from app.domain.erasure import RetentionRule
from app.domain.errors import Conflict, NotFound
from app.services.auditing import shown_head
from app.services.erasing import erase_overdue, remove_images

POLL_S = 30.0
ALWAYS, HOURLY, DAILY = timedelta(0), timedelta(hours=1), timedelta(days=1)
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


@dataclass
class Chore:
    """Something that is done again and again; one that fails keeps no other from its turn."""

    name: str
    every: timedelta
    do: Callable[[], object]
    done_at: datetime | None = None

    def take_turn(self, now: datetime) -> None:
        """Do it if it is due; what failed is due at the next turn."""
        if self.done_at is not None and now - self.done_at < self.every:
            return
        try:
            self.do()
        except Exception:
            _log.exception("the maintenance failed; it is tried again", part=self.name)
        else:
            self.done_at = now


def _run(container: Container, stop: Event) -> None:
    traces = Traces(container)
    chores = (
        Chore("retention", DAILY, lambda: retain(container)),
        Chore("erased images", ALWAYS, lambda: _remove_images(container, stop)),
        Chore("traces", ALWAYS, traces.clear),
        Chore("old messages", DAILY, lambda: forget_deliveries(container)),
        Chore("audit", HOURLY, lambda: note_end(container)),
    )
    while True:
        for chore in chores:
            if stop.is_set():
                return
            chore.take_turn(container.now())
        if stop.wait(POLL_S):
            return


def _remove_images(container: Container, stop: Event) -> None:
    while remove_images(container.transactions, container.blobs, container.now()):
        if stop.is_set():
            return


class Traces:
    """What the database's files still hold of rows that were erased since the last look."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._cleared: datetime | None = None

    def clear(self) -> None:
        """Have them overwritten; while others read, it is left for the next turn."""
        with self._container.transactions() as transaction:
            last = transaction.erasures.last_at()
        if last != self._cleared and self._container.clear_traces():
            self._cleared = last


def note_end(container: Container) -> None:
    """Put the audit's end where the log is kept, for `vexascope audit verify --heads`."""
    with container.transactions() as transaction:
        head = transaction.audit.head()
    _log.info("the audit ends here", entries=head.count, end=shown_head(head))


def retain(container: Container) -> int:
    """Erase the cases whose time is over, a transaction each; how many."""
    rule, now, erased = container.retention_rule, container.now(), 0
    after: UUID | None = None
    while not rule.is_empty:
        with container.transactions() as transaction:
            cases = transaction.erasures.overdue(rule, now, CASES_AT_ONCE, after=after)
        if not cases:
            break
        erased += sum(_is_erased(container, case, rule, now) for case in cases)
        # One that cannot be erased today must not keep those behind it.
        after = cases[-1].id
    if erased:
        _log.info("cases erased: their time was over", cases=erased)
    return erased


def _is_erased(container: Container, case: Case, rule: RetentionRule, now: datetime) -> bool:
    try:
        with container.transactions() as transaction:
            erase_overdue(transaction, case, rule, now)
    except (Conflict, NotFound) as error:
        _log.warning("a case was not erased", case=str(case.id), reason=error.detail)
        return False
    return True


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
