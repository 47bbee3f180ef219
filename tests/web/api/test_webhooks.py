"""Webhooks over REST, by an administrator, with real receivers and the deliverer beside."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from standardwebhooks.webhooks import Webhook
from uuid_utils.compat import uuid7

from app.bootstrap import build
from app.domain.access import Role
from app.domain.outbox import DeliveryState, EventType
from app.domain.site import DEFAULT_SITE_ID, Site
from app.domain.user import User
from app.jobs.deliverer import deliverer
from app.jobs.worker import worker
from app.services.identity import hash_password
from app.web.app import create_app
from tests.accounts import ADMIN, ADMIN_PASSWORD, READER, add_accounts
from tests.conftest import make_settings
from tests.db.test_outbox import publish
from tests.db.test_repositories import open_case
from tests.images import cell_png
from tests.interchange.receiver import answers, receiving
from tests.jobs.test_deliverer import QUICK, wait_for
from tests.web.api.test_cases import NEW, is_problem

HOOKS = "/api/v1/webhooks"
UNKNOWN = "0190a000-0000-7000-8000-000000000000"


@pytest.fixture
def laboratory(migrated_sqlite, tmp_path, small_bundle):
    """A container that may send to loopback."""
    (tmp_path / "vexascope.db").write_bytes(migrated_sqlite.read_bytes())
    settings = make_settings(tmp_path, bundle=small_bundle, webhook_allowed="127.0.0.0/8")
    container = build(settings)
    container.remember_bundle()
    add_accounts(container)
    yield container
    container.close()


@pytest.fixture
def admin(laboratory):
    with TestClient(create_app(laboratory), raise_server_exceptions=False) as client:
        client.auth = ADMIN
        yield client


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


def make(client, receiver, **values):
    content = {"name": "LIS", "url": receiver.url, "events": list(EventType), **values}
    made = client.post(HOOKS, json=content)
    assert made.status_code == 201, made.text
    return made.json()


def tell(container, number="A-1", events=(EventType.CLASSIFIED,)):
    with container.transactions() as transaction:
        case = transaction.cases.find(number, [DEFAULT_SITE_ID]) or open_case(transaction, number)
        return [publish(transaction, case, event) for event in events]


def deliveries(client, hook, **chosen):
    return client.get(f"{HOOKS}/{hook['id']}/deliveries", params=chosen).json()["items"]


def deliver_until(container, condition, rule=QUICK):
    with deliverer(container, rule):
        wait_for(condition)


def test_a_webhook_is_told_and_its_secret_is_shown_once(laboratory, admin, receiver):
    hook = make(admin, receiver)
    [event] = tell(laboratory)
    deliver_until(laboratory, lambda: receiver.requests)
    [request] = receiver.requests
    assert Webhook(hook["secret"]).verify(request.body, request.headers)["type"] == "classified"
    assert request.headers["webhook-id"] == str(event.id)
    wait_for(lambda: deliveries(admin, hook)[0]["state"] == "delivered")
    read = admin.get(f"{HOOKS}/{hook['id']}")
    assert read.json()["deliveries"] == {"waiting": 0, "delivered": 1, "dead": 0, "skipped": 0}
    assert read.json()["last_delivered_at"]
    shown = read.text + admin.get(HOOKS).text + admin.get(f"{HOOKS}/{hook['id']}/deliveries").text
    assert "secret" not in shown
    database = (laboratory.settings.data_dir / "vexascope.db").read_bytes()
    assert hook["secret"].removeprefix("whsec_").encode() not in database


def test_an_answer_that_was_lost_brings_the_same_message_again(laboratory, admin, receiver):
    make(admin, receiver)
    tell(laboratory)
    receiver.behaviours += [lambda handler: setattr(handler, "close_connection", True)] * 2
    deliver_until(laboratory, lambda: len(receiver.requests) == 3)
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len({request.body for request in receiver.requests}) == 1


def test_what_was_given_up_is_seen_and_sent_again(laboratory, admin, receiver):
    hook = make(admin, receiver)
    first, second = tell(laboratory, events=(EventType.SIGNED, EventType.AMENDED))
    quick = replace(QUICK, most_refusals=2)
    receiver.behaviours += [answers(422)] * 2
    with deliverer(laboratory, quick):
        wait_for(lambda: deliveries(admin, hook, state="dead"))
        time.sleep(0.1)
    [dead] = deliveries(admin, hook, state="dead")
    assert dead["event_id"] == str(first.id)
    assert (dead["attempts"], dead["last_error"]) == (2, "The receiver answered 422.")
    # What corrects it waits behind it.
    [waiting] = deliveries(admin, hook, state="waiting")
    assert (waiting["event_id"], waiting["attempts"]) == (str(second.id), 0)
    assert admin.post(f"{HOOKS}/{hook['id']}/replay").json() == {"replayed": 1}
    deliver_until(laboratory, lambda: len(receiver.requests) == 4, quick)
    sent = [request.headers["webhook-id"] for request in receiver.requests]
    assert sent == [str(first.id)] * 3 + [str(second.id)]


def test_one_message_is_sent_again_or_let_go(laboratory, admin, receiver):
    hook = make(admin, receiver)
    tell(laboratory, events=(EventType.SIGNED, EventType.AMENDED))
    amended, signed = deliveries(admin, hook)
    path = f"{HOOKS}/{hook['id']}/deliveries"
    assert admin.post(f"{path}/{signed['id']}/skip").json()["state"] == "skipped"
    deliver_until(laboratory, lambda: len(receiver.requests) == 1)
    wait_for(lambda: deliveries(admin, hook)[0]["state"] == "delivered")
    is_problem(admin.post(f"{path}/{signed['id']}/replay"), 409, "older")
    is_problem(admin.post(f"{path}/{amended['id']}/skip"), 409, "delivered already")
    assert admin.post(f"{path}/{amended['id']}/replay").json()["state"] == "waiting"
    deliver_until(laboratory, lambda: len(receiver.requests) == 2)
    is_problem(admin.post(f"{path}/{UNKNOWN}/replay"), 404)


def test_a_receiver_that_wants_no_more_is_switched_off(laboratory, admin, receiver):
    hook = make(admin, receiver)
    tell(laboratory)
    receiver.behaviours.append(answers(410))
    path = f"{HOOKS}/{hook['id']}"
    deliver_until(laboratory, lambda: not admin.get(path).json()["enabled"])
    assert "410" in admin.get(path).json()["last_error"]
    assert admin.patch(path, json={"enabled": True}).json()["enabled"]
    deliver_until(laboratory, lambda: len(receiver.requests) == 2)


def test_that_a_message_waits_is_no_change_of_somebody_else_s(laboratory, admin, receiver):
    path = f"{HOOKS}/{make(admin, receiver)['id']}"
    seen = {"If-Match": admin.get(path).headers["etag"]}
    tell(laboratory)
    assert admin.patch(path, json={"name": "Warehouse"}, headers=seen).status_code == 200
    is_problem(admin.patch(path, json={"name": "LIS"}, headers=seen), 412, "changed since")


def test_messages_of_other_sites_are_not_there_at_a_receiver_of_all(laboratory, admin, receiver):
    hook = make(admin, receiver)
    path = f"{HOOKS}/{hook['id']}"
    with laboratory.transactions() as transaction:
        there = Site(uuid7(), "Elsewhere", laboratory.now())
        transaction.sites.add(there)
        theirs = open_case(transaction, "B-1", "P-2", site_id=there.id)
        publish(transaction, theirs)
        ours = open_case(transaction, "B-2", "P-2")
        publish(transaction, ours)
        both = transaction.destinations.deliveries(UUID(hook["id"]), DeliveryState, None, 9)
    key = {delivery.event.case_id: delivery.id for delivery in both}
    assert [item["case_id"] for item in deliveries(admin, hook)] == [str(ours.id)]
    assert admin.get(path).json()["deliveries"]["waiting"] == 1
    for act in ("skip", "replay"):
        own, other = (f"{path}/deliveries/{key[case.id]}/{act}" for case in (ours, theirs))
        is_problem(admin.post(other), 404, "no delivery")
        assert admin.post(own).status_code == 200
    is_problem(admin.post(f"{path}/replay"), 403, "all sites")
    page = admin.get(f"/administration/webhooks/{hook['id']}", headers={"accept": "text/html"})
    assert "/secret" not in page.text
    with laboratory.transactions() as transaction:
        found = transaction.destinations.delivery(UUID(hook["id"]), key[theirs.id])
    assert found.state is DeliveryState.WAITING


def test_while_secrets_change_the_receiver_may_know_either(laboratory, admin, receiver):
    hook = make(admin, receiver)
    path = f"{HOOKS}/{hook['id']}/secret"
    renewed = admin.post(path, json={"overlap_hours": 1}).json()
    tell(laboratory)
    deliver_until(laboratory, lambda: receiver.requests)
    for secret in (hook["secret"], renewed["secret"]):
        Webhook(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)
    is_problem(admin.post(path, json={"overlap_hours": 169}), 422)


def test_a_webhook_is_changed_and_removed(laboratory, admin, receiver):
    hook = make(admin, receiver)
    path = f"{HOOKS}/{hook['id']}"
    before = admin.get(path).json()
    changed = admin.patch(path, json={"name": "Warehouse", "events": ["signed"]}).json()
    assert changed == {**before, "name": "Warehouse", "events": ["signed"]}
    seen = {"If-Match": admin.get(path).headers["etag"]}
    assert admin.patch(path, json={"enabled": True}, headers=seen).status_code == 200
    admin.patch(path, json={"name": "Warehouse 2"})
    is_problem(admin.patch(path, json={"name": "LIS"}, headers=seen), 412, "changed since")
    admin.patch(path, json={"name": "Warehouse"})
    tell(laboratory, events=(EventType.CLASSIFIED, EventType.SIGNED))
    assert [item["event"] for item in deliveries(admin, hook)] == ["signed"]
    assert admin.delete(path).status_code == 204
    is_problem(admin.get(path), 404)
    is_problem(admin.patch(path, json={}), 404)
    is_problem(admin.delete(path), 404)
    is_problem(admin.post(f"{path}/replay"), 404)
    is_problem(admin.get(f"{path}/deliveries"), 404)
    assert admin.get(HOOKS).json() == {"items": []}
    # Its name is free again.
    make(admin, receiver, name="Warehouse")


def test_deliveries_are_paged_newest_first(laboratory, admin, receiver):
    hook = make(admin, receiver)
    for number in range(5):
        tell(laboratory, f"A-{number}")
    path, seen = f"{HOOKS}/{hook['id']}/deliveries", []
    address = f"{path}?limit=2&state=waiting"
    while address:
        answer = admin.get(address)
        page = answer.json()
        older = admin.get(path, params={"limit": 2, "before": page["next_before"]})
        seen += [item["id"] for item in page["items"]]
        address = answer.links.get("next", {}).get("url")
        assert bool(address) == bool(page["next_cursor"]) == bool(page["next_before"])
        if address:
            assert older.json()["items"] == admin.get(address).json()["items"]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"url": "ftp://lis.example"}, 422, "https"),
        ({"url": "https://ann:secret@lis.example"}, 422, "password"),
        ({"events": []}, 422, ""),
        ({"events": ["opened"]}, 422, ""),
        ({"name": " "}, 422, "name"),
        ({"site_id": UNKNOWN}, 403, "site"),
        ({"secret": "mine"}, 422, ""),
    ],
)
def test_what_is_no_webhook_is_refused(admin, receiver, change, status, said):
    content = {"name": "LIS", "url": receiver.url, "events": ["signed"], **change}
    is_problem(admin.post(HOOKS, json=content), status, said)
    assert admin.get(HOOKS).json() == {"items": []}


def test_a_name_is_used_once(admin, receiver):
    make(admin, receiver)
    other = make(admin, receiver, name="Other")
    content = {"name": "LIS", "url": receiver.url, "events": ["signed"]}
    is_problem(admin.post(HOOKS, json=content), 409, "name")
    is_problem(admin.patch(f"{HOOKS}/{other['id']}", json={"name": "LIS"}), 409, "name")


def test_an_administrator_of_one_site_manages_that_site(laboratory, admin, receiver):
    site = Site(uuid7(), "Elsewhere", laboratory.now())
    password = hash_password(ADMIN_PASSWORD)
    user = User(uuid7(), "elsewhere", Role.ADMINISTRATOR, password)
    of_all = make(admin, receiver, name="Of all")
    with laboratory.transactions() as transaction:
        transaction.sites.add(site)
        transaction.users.add(replace(user, site_ids=frozenset({site.id})), laboratory.now())
    here = make(admin, receiver, site_id="00000000-0000-0000-0000-000000000001")
    admin.auth = ("elsewhere", ADMIN_PASSWORD)
    is_problem(admin.get(f"{HOOKS}/{here['id']}"), 404)
    is_problem(admin.delete(f"{HOOKS}/{here['id']}"), 404)
    assert [item["name"] for item in admin.get(HOOKS).json()["items"]] == ["Of all"]
    content = {"name": "All", "url": receiver.url, "events": ["signed"]}
    is_problem(admin.post(HOOKS, json=content), 403, "all sites")
    make(admin, receiver, name="Mine", site_id=str(site.id))
    path = f"{HOOKS}/{of_all['id']}"
    assert admin.get(path).is_success
    is_problem(admin.patch(path, json={"url": f"{receiver.url}/mine"}), 403, "all sites")
    is_problem(admin.post(f"{path}/secret", json={}), 403)
    is_problem(admin.delete(path), 403)
    admin.auth = READER
    is_problem(admin.get(HOOKS), 403)


def test_what_is_done_with_webhooks_stands_in_the_audit_without_a_secret(
    laboratory, admin, receiver
):
    hook = make(admin, receiver)
    path = f"{HOOKS}/{hook['id']}"
    tell(laboratory)
    deliver_until(laboratory, lambda: receiver.requests)
    admin.patch(path, json={"enabled": False})
    admin.post(f"{path}/secret", json={})
    admin.post(f"{path}/deliveries/{deliveries(admin, hook)[0]['id']}/replay")
    admin.post(f"{path}/replay")
    admin.delete(path)
    with laboratory.transactions() as transaction:
        entries = list(transaction.audit.all())
    changes = [entry.event for entry in entries if entry.event.before or entry.event.after]
    assert [event.action for event in changes] == [
        "webhook.create",
        "message.deliver",
        "webhook.change",
        "webhook.renew-secret",
        "message.replay",
        "message.replay-all",
        "webhook.remove",
    ]
    assert changes[1].actor.name == "vexascope"
    assert changes[2].before["enabled"] is True
    assert changes[2].after["enabled"] is False
    told = json.dumps([[event.before, event.after, event.subject] for event in changes])
    assert "whsec" not in told
    assert "sealed" not in told
    assert receiver.url not in told


def test_a_message_that_waits_says_when_it_is_tried_again(laboratory, admin, receiver):
    hook = make(admin, receiver)
    tell(laboratory)
    receiver.behaviours.append(answers(503, Retry_After="600"))
    deliver_until(laboratory, lambda: deliveries(admin, hook)[0]["attempts"] == 1)
    [waiting] = deliveries(admin, hook)
    assert waiting["state"] == "waiting"
    read = admin.get(f"{HOOKS}/{hook['id']}").json()
    assert read["failures"] == 1
    assert read["paused_until"] > (laboratory.now() + timedelta(minutes=9)).isoformat()


def test_a_case_that_is_read_is_told_of_once_and_the_links_lead_to_it(laboratory, receiver):
    """From the upload to the receiver, with the worker and the deliverer as they run."""
    app = create_app(laboratory, background=worker)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.auth = ADMIN
        hook = make(client, receiver)
        case = client.post("/api/v1/cases", json=NEW).json()
        files = [("files", (f"{seed}.png", cell_png(seed))) for seed in range(70)]
        path = f"/api/v1/cases/{case['id']}/cells"
        # More than one batch of a job, in one request.
        assert client.post(path, params={"wait": 60}, files=files).status_code == 200
        wait_for(lambda: receiver.requests)
        content = Webhook(hook["secret"]).verify(
            receiver.requests[0].body, receiver.requests[0].headers
        )
        data = content["data"]
        assert (data["case_id"], data["cell_count"]) == (case["id"], 70)
        assert client.get(data["links"]["report"]).json()["case"]["id"] == case["id"]
        wait_for(lambda: deliveries(client, hook)[0]["state"] == "delivered")
        assert len(deliveries(client, hook)) == len(receiver.requests) == 1
