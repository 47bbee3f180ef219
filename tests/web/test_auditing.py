"""The writer of the audit outlives whoever waits for it."""

import asyncio

from app.domain.audit import PRODUCT, AuditEvent
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
