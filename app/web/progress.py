"""How far cases are, for those that wait for it: one look at the database for all of them."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from starlette.concurrency import run_in_threadpool

from app.bootstrap import Container
from app.domain.case_state import CaseState
from app.domain.errors import StorageUnavailable
from app.domain.worklist import WorklistEntry

POLL_S = 0.25

_log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Listener:
    """Somebody who waits for news of one case."""

    case_id: UUID
    line: WorklistEntry | None = None
    is_lost: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, line: WorklistEntry | None) -> None:
        """Wake it, if there is something new; without a line there is no such case."""
        self.is_lost = line is None
        if self.is_lost or line != self.line:
            self.line = line
            self.news.set()

    async def next(self, timeout_s: float) -> bool:
        """Wait for news; whether there are any in time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.news.wait(), timeout_s)
        is_new = self.news.is_set()
        self.news.clear()
        return is_new


class Progress:
    """Asks for the lines of all cases that somebody waits for, while somebody does.

    A listener costs neither a thread nor a connection.
    """

    def __init__(self, container: Container) -> None:
        self._container = container
        self._listeners: set[Listener] = set()
        self._asking: asyncio.Task[None] | None = None
        self.is_closed = False

    @contextmanager
    def listening(self, case_id: UUID) -> Iterator[Listener]:
        """Be told of a case while the context lasts."""
        listener = Listener(case_id)
        self._listeners.add(listener)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def settled(self, case_id: UUID, wait_s: float) -> None:
        """Wait until no cell of a case waits, at most for so long."""
        if not wait_s:
            return
        end = asyncio.get_running_loop().time() + wait_s
        with self.listening(case_id) as listener:
            while (left_s := end - asyncio.get_running_loop().time()) > 0 and not self.is_closed:
                await listener.next(left_s)
                if listener.is_lost or (listener.line and is_settled(listener.line)):
                    return

    def open(self) -> None:
        """Before the first request."""
        self.is_closed = False

    def close(self) -> None:
        """Let everybody go: the server stops."""
        self.is_closed = True
        for listener in self._listeners:
            listener.news.set()

    async def _ask(self) -> None:
        while self._listeners and not self.is_closed:
            wanted = {listener.case_id for listener in self._listeners}
            try:
                lines = await run_in_threadpool(self._lines, wanted)
            except StorageUnavailable:
                # Whoever waits hears nothing meanwhile, and goes on waiting.
                _log.warning("the progress of cases is unknown for the moment")
            else:
                for listener in tuple(self._listeners):
                    if listener.case_id in wanted:
                        listener.tell(lines.get(listener.case_id))
            await asyncio.sleep(POLL_S)

    def _lines(self, case_ids: Collection[UUID]) -> Mapping[UUID, WorklistEntry]:
        with self._container.transactions() as transaction:
            return transaction.worklist.lines(case_ids)


def is_settled(line: WorklistEntry) -> bool:
    """Whether nothing of a case is on its way or waits to be classified."""
    return line.pending_count == 0 and line.state is not CaseState.UPLOADING
