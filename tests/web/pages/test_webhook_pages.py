"""The pages of webhooks, as an administrator uses them."""

import re
from html import unescape

import pytest

from app.domain.outbox import DeliveryFailed, EventType, FailureKind, failed
from app.domain.site import DEFAULT_SITE_ID
from app.jobs.deliverer import RULE
from tests.accounts import ADMIN, READER
from tests.db.test_outbox import publish
from tests.db.test_repositories import open_case

HOOKS = "/administration/webhooks"
TYPED = {
    "name": "LIS",
    "url": "https://lis.example/hook",
    "events": ["signed", "amended"],
    "site": str(DEFAULT_SITE_ID),
    "enabled": "yes",
}
HTML = {"accept": "text/html"}


@pytest.fixture
def admin(idle_client):
    idle_client.auth = ADMIN
    idle_client.headers.update(HTML)
    return idle_client


def make(admin, **values):
    made = admin.post(HOOKS, data={**TYPED, **values})
    assert made.status_code == 201, made.text
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", unescape(made.text))
    path = re.search(rf'href="({HOOKS}/[0-9a-f-]+)"', made.text)[1]
    return path, secret[0]


def test_a_webhook_is_made_and_its_secret_is_shown_once(admin):
    path, secret = make(admin)
    shown = admin.get(HOOKS).text + admin.get(path).text
    assert "LIS" in shown
    assert "https://lis.example/hook" in shown
    assert secret not in unescape(shown)
    assert "whsec" not in shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "http//lis.example"}, "Give the receiver&#39;s address"),
        ({"name": ""}, "Give a name"),
        ({"events": []}, "Choose at least one event"),
    ],
)
def test_what_cannot_be_stored_stays_on_the_form_with_the_reason(admin, change, said):
    refused = admin.post(HOOKS, data={**TYPED, **change})
    assert refused.status_code == 422
    assert said in refused.text
    if "url" in change:
        assert 'value="LIS"' in refused.text
    path, _ = make(admin)
    refused = admin.post(path, data={**TYPED, **change})
    assert (refused.status_code, said in refused.text) == (422, True)
    assert admin.post(path, data={**TYPED, "events": ["opened"]}).status_code == 422


def test_it_is_changed_given_a_new_secret_and_removed(admin):
    path, first = make(admin)
    changed = {**TYPED, "name": "Warehouse", "enabled": ""}
    saved = admin.post(path, data=changed)
    assert "Saved." in saved.text
    assert "Switched off" in saved.text
    renewed = admin.post(f"{path}/secret", data={"overlap_hours": "2"})
    assert "2 hours" in renewed.text
    assert first not in unescape(renewed.text)
    assert "holds no longer" in admin.post(f"{path}/secret", data={"overlap_hours": "0"}).text
    assert admin.post(f"{path}/secret", data={"overlap_hours": "1000"}).status_code == 422
    assert "Warehouse" not in admin.post(f"{path}/remove").text
    assert admin.get(path).status_code == 404


def test_messages_are_seen_by_state_and_sent_again_or_skipped(admin, open_container):
    path, _ = make(admin)
    with open_container.transactions() as transaction:
        case = open_case(transaction)
        publish(transaction, case, EventType.SIGNED, version=1)
        publish(transaction, case, EventType.AMENDED, version=2)
    assert admin.get(path).text.count(">Skip<") == 2
    _give_up_first(open_container)
    page = admin.get(f"{path}?state=dead").text
    assert "signed, version 1" in page
    assert "amended, version 2" not in page
    assert "The receiver answered 422." in page
    assert "Send again the one that was given up" in page
    replay = re.search(rf'action="({path}/deliveries/[0-9a-f-]+/replay)"', page)[1]
    assert "waits to be sent again" in admin.post(f"{path}/replay").text
    assert admin.get(f"{path}?state=dead").text.count(">Skip<") == 0
    assert "not sent" in admin.post(replay.replace("/replay", "/skip")).text
    assert "waits to be sent again" in admin.post(replay).text
    assert admin.get(f"{path}?state=lost").status_code == 422


def _give_up_first(container):
    now = container.now()
    with container.transactions() as transaction:
        [webhook_id] = transaction.outbox.due(container.sinks, now)
        [claim] = transaction.outbox.claim(webhook_id, now, now, 9)
        refused = DeliveryFailed(FailureKind.REFUSED, "The receiver answered 422.")
        delivery = claim.delivery
        for _ in range(RULE.most_refusals):
            delivery = failed(delivery, refused, RULE, now, 0.0)
        assert transaction.outbox.settle(claim, delivery, claim.destination, now)


def test_who_does_not_administer_sees_none_of_it(admin):
    path, _ = make(admin)
    admin.auth = READER
    for found in (admin.get(HOOKS), admin.get(path), admin.post(f"{path}/remove")):
        assert found.status_code == 403
