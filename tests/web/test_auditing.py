"""The writer of the audit outlives whoever waits for it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from app.bootstrap import build
from app.domain.audit import PRODUCT, AuditEvent
from app.domain.errors import StorageUnavailable
from app.services.auditing import verify
from app.web.auditing import AuditWriter


def event(container, number):
    return AuditEvent(container.now(), PRODUCT, "case.view", after={"number": number})


def count(container):
    with container.transactions() as transaction:
        return transaction.audit.head().count


def test_entries_of_requests_that_come_together_are_all_written(container):
    writer = AuditWriter(container.transactions)

    async def write_all():
        await asyncio.gather(*(writer.write(event(container, n)) for n in range(50)))

    with writer.running():
        asyncio.run(write_all())
    assert count(container) == 50


def test_who_leaves_while_an_entry_is_written_stops_nobody(container):
    writer = AuditWriter(container.transactions)

    async def leave_and_write():
        leaving = [asyncio.create_task(writer.write(event(container, n))) for n in range(20)]
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await asyncio.wait_for(writer.write(event(container, 99)), timeout=60)

    with writer.running():
        asyncio.run(leave_and_write())
    assert count(container) == 21


def test_an_entry_that_cannot_be_stored_costs_no_other_its_answer(container):
    writer = AuditWriter(container.transactions)
    events = [event(container, number) for number in range(5)]
    events[2] = replace(events[2], after={"name": "\ud800"})

    async def write_all():
        return await asyncio.gather(*map(writer.write, events), return_exceptions=True)

    with writer.running():
        answers = asyncio.run(write_all())
    assert [type(answer) for answer in answers if answer] == [StorageUnavailable]
    assert count(container) == 4


def test_processes_that_append_at_once_make_one_chain(container):
    """Each has an engine of its own, as processes have."""
    others = [build(container.settings) for _ in range(2)]

    def append(other):
        for number in range(20):
            with other.transactions() as transaction:
                transaction.audit.note("case.view", after={"number": number})
                transaction.audit.note("cells.view", after={"text": "é\u202f\x00", "part": 0.1})

    try:
        with ThreadPoolExecutor(len(others)) as threads:
            list(threads.map(append, others))
    finally:
        for other in others:
            other.close()
    with container.transactions() as transaction:
        verdict = verify(transaction)
    assert (verdict.head.count, verdict.found) == (80, None)
