"""Requests in the audit: written before the answer goes out, many in one transaction.

A view must not be answered without its entry, and a transaction for each would take longer than
most answers. So the entries of requests that come together are written together.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread

import structlog

from app.domain.audit import AuditEvent
from app.domain.errors import StorageUnavailable
from app.domain.message import message
from app.ports import Transactions

MOST_AT_ONCE = 200

_log = structlog.get_logger(__name__)

_Waiting = tuple[AuditEvent, Future[None]]


class AuditWriter:
    """Writes entries in a thread of its own while `running`; outside of it, at once."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._is_running = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Take entries until the context ends; what waits by then is written."""
        thread = Thread(target=self._run, name="audit", daemon=True)
        thread.start()
        self._is_running = True
        try:
            yield
        finally:
            self._is_running = False
            self._queue.put(None)
            thread.join()

    async def write(self, event: AuditEvent) -> None:
        """Wait until the entry is stored.

        Raises
        ------
        StorageUnavailable
            If it cannot be.
        """
        if not self._is_running:
            await asyncio.to_thread(self._store, [event])
            return
        future: Future[None] = Future()
        self._queue.put((event, future))
        await asyncio.wrap_future(future)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            waiting = [first, *self._more()]
            self._write_all([item for item in waiting if item is not None])
            if None in waiting:
                return

    def _more(self) -> Iterator[_Waiting | None]:
        for _ in range(MOST_AT_ONCE - 1):
            try:
                item = self._queue.get_nowait()
            except Empty:
                return
            yield item
            if item is None:
                return

    def _write_all(self, waiting: Sequence[_Waiting]) -> None:
        # From here on nobody can call it off; who has done so has an entry all the same.
        awaited = {future for _, future in waiting if future.set_running_or_notify_cancel()}
        self._write_together(waiting, awaited)

    def _write_together(self, waiting: Sequence[_Waiting], awaited: set[Future[None]]) -> None:
        try:
            self._store([event for event, _ in waiting])
        except Exception as error:
            if len(waiting) > 1 and not isinstance(error, StorageUnavailable):
                # One that the database does not take must not cost the others their answers.
                for item in waiting:
                    self._write_together([item], awaited)
                return
            _log.exception("the audit could not be written", entries=len(waiting))
            for future in awaited.intersection(future for _, future in waiting):
                future.set_exception(_told(error))
            return
        for future in awaited.intersection(future for _, future in waiting):
            future.set_result(None)

    def _store(self, events: Sequence[AuditEvent]) -> None:
        with self._transactions() as transaction:
            transaction.audit.add(events)


def _told(error: Exception) -> StorageUnavailable:
    if isinstance(error, StorageUnavailable):
        return error
    return StorageUnavailable(message("The audit could not be written. Try again."))
