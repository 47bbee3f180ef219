"""The deliverer on both databases: sinks that fail, processes that die, a receiver that is away."""

import threading
import time
from datetime import timedelta

import pytest

from app.domain.errors import StorageUnavailable
from app.domain.outbox import DeliveryFailed, DeliveryState, FailureKind, RetryRule, SinkKind
from app.jobs.deliverer import deliver_some, deliverer
from tests.db.test_outbox import make_destination, publish
from tests.db.test_repositories import open_case

QUICK = RetryRule(
    first=timedelta(milliseconds=10),
    longest=timedelta(milliseconds=20),
    first_pause=timedelta(milliseconds=10),
    longest_pause=timedelta(milliseconds=20),
)
WAIT_S = 30


class Receiver:
    """A sink that keeps what it gets, and answers as it is told to."""

    def __init__(self, *answers):
        self.taken, self.tried = [], []
        self.answers = list(answers)
        self.lock = threading.Lock()

    def send(self, outgoing):
        with self.lock:
            self.tried.append(outgoing.event)
            answer = self.answers.pop(0) if self.answers else None
            if answer is not None:
                raise answer
            self.taken.append(outgoing.event)

    def close(self):
        pass


@pytest.fixture
def world(container):
    """Two cases of which two things each are told to one destination."""
    with container.transactions() as transaction:
        destination = make_destination(transaction)
        cases = [open_case(transaction, f"A-{number}", f"P-{number}") for number in range(2)]
        events = [publish(transaction, case) for case in cases * 2]
    return destination, events


def states(container, destination):
    with container.transactions() as transaction:
        return dict(transaction.destinations.counts(destination.id))


def wait_for(condition, most_s=WAIT_S):
    deadline = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def in_order(events):
    sequences = {}
    for event in events:
        sequences.setdefault(event.case_id, []).append(event.sequence)
    return all(found == sorted(found) for found in sequences.values())


def test_everything_is_delivered_in_the_order_of_its_case(container, world):
    destination, events = world
    container.sinks[SinkKind.WEBHOOK] = receiver = Receiver()
    with deliverer(container, QUICK):
        wait_for(lambda: len(receiver.taken) == 4)
    assert {event.id for event in receiver.taken} == {event.id for event in events}
    assert in_order(receiver.taken)
    wait_for(lambda: states(container, destination)[DeliveryState.DELIVERED] == 4)


def test_what_fails_is_tried_again_until_it_is_taken(container, world):
    away = DeliveryFailed(FailureKind.UNAVAILABLE, "away")
    no = DeliveryFailed(FailureKind.REFUSED, "no")
    container.sinks[SinkKind.WEBHOOK] = receiver = Receiver(away, away, no, away, away, no)
    with deliverer(container, QUICK):
        wait_for(lambda: len(receiver.taken) == 4)
    assert in_order(receiver.taken)
    assert len(receiver.tried) == 10
    with container.transactions() as transaction:
        [destination] = transaction.destinations.all(SinkKind.WEBHOOK)
    assert (destination.failures, destination.last_error) == (0, None)


def test_a_message_that_its_sink_cannot_make_stops_no_other(container, world):
    destination, events = world
    container.sinks[SinkKind.WEBHOOK] = receiver = Receiver(ZeroDivisionError("a bug"))
    deliver_some(container, destination.id, QUICK)
    assert [event.id for event in receiver.taken] == [events[1].id]
    with container.transactions() as transaction:
        waiting = transaction.destinations.deliveries(
            destination.id, [DeliveryState.WAITING], None, 9
        )
    assert [item.last_error for item in waiting] == [
        None,
        None,
        "The message could not be made (ZeroDivisionError). The server's log says more.",
    ]


def test_a_database_that_is_away_for_the_sink_is_no_attempt(container, world):
    destination, _ = world
    container.sinks[SinkKind.WEBHOOK] = Receiver(StorageUnavailable("away"))
    with pytest.raises(StorageUnavailable):
        deliver_some(container, destination.id, QUICK)
    with container.transactions() as transaction:
        found = transaction.destinations.deliveries(destination.id, DeliveryState, None, 9)
    assert {item.attempts for item in found} == {0}


def test_a_receiver_that_hangs_keeps_no_other_waiting(container, world):
    hanging, _ = world
    go_on = threading.Event()

    class Hanging(Receiver):
        def send(self, outgoing):
            if outgoing.destination.id == hanging.id:
                go_on.wait(WAIT_S)
            super().send(outgoing)

    with container.transactions() as transaction:
        other = make_destination(transaction, "other")
        publish(transaction, open_case(transaction, "A-9", "P-9"))
    container.sinks[SinkKind.WEBHOOK] = Hanging()
    with deliverer(container, QUICK):
        wait_for(lambda: states(container, other)[DeliveryState.DELIVERED] == 1)
        assert states(container, hanging)[DeliveryState.DELIVERED] == 0
        go_on.set()
        wait_for(lambda: states(container, hanging)[DeliveryState.DELIVERED] == 5)
