"""The outbox on both databases: what is written with a case, who may send it, in which order."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.errors import Conflict, Forbidden, NotFound
from app.domain.event_list import EventFilter
from app.domain.outbox import (
    DeliveryFailed,
    DeliveryState,
    Destination,
    EventType,
    FailureKind,
    RetryRule,
    SinkKind,
    answered,
    delivered,
    failed,
    troubled,
)
from app.domain.site import DEFAULT_SITE_ID, Site
from app.domain.user import User
from app.jobs.maintenance import forget_deliveries
from app.services.replaying import replay, replay_dead, skip
from tests.db.test_repositories import open_case
from tests.factories import NOW

EVERYTHING = frozenset(EventType)
MINUTE = timedelta(minutes=1)
AWAY = DeliveryFailed(FailureKind.UNAVAILABLE, "away")
REFUSED = DeliveryFailed(FailureKind.REFUSED, "no")
RULE = RetryRule()


def make_destination(transaction, name="receiver", **values):
    made = Destination(
        **{
            "id": uuid7(),
            "kind": SinkKind.WEBHOOK,
            "name": name,
            "events": EVERYTHING,
            "config": {"url": "https://receiver.example"},
            "created_at": NOW,
            **values,
        }
    )
    transaction.destinations.add(made)
    return made


def publish(transaction, case, event=EventType.CLASSIFIED, **values):
    transaction.cases.lock(case.id)
    return transaction.outbox.publish(
        event, case.id, NOW, bundle_digest="d" * 64, read_count=1, **values
    )


@pytest.fixture
def told(container):
    """A case of which three things are told to one destination."""
    with container.transactions() as transaction:
        destination = make_destination(transaction)
        case = open_case(transaction)
        events = [
            publish(transaction, case),
            publish(transaction, case, EventType.SIGNED, version=1),
            publish(transaction, case, EventType.AMENDED, version=2),
        ]
    return destination, case, events


def claim(container, destination, now=NOW, limit=10):
    with container.transactions() as transaction:
        return transaction.outbox.claim(destination.id, now, now + MINUTE, limit)


def settle(container, claim, delivery, destination=None):
    with container.transactions() as transaction:
        return transaction.outbox.settle(claim, delivery, destination or claim.destination, NOW)


def states(container, destination):
    with container.transactions() as transaction:
        found = transaction.destinations.deliveries(destination.id, DeliveryState, None, 100)
    return [item.state.value for item in reversed(found)]


def test_what_is_rolled_back_is_told_to_nobody(container):
    with container.transactions() as transaction:
        destination, case = make_destination(transaction), open_case(transaction)
    with pytest.raises(RuntimeError), container.transactions() as transaction:
        publish(transaction, case)
        raise RuntimeError("the request died")
    assert states(container, destination) == []


def test_only_who_wants_to_know_is_told(container):
    elsewhere = uuid7()
    with container.transactions() as transaction:
        signed = make_destination(transaction, "signed", events=frozenset({EventType.SIGNED}))
        here = make_destination(transaction, "here", site_id=DEFAULT_SITE_ID)
        transaction.sites.add(Site(elsewhere, "Elsewhere", NOW))
        there = make_destination(transaction, "there", site_id=elsewhere)
        off = make_destination(transaction, "off", enabled=False)
        gone = make_destination(transaction, "gone")
        transaction.destinations.remove(gone.id, NOW)
        case = open_case(transaction)
        event = publish(transaction, case)
        assert transaction.outbox.last(case.id, EventType.CLASSIFIED) == event
        assert transaction.outbox.last(case.id, EventType.SIGNED) is None
    assert states(container, here) == ["waiting"]
    for other in (signed, there, gone):
        assert states(container, other) == []
    # What is switched off for a while misses nothing.
    assert states(container, off) == ["waiting"]
    assert claim(container, off) == []


def test_a_case_is_told_of_in_its_order_and_one_at_a_time(container, told):
    destination, _, events = told
    seen = []
    for _ in events:
        [held] = claim(container, destination)
        assert claim(container, destination) == []
        assert settle(container, held, delivered(held.delivery, NOW))
        seen.append(held.delivery.event)
    assert seen == events
    assert [event.sequence for event in seen] == [1, 2, 3]
    assert claim(container, destination) == []
    assert states(container, destination) == ["delivered"] * 3


def test_cases_do_not_wait_for_each_other(container, told):
    destination, _, _ = told
    with container.transactions() as transaction:
        other = open_case(transaction, number="A-2", patient="P-2")
        publish(transaction, other)
    held = claim(container, destination)
    assert len({item.delivery.event.case_id for item in held}) == 2
    with container.transactions() as transaction:
        transaction.outbox.release(held)
    assert len(claim(container, destination)) == 2


def test_what_a_killed_process_held_is_free_after_its_lease(container, told):
    destination, _, events = told
    [held] = claim(container, destination)
    [again] = claim(container, destination, NOW + 2 * MINUTE)
    assert again.delivery.event == held.delivery.event == events[0]
    # The first holder comes back: it has no say any more.
    assert not settle(container, held, delivered(held.delivery, NOW))
    assert states(container, destination)[0] == "waiting"
    assert settle(container, again, delivered(again.delivery, NOW))


def test_many_processes_claim_each_message_once(container):
    with container.transactions() as transaction:
        destination = make_destination(transaction)
        for number in range(20):
            publish(transaction, open_case(transaction, f"A-{number}", f"P-{number}"))
    with ThreadPoolExecutor(4) as threads:
        tries = [threads.submit(claim, container, destination, NOW, 3) for _ in range(24)]
        held = [item.delivery.id for done in tries for item in done.result(timeout=60)]
    while more := claim(container, destination, NOW, 3):
        held += [item.delivery.id for item in more]
    assert len(held) == len(set(held)) == 20


def test_a_refused_message_is_tried_again_and_given_up_in_the_end(container, told):
    destination, _, _ = told
    now = NOW
    for number in range(RULE.most_refusals):
        [held] = claim(container, destination, now)
        assert held.delivery.refusals == number
        after = failed(held.delivery, REFUSED, RULE, now, 1.0)
        settle(container, held, after, troubled(destination, REFUSED, RULE, now, 1.0))
        assert claim(container, destination, now) == []
        now = after.next_attempt_at
    # A later message does not overtake the one that was given up.
    assert states(container, destination) == ["dead", "waiting", "waiting"]
    assert claim(container, destination, now) == []
    with container.transactions() as transaction:
        assert transaction.destinations.get(destination.id).last_error == "no"
        assert transaction.destinations.counts(destination.id) == {
            DeliveryState.WAITING: 2,
            DeliveryState.DELIVERED: 0,
            DeliveryState.DEAD: 1,
            DeliveryState.SKIPPED: 0,
        }
        assert replay_dead(transaction, destination.id, now, None) == 1
    [held] = claim(container, destination, now)
    assert (held.delivery.attempts, held.delivery.event.sequence) == (0, 1)


def test_a_receiver_that_is_away_is_tried_with_one_message(container):
    with container.transactions() as transaction:
        destination = make_destination(transaction)
        for number in range(5):
            publish(transaction, open_case(transaction, f"A-{number}", f"P-{number}"))
    now, tried = NOW, []
    for _ in range(4):
        held, *rest = claim(container, destination, now)
        with container.transactions() as transaction:
            transaction.outbox.release(rest)
        tried.append(held.delivery.event.case_id)
        after = troubled(held.destination, AWAY, RULE, now, 0.0)
        settle(container, held, failed(held.delivery, AWAY, RULE, now, 1.0), after)
        assert claim(container, destination, now) == []
        with container.transactions() as transaction:
            assert transaction.outbox.due([SinkKind.WEBHOOK], now) == []
        now = after.paused_until
        with container.transactions() as transaction:
            assert transaction.outbox.due([SinkKind.WEBHOOK], now) == [destination.id]
            assert transaction.outbox.due([SinkKind.HL7], now) == []
    # Not always the same: a message that its receiver cannot digest stops no other.
    assert len(set(tried)) == 4
    [held] = claim(container, destination, now)
    settle(container, held, delivered(held.delivery, now), answered(held.destination))
    # Once it is back, those that failed do not wait for their own next attempt.
    assert len(claim(container, destination, now)) == 4


def test_who_wants_nothing_any_more_is_switched_off(container, told):
    destination, _, _ = told
    gone = DeliveryFailed(FailureKind.GONE, "gone")
    [held] = claim(container, destination)
    after = troubled(destination, gone, RULE, NOW, 0.5)
    settle(container, held, failed(held.delivery, gone, RULE, NOW, 0.5), after)
    with container.transactions() as transaction:
        found = transaction.destinations.get(destination.id)
        assert (found.enabled, found.last_error) == (False, "gone")
    later = NOW + timedelta(days=30)
    assert claim(container, destination, later) == []
    with container.transactions() as transaction:
        transaction.destinations.change(replace(found, enabled=True))
    assert len(claim(container, destination, later)) == 1


def test_replaying_sends_the_case_again_from_there_on(container, told):
    destination, _, events = told
    for _ in events[:2]:
        [held] = claim(container, destination)
        settle(container, held, delivered(held.delivery, NOW))
    [flying] = claim(container, destination)
    with container.transactions() as transaction:
        first = transaction.destinations.deliveries(destination.id, DeliveryState, None, 9)[-1]
        replay(transaction, destination.id, first.id, NOW, None)
    # The one in flight is not overtaken, and comes again after the others.
    assert claim(container, destination) == []
    assert not settle(container, flying, delivered(flying.delivery, NOW))
    later = NOW + 2 * MINUTE
    seen = []
    while held := claim(container, destination, later):
        settle(container, held[0], delivered(held[0].delivery, later))
        seen.append(held[0].delivery.event)
    assert seen == events
    with container.transactions() as transaction:
        assert transaction.destinations.last_delivered_at(destination.id) == later


def test_skipping_lets_the_later_ones_go_and_is_final_once_they_went(container, told):
    destination, _, events = told
    with container.transactions() as transaction:
        first = transaction.destinations.deliveries(destination.id, DeliveryState, None, 9)[-1]
        skip(transaction, destination.id, first.id, NOW, None)
        replay(transaction, destination.id, first.id, NOW, None)
        skip(transaction, destination.id, first.id, NOW, None)
    [held] = claim(container, destination)
    assert held.delivery.event == events[1]
    settle(container, held, delivered(held.delivery, NOW))
    with container.transactions() as transaction:
        with pytest.raises(Conflict, match="older result"):
            replay(transaction, destination.id, first.id, NOW, None)
        with pytest.raises(Conflict, match="delivered already"):
            skip(transaction, destination.id, held.delivery.id, NOW, None)
        with pytest.raises(NotFound):
            skip(transaction, destination.id, uuid7(), NOW, None)


def test_what_an_administrator_sends_again_is_of_the_sites_that_they_see(container):
    there = Site(uuid7(), "Elsewhere", NOW)
    by = User(uuid7(), "by", Role.ADMINISTRATOR, "!", site_ids=frozenset({DEFAULT_SITE_ID}))
    with container.transactions() as transaction:
        transaction.sites.add(there)
        destination = make_destination(transaction)
        for site_id in (DEFAULT_SITE_ID, there.id):
            publish(transaction, open_case(transaction, site_id=site_id))
        both = transaction.destinations.deliveries(destination.id, DeliveryState, None, 9)
        transaction.destinations.set_states(
            [replace(item, state=DeliveryState.DEAD) for item in both]
        )
        theirs, ours = both
    with container.transactions() as transaction:
        for act in (replay, skip):
            with pytest.raises(NotFound):
                act(transaction, destination.id, theirs.id, NOW, by)
        with pytest.raises(Forbidden):
            replay_dead(transaction, destination.id, NOW, by)
        # It becomes one of the own site; what it was told before stays among its messages.
        transaction.destinations.change(replace(destination, site_id=DEFAULT_SITE_ID))
        assert replay_dead(transaction, destination.id, NOW, by) == 1
        seen = {"site_ids": by.site_ids}
        found = transaction.destinations.deliveries(destination.id, DeliveryState, None, 9, **seen)
        assert [(item.id, item.state) for item in found] == [(ours.id, DeliveryState.WAITING)]
        assert sum(transaction.destinations.counts(destination.id, **seen).values()) == 1
        assert replay_dead(transaction, destination.id, NOW, None) == 1


def test_destinations_are_kept_changed_and_removed(container, told):
    destination, _, _ = told
    with container.transactions() as transaction:
        assert transaction.destinations.get(destination.id) == destination
        other = make_destination(transaction, "b", site_id=DEFAULT_SITE_ID, enabled=False)
        assert transaction.destinations.all(SinkKind.WEBHOOK) == [other, destination]
        assert transaction.destinations.all(SinkKind.HL7) == []
    with pytest.raises(Conflict, match="name"), container.transactions() as transaction:
        make_destination(transaction)
    with pytest.raises(Conflict, match="name"), container.transactions() as transaction:
        transaction.destinations.change(replace(destination, name="b"))
    with container.transactions() as transaction:
        changed = replace(destination, name="c", events=frozenset(), config={"url": "x"})
        transaction.destinations.change(changed)
        assert transaction.destinations.get(destination.id) == changed
        transaction.destinations.remove(destination.id, NOW)
        make_destination(transaction, "c")
        for act in (
            lambda: transaction.destinations.get(destination.id),
            lambda: transaction.destinations.remove(destination.id, NOW),
            lambda: transaction.destinations.change(destination),
        ):
            with pytest.raises(NotFound):
                act()
    assert states(container, destination) == ["skipped"] * 3


LONG_AGO = NOW + timedelta(days=1)
WAITING, DELIVERED, DEAD, SKIPPED = DeliveryState


def settle_as(container, destination, states, at=NOW):
    """Deliveries in the order of their events, in these states."""
    with container.transactions() as transaction:
        found = transaction.destinations.deliveries(destination.id, DeliveryState, None, 100)
        ordered = sorted(found, key=lambda item: item.event.id)
        transaction.destinations.set_states(
            [
                replace(item, state=state, settled_at=at)
                for item, state in zip(ordered, states, strict=True)
            ]
        )


def forget(container, destination, limit=50):
    with container.transactions() as transaction:
        if destination.id not in transaction.destinations.with_settled(LONG_AGO):
            return 0
        return transaction.destinations.forget_settled(destination.id, LONG_AGO, limit)


def test_what_was_settled_long_ago_is_forgotten_by_the_case(container):
    """Nothing that waits or was given up is, and nothing else of its case; nor the last taken."""
    done, waits, dead, skipped = DELIVERED, WAITING, DEAD, SKIPPED
    expected = [(done, done), (skipped, done), (done, waits), (done, dead), (dead, waits)]
    expected += [(skipped, skipped)]
    with container.transactions() as transaction:
        destination = make_destination(transaction)
        cases = [open_case(transaction, f"F-{n}") for n in range(len(expected))]
        for case in cases:
            publish(transaction, case)
            publish(transaction, case, EventType.SIGNED, version=1)
    settle_as(container, destination, [state for pair in expected for state in pair])
    with container.transactions() as transaction:
        latest = publish(transaction, open_case(transaction, "F-last"))
    [held] = [item for item in claim(container, destination) if item.delivery.event.id == latest.id]
    settle(container, held, delivered(held.delivery, NOW + MINUTE))
    assert forget(container, destination, limit=2) == 2
    assert forget(container, destination) == 1
    assert forget(container, destination) == 0
    with container.transactions() as transaction:
        kept = transaction.destinations.deliveries(destination.id, DeliveryState, None, 100)
        assert transaction.destinations.last_delivered_at(destination.id) == NOW + MINUTE
        assert transaction.outbox.last(cases[0].id, EventType.SIGNED)
    left = {item.event.case_id for item in kept}
    assert {case.id for case in cases} & left == {case.id for case in cases[2:5]}
    assert len(kept) == 7


def test_each_day_forgets_by_the_setting_and_says_so_in_the_audit(container, told, monkeypatch):
    destination, _, _ = told
    settle_as(container, destination, [DELIVERED, SKIPPED, SKIPPED])
    with container.transactions() as transaction:
        other = publish(transaction, open_case(transaction, "F-2", "P-2"))
    [held] = claim(container, destination)
    settle(container, held, delivered(held.delivery, NOW + MINUTE))
    days = container.settings.keep_deliveries_days
    monkeypatch.setattr(type(container), "now", lambda _: NOW + timedelta(days=days))
    assert forget_deliveries(container) == 0
    monkeypatch.setattr(type(container), "now", lambda _: NOW + timedelta(days=days, seconds=1))
    assert forget_deliveries(container) == 1
    with container.transactions() as transaction:
        kept = transaction.destinations.deliveries(destination.id, DeliveryState, None, 10)
        [*_, entry] = transaction.audit.all()
    assert [item.event.id for item in kept] == [other.id]
    assert (entry.event.action, entry.event.after) == ("message.forget", {"cases": 1})


def places(container, after=0, limit=10, **chosen):
    """The keys of events behind a place, and the place to go on from."""
    with container.transactions() as transaction:
        site_ids = chosen.pop("site_ids", frozenset({DEFAULT_SITE_ID}))
        page = transaction.outbox.page(EventFilter(site_ids, **chosen), after, limit)
    return [event.id for event in page.items], page.place, page.has_more


def test_events_are_listed_from_a_place_on_whatever_is_left_out(container, told):
    _, case, events = told
    keys = [event.id for event in events]
    assert places(container, limit=2) == (keys[:2], 2, True)
    assert places(container, 2, limit=2) == (keys[2:], 3, False)
    assert places(container, 3) == ([], 3, False)
    assert places(container, site_ids=frozenset()) == ([], 3, False)
    assert places(container, types=frozenset({EventType.SIGNED})) == ([keys[1]], 3, False)
    assert places(container, since=NOW + MINUTE) == ([], 3, False)
    with pytest.raises(RuntimeError), container.transactions() as transaction:
        publish(transaction, case)
        raise RuntimeError
    with container.transactions() as transaction:
        later = publish(transaction, case)
    assert places(container, 3) == ([later.id], 4, False)


def test_what_is_committed_late_comes_late(container):
    """By its key it would come before what has been listed, and never be seen."""
    if container.engine.dialect.name == "sqlite":
        pytest.skip("there is one writer at a time")
    with container.transactions() as transaction:
        cases = [open_case(transaction, f"F-{n}", f"P-{n}") for n in range(2)]
    with container.transactions() as slow:
        early = publish(slow, cases[0])
        with container.transactions() as quick:
            late = publish(quick, cases[1])
        assert places(container) == ([late.id], 1, False)
    assert early.id < late.id
    assert places(container, 1) == ([early.id], 2, False)
