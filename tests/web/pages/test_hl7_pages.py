"""The pages of HL7, as an administrator uses them."""

import shutil
from dataclasses import replace
from html import unescape

import pytest
from uuid_utils.compat import uuid7

from app.domain.hl7_peer import Hl7PeerConfig
from app.domain.outbox import (
    DeliveryFailed,
    DeliveryState,
    EventType,
    FailureKind,
    SinkKind,
    failed,
)
from app.domain.site import Site
from app.jobs.deliverer import RULE
from app.services.hl7_peers import Hl7PeerForm, add_peer
from tests.accounts import ADMIN, READER
from tests.db.test_outbox import publish
from tests.db.test_repositories import open_case
from tests.factories import NOW

PAGES = "/administration/hl7"


@pytest.fixture
def database_url(migrated_sqlite, tmp_path):
    """SQLite alone: what the pages read is tested on both elsewhere."""
    shutil.copy(migrated_sqlite, tmp_path / "vexascope.db")
    return f"sqlite:///{tmp_path / 'vexascope.db'}"


@pytest.fixture
def admin(idle_client):
    idle_client.auth = ADMIN
    idle_client.headers.update({"accept": "text/html"})
    return idle_client


@pytest.fixture
def product(admin):
    return admin.app.state.container


def add(product, name="LIS", site_name=None):
    form = Hl7PeerForm(name, Hl7PeerConfig("lis.example", 2576), site_name=site_name)
    with product.transactions() as transaction:
        return add_peer(transaction, form, NOW)


def states(product, peer):
    with product.transactions() as transaction:
        counts = transaction.destinations.counts(peer.id)
    return {state: count for state, count in counts.items() if count}


def test_it_is_said_that_no_orders_are_taken_and_how_a_peer_is_named(admin):
    text = unescape(admin.get(PAGES).text)
    assert "VEXASCOPE_HL7_PORT is not set" in text
    assert "vexascope hl7 peer add" in text
    assert f'href="{PAGES}"' in admin.get("/administration").text


def test_a_peer_is_switched_off_and_on(admin, product):
    peer = add(product)
    assert "lis.example:2576" in admin.get(PAGES).text
    off = admin.post(f"{PAGES}/{peer.id}/switch", data={})
    assert "Switched off: messages are kept and wait." in unescape(off.text)
    on = admin.post(f"{PAGES}/{peer.id}/switch", data={"enabled": "yes"})
    assert "Switch off" in on.text
    with product.transactions() as transaction:
        assert transaction.destinations.get(peer.id).enabled


def test_what_was_given_up_is_sent_again_and_a_message_is_let_go(admin, product):
    peer = add(product)
    refusal = DeliveryFailed(FailureKind.IMPOSSIBLE, "The peer answered AR. only 2.3 here")
    with product.transactions() as transaction:
        case = open_case(transaction)
        publish(transaction, case, EventType.SIGNED, version=1)
        publish(transaction, case, EventType.AMENDED, version=2)
        found = transaction.destinations.deliveries(peer.id, list(DeliveryState), None, 9)
        transaction.destinations.lock(peer.id)
        dead = [failed(item, refusal, RULE, NOW, 0) for item in found]
        transaction.destinations.set_states(dead)
    page = admin.get(f"{PAGES}/{peer.id}?state=dead")
    assert "only 2.3 here" in page.text
    assert "Send again all 2 that were given up" in page.text
    admin.post(f"{PAGES}/{peer.id}/replay")
    assert states(product, peer) == {DeliveryState.WAITING: 2}
    admin.post(f"{PAGES}/{peer.id}/deliveries/{found[0].id}/skip")
    assert states(product, peer) == {DeliveryState.WAITING: 1, DeliveryState.SKIPPED: 1}
    admin.post(f"{PAGES}/{peer.id}/deliveries/{found[0].id}/replay")
    assert states(product, peer) == {DeliveryState.WAITING: 2}


def test_a_peer_of_another_site_is_not_there(admin, product):
    with product.transactions() as transaction:
        transaction.sites.add(Site(uuid7(), "Elsewhere", NOW))
    peer = add(product, site_name="Elsewhere")
    assert str(peer.id) not in admin.get(PAGES).text
    assert admin.get(f"{PAGES}/{peer.id}").status_code == 404
    assert admin.post(f"{PAGES}/{peer.id}/switch").status_code == 404


def test_a_peer_of_all_sites_is_switched_by_who_sees_all(admin, product):
    peer = add(product)
    page = f"{PAGES}/{peer.id}"
    assert "/switch" in admin.get(page).text
    with product.transactions() as transaction:
        transaction.sites.add(Site(uuid7(), "Elsewhere", NOW))
    assert "/switch" not in admin.get(page).text
    assert admin.post(f"{page}/switch").status_code == 403
    with product.transactions() as transaction:
        assert transaction.destinations.get(peer.id).enabled


def test_the_page_of_a_peer_of_all_sites_offers_the_own_sites_messages(admin, product):
    peer = add(product)
    page = f"{PAGES}/{peer.id}"
    with product.transactions() as transaction:
        there = Site(uuid7(), "Elsewhere", NOW)
        transaction.sites.add(there)
        cases = [
            open_case(transaction, "A-1", "P-1"),
            open_case(transaction, "B-1", "P-2", site_id=there.id),
        ]
        for case in cases:
            publish(transaction, case, EventType.SIGNED, version=1)
        found = transaction.destinations.deliveries(peer.id, list(DeliveryState), None, 9)
        transaction.destinations.set_states(
            [replace(item, state=DeliveryState.DEAD) for item in found]
        )
    key = {delivery.event.case_id: delivery.id for delivery in found}
    own, other = (f"/deliveries/{key[case.id]}/" for case in cases)
    text = admin.get(page).text
    assert own in text
    assert other not in text
    assert f'action="{page}/replay"' not in text
    assert admin.post(f"{page}/replay").status_code == 403
    for act in ("skip", "replay"):
        assert admin.post(f"{page}{other}{act}").status_code == 404
        assert admin.post(f"{page}{own}{act}").status_code == 200
    assert states(product, peer) == {DeliveryState.WAITING: 1, DeliveryState.DEAD: 1}


def test_a_webhook_has_no_page_here(admin, product):
    hook = {"name": "x", "url": "https://a.example/b", "events": ["signed"]}
    made = admin.post("/api/v1/webhooks", json=hook, headers={"accept": "application/json"}).json()
    assert admin.get(f"{PAGES}/{made['id']}").status_code == 404
    with product.transactions() as transaction:
        assert transaction.destinations.all(SinkKind.HL7) == []


def test_a_haematologist_has_no_business_here(admin):
    admin.auth = READER
    assert admin.get(PAGES).status_code == 403
