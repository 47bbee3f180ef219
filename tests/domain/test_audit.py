from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.audit import (
    GENESIS,
    PRODUCT,
    AuditEvent,
    AuditHead,
    ChainCheck,
    chain,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
START = AuditHead(0, GENESIS)


def events(count):
    return [
        AuditEvent(AT + timedelta(seconds=i), PRODUCT, "case.view", after={"n": i})
        for i in range(count)
    ]


def checked(entries, head, known=()):
    check = ChainCheck(known)
    for entry in entries:
        check.add(entry)
    return check.end(head)


@pytest.fixture
def entries():
    return chain(START, events(5))


def end(entries):
    return AuditHead(entries[-1].sequence, entries[-1].hash)


def test_a_chain_holds_however_it_was_written(entries):
    parts = chain(START, events(5)[:2])
    parts += chain(end(parts), events(5)[2:])
    assert parts == entries
    assert checked(entries, end(entries)) is None
    assert checked([], START) is None


CHANGES = {
    "at": AT,
    "action": "case.open",
    "subject": "cell:1",
    "before": {"n": 3},
    "after": {"n": 4},
    "actor": replace(PRODUCT, name="somebody"),
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_entry_is_found(entries, field):
    forged = replace(entries[2], event=replace(entries[2].event, **{field: CHANGES[field]}))
    found = checked([*entries[:2], forged, *entries[3:]], end(entries))
    assert (found.sequence, found.reason) == (3, "the entry was changed")


@pytest.mark.parametrize("gone", range(5))
def test_a_removed_entry_is_found(entries, gone):
    found = checked([*entries[:gone], *entries[gone + 1 :]], end(entries))
    assert found.sequence == gone + 1
    assert "removed" in found.reason


def test_an_entry_that_was_put_in_is_found(entries):
    """Before the first, after the end, or twice in one place; each fits the one before it."""
    below = replace(chain(START, events(1))[0], sequence=0)
    assert checked([below, *entries], end(entries)).sequence == 0
    after = chain(end(entries), events(1))
    found = checked([*entries, *after], end(entries))
    assert (found.sequence, found.reason) == (6, "an entry was put in after the end of the chain")
    assert "put in" in checked([*entries, entries[4]], end(entries)).reason


def test_two_entries_that_changed_places_are_found(entries):
    swapped = [
        entries[0],
        replace(entries[2], sequence=2),
        replace(entries[1], sequence=3),
        *entries[3:],
    ]
    assert checked(swapped, end(entries)).sequence == 2


def test_a_chain_that_was_made_anew_is_found_by_an_end_kept_elsewhere(entries):
    forged = chain(START, [replace(event, subject="x") for event in events(5)])
    assert checked(forged, end(forged)) is None
    found = checked(forged, end(forged), known=[end(entries[:3])])
    assert (found.sequence, found.reason) == (
        3,
        "the entry is not the one that was noted elsewhere",
    )
    shorter = chain(START, events(2))
    assert checked(shorter, end(shorter), known=[end(entries[:3])]).sequence == 3
