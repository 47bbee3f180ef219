"""How long it is tried, and when it is given up."""

from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from app.domain.outbox import (
    Delivery,
    DeliveryFailed,
    DeliveryState,
    EventType,
    FailureKind,
    OutboxEvent,
    RetryRule,
    again,
    backoff,
    failed,
)
from tests.factories import NOW

RULE = RetryRule()
DAY = timedelta(days=1)


def make_delivery():
    event = OutboxEvent(uuid7(), EventType.SIGNED, uuid7(), 1, NOW, "d" * 64, 100, 1)
    return Delivery(uuid7(), event, uuid7(), DeliveryState.WAITING, NOW)


def failure(kind, **values):
    return DeliveryFailed(kind, "why", **values)


def test_the_wait_doubles_up_to_its_limit_and_is_never_the_same_for_all():
    first, longest = timedelta(seconds=5), timedelta(hours=1)
    whole = [backoff(first, longest, count, 1.0) for count in (1, 2, 3, 11, 10_000)]
    assert [wait.total_seconds() for wait in whole] == [5, 10, 20, 3600, 3600]
    assert backoff(first, longest, 3, 0.0) == timedelta(seconds=10)


def test_a_receiver_that_asks_for_time_gets_it():
    asked = failure(FailureKind.UNAVAILABLE, retry_after=timedelta(hours=2))
    after = failed(make_delivery(), asked, RULE, NOW, 0.5)
    assert after.next_attempt_at == NOW + timedelta(hours=2)


@pytest.mark.parametrize("kind", [FailureKind.UNAVAILABLE, FailureKind.GONE])
def test_an_outage_of_days_gives_nothing_up(kind):
    delivery, now = make_delivery(), NOW
    while now < NOW + 6 * DAY:
        delivery = failed(delivery, failure(kind), RULE, now, 1.0)
        assert delivery.state is DeliveryState.WAITING
        now = delivery.next_attempt_at
    assert delivery.attempts > RULE.most_refusals
    late = failed(delivery, failure(kind), RULE, NOW + 7 * DAY, 1.0)
    assert (late.state, late.settled_at) == (DeliveryState.DEAD, NOW + 7 * DAY)
    renewed = again(late, NOW + 8 * DAY)
    assert failed(renewed, failure(kind), RULE, NOW + 8 * DAY, 1.0).state is DeliveryState.WAITING
