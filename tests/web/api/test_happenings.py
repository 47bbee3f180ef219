"""What happened since, for those who ask: once, in order, and of one's own sites."""

import threading

import pytest
from uuid_utils.compat import uuid7

from app.domain.outbox import EventType
from app.domain.site import Site
from app.interchange.webhook_body import event_content
from tests.accounts import READER
from tests.db.test_outbox import publish
from tests.db.test_repositories import open_case
from tests.factories import NOW
from tests.web.api.test_cases import is_problem

EVENTS = "/api/v1/events"


@pytest.fixture
def happened(open_container):
    """Two cases, and what happened to them."""
    with open_container.transactions() as transaction:
        cases = [open_case(transaction, f"F-{n}", f"P-{n}") for n in range(2)]
        events = [
            publish(transaction, cases[0]),
            publish(transaction, cases[1]),
            publish(transaction, cases[0], EventType.SIGNED, version=1),
        ]
    return cases, events


def test_one_asks_again_from_where_one_was(idle_client, open_container, happened):
    cases, events = happened
    told = [event_content(event, "") for event in events]
    first = idle_client.get(EVENTS, params={"limit": 2}).json()
    assert [item["data"]["event_id"] for item in first["items"]] == [str(e.id) for e in events[:2]]
    assert first["items"][0]["data"] == told[0]["data"]
    assert first["has_more"]
    address = idle_client.get(EVENTS, params={"limit": 2}).links["next"]["url"]
    last = idle_client.get(address)
    assert [item["type"] for item in last.json()["items"]] == ["signed"]
    assert (last.json()["has_more"], "next" in last.links) == (False, False)
    place = {"cursor": last.json()["next_cursor"]}
    assert idle_client.get(EVENTS, params=place).json() == {
        "items": [],
        "next_cursor": place["cursor"],
        "has_more": False,
    }
    with open_container.transactions() as transaction:
        amended = publish(transaction, cases[0], EventType.AMENDED, version=2)
    [item] = idle_client.get(EVENTS, params=place).json()["items"]
    assert item["data"]["event_id"] == str(amended.id)
    assert "F-0" not in str(first) + str(item)


def test_it_is_narrowed_and_a_place_is_told_all_the_same(idle_client, happened):
    signed = idle_client.get(EVENTS, params={"type": "signed"}).json()
    assert [item["data"]["version"] for item in signed["items"]] == [1]
    later = idle_client.get(EVENTS, params={"since": "2999-01-01T00:00:00Z"}).json()
    assert later["items"] == []
    assert idle_client.get(EVENTS, params={"cursor": later["next_cursor"]}).json()["items"] == []
    for wrong in ({"since": "2026-01-01T00:00:00"}, {"cursor": "x"}, {"type": "opened"}):
        is_problem(idle_client.get(EVENTS, params=wrong), 422, "")


def test_another_site_hears_nothing(idle_client, open_container, happened):
    with open_container.transactions() as transaction:
        other = Site(uuid7(), "Another laboratory", NOW)
        transaction.sites.add(other)
        reader = transaction.users.by_name(READER[0])
        transaction.sites.set_sites_of(reader.id, [other.id])
    assert idle_client.get(EVENTS).json()["items"] == []


def test_waiting_ends_with_what_happens(idle_client, open_container, happened):
    cases, _ = happened
    place = idle_client.get(EVENTS).json()["next_cursor"]

    def happen():
        with open_container.transactions() as transaction:
            publish(transaction, cases[1], EventType.SIGNED, version=1)

    timer = threading.Timer(0.2, happen)
    timer.start()
    found = idle_client.get(EVENTS, params={"cursor": place, "wait": 30}).json()
    timer.join()
    assert [item["type"] for item in found["items"]] == ["signed"]
