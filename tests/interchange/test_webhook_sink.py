"""Webhooks to a real receiver: signed as an independent library checks, and sent nowhere else."""

import re
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from uuid_utils.compat import uuid7

from app.domain.errors import SettingsRefused
from app.domain.outbox import (
    DeliveryFailed,
    Destination,
    EventType,
    FailureKind,
    OutboxEvent,
    SinkKind,
)
from app.domain.targets import parse_targets
from app.domain.webhook import SealedSecret, WebhookConfig, new_secret
from app.interchange import webhook_sink
from app.interchange.webhook_sink import WebhookSink, resolve
from app.ports import Outgoing
from app.settings import PROJECT
from app.storage.sealing import KeySealer
from tests.certificates import write_certificate
from tests.factories import NOW
from tests.interchange.receiver import answers, drips, hangs, hangs_up, receiving, whispers

LOOPBACK = parse_targets("127.0.0.0/8")


def now():
    return datetime.now(UTC)


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def sealer(tmp_path):
    return KeySealer(None, tmp_path)


@pytest.fixture
def make_sink(sealer):
    made = []

    def make(allowed=LOOPBACK, clock=now, **values):
        made.append(WebhookSink(sealer, allowed, clock, **values))
        return made[-1]

    yield make
    for sink in made:
        sink.close()


def outgoing(sealer, url, *secrets, version=2):
    kept = tuple(SealedSecret(sealer.seal(secret), until) for secret, until in secrets)
    config = WebhookConfig(url, kept or (SealedSecret(sealer.seal(new_secret())),)).to_json()
    event = OutboxEvent(uuid7(), EventType.SIGNED, uuid7(), 3, NOW, "d" * 64, 120, version)
    return Outgoing(
        event, Destination(uuid7(), SinkKind.WEBHOOK, "a", frozenset(EventType), config, NOW)
    )


def failure(sink, message):
    with pytest.raises(DeliveryFailed) as caught:
        sink.send(message)
    return caught.value


def test_a_message_is_signed_and_says_keys_and_addresses(receiver, sealer, make_sink):
    secret = new_secret()
    message = outgoing(sealer, receiver.url + "?lab=1", (secret, None))
    make_sink(public_url="https://vexascope.example").send(message)
    [request] = receiver.requests
    content = Webhook(secret).verify(request.body, request.headers)
    case = f"https://vexascope.example/api/v1/cases/{message.event.case_id}"
    assert content == {
        "type": "signed",
        "timestamp": "2026-03-01T09:30:00+00:00",
        "data": {
            "event_id": str(message.event.id),
            "case_id": str(message.event.case_id),
            "sequence": 3,
            "cell_count": 120,
            "bundle": "d" * 64,
            "version": 2,
            "links": {
                "case": case,
                "report": f"{case}/report?version=2",
                "report_pdf": f"{case}/report.pdf?version=2",
            },
        },
    }
    assert request.path == "/hook?lab=1"
    assert request.headers["webhook-id"] == str(message.event.id)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.fixture(scope="module")
def documented():
    """`verify` as docs/webhooks.md has it."""
    text = (PROJECT / "docs" / "webhooks.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {}
    exec(code, names)
    return names["verify"]


def test_the_documented_receiver_accepts_what_is_sent_and_nothing_else(
    receiver, sealer, make_sink, documented, monkeypatch
):
    old, new = new_secret(), new_secret()
    message = outgoing(sealer, receiver.url, (new, None), (old, now() + timedelta(seconds=60)))
    make_sink().send(message)
    [request] = receiver.requests
    for secret in (old, new):
        documented(secret, request.headers, request.body)
    with pytest.raises(ValueError, match="changed on the way"):
        documented(new, request.headers, request.body.replace(b"signed", b"amended"))
    with pytest.raises(ValueError, match="another secret"):
        documented(new_secret(), request.headers, request.body)
    moved = {**request.headers, "webhook-id": str(uuid7())}
    with pytest.raises(ValueError, match="another secret"):
        documented(new, moved, request.body)
    later = time.time() + 400
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(ValueError, match="too old"):
        documented(new, request.headers, request.body)


def test_a_changed_message_or_another_secret_does_not_verify(receiver, sealer, make_sink):
    secret = new_secret()
    make_sink().send(outgoing(sealer, receiver.url, (secret, None)))
    [request] = receiver.requests
    for key, body in ((secret, request.body + b" "), (new_secret(), request.body)):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body, request.headers)


def test_while_secrets_overlap_both_verify_and_then_only_the_new_one(receiver, sealer, make_sink):
    old, new = new_secret(), new_secret()
    message = outgoing(sealer, receiver.url, (new, None), (old, now() + timedelta(seconds=60)))
    make_sink().send(message)
    later = make_sink(clock=lambda: now() + timedelta(seconds=90))
    later.send(message)
    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    for secret in (old, new):
        assert Webhook(secret).verify(first.body, first.headers)
    assert Webhook(new).verify(second.body, second.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(second.body, second.headers)


@pytest.mark.parametrize(
    ("behaviour", "kind", "said"),
    [
        (answers(500), FailureKind.UNAVAILABLE, "answered 500"),
        (answers(404), FailureKind.UNAVAILABLE, "answered 404"),
        (answers(422), FailureKind.REFUSED, "answered 422"),
        (answers(410), FailureKind.GONE, "answered 410"),
        (hangs_up, FailureKind.UNAVAILABLE, "ended before"),
    ],
)
def test_what_is_not_confirmed_has_failed(receiver, sealer, make_sink, behaviour, kind, said):
    receiver.behaviours.append(behaviour)
    failed = failure(make_sink(), outgoing(sealer, receiver.url))
    assert failed.kind is kind
    assert said in failed.detail


def test_a_receiver_that_hangs_is_left(receiver, sealer, make_sink, monkeypatch):
    monkeypatch.setitem(webhook_sink.STEP_S, "read", 0.2)
    receiver.behaviours.append(hangs(1.0))
    failed = failure(make_sink(), outgoing(sealer, receiver.url))
    assert (failed.kind, "in time" in failed.detail) == (FailureKind.UNAVAILABLE, True)


def test_a_receiver_that_answers_byte_by_byte_is_left(receiver, sealer, make_sink, monkeypatch):
    """Each byte comes in time; the whole does not, and the lease of the message would end."""
    monkeypatch.setattr(webhook_sink, "MESSAGE_S", 0.3)
    receiver.behaviours.append(whispers)
    failed = failure(make_sink(), outgoing(sealer, receiver.url))
    assert (failed.kind, "in time" in failed.detail) == (FailureKind.UNAVAILABLE, True)


def test_an_answer_without_an_end_keeps_nobody(receiver, sealer, make_sink):
    receiver.behaviours.append(drips)
    make_sink().send(outgoing(sealer, receiver.url))
    assert len(receiver.requests) == 1


def test_a_receiver_that_is_not_there_is_said_so(sealer, make_sink):
    with receiving() as gone:
        url = gone.url
    assert "connected to" in failure(make_sink(), outgoing(sealer, url)).detail


@pytest.mark.parametrize(
    ("asked", "least_s", "most_s"),
    [("7", 7, 7), ("999999999999", 3600, 3600), ("Sun, 06 Nov 1994 08:49:37 GMT", 0, 0)],
)
def test_the_time_that_a_receiver_asks_for(receiver, sealer, make_sink, asked, least_s, most_s):
    receiver.behaviours.append(answers(503, Retry_After=asked))
    wait = failure(make_sink(), outgoing(sealer, receiver.url)).retry_after
    assert least_s <= wait.total_seconds() <= most_s


def test_a_wait_that_cannot_be_read_is_none(receiver, sealer, make_sink):
    receiver.behaviours.append(answers(429, Retry_After="soon"))
    assert failure(make_sink(), outgoing(sealer, receiver.url)).retry_after is None


def test_a_redirect_is_not_followed(receiver, sealer, make_sink):
    with receiving() as inner:
        for status in (301, 302, 307, 308):
            receiver.behaviours.append(answers(status, Location=inner.url))
            assert "redirect" in failure(make_sink(), outgoing(sealer, receiver.url)).detail
        assert inner.requests == []


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("127.0.0.1", None),
        ("localhost", None),
        ("inside.example", ["10.0.0.5"]),
        ("inside.example", ["169.254.169.254"]),
        ("inside.example", ["::1", "fe80::1%eth0", "fd00::5", "::ffff:127.0.0.1"]),
        ("inside.example", ["64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "::127.0.0.1"]),
        ("inside.example", ["0.0.0.0", "224.0.0.1", "255.255.255.255", "100.64.0.1"]),
        # Without TLS, the open internet is not sent to either.
        ("outside.example", ["8.8.8.8"]),
    ],
)
def test_what_is_not_allowed_is_never_connected_to(receiver, sealer, make_sink, host, found):
    url = f"http://{host}:{receiver.port}/hook"
    asked = make_sink(parse_targets(""), resolve=(lambda *_: found) if found else resolve)
    assert "is not sent to" in failure(asked, outgoing(sealer, url)).detail
    if "outside" not in host:
        over_tls = outgoing(sealer, url.replace("http:", "https:"))
        assert "is not sent to" in failure(asked, over_tls).detail
    assert receiver.requests == []


def test_a_name_that_changes_in_between_leads_nowhere_else(receiver, sealer, make_sink):
    """The address that was looked at is connected to: the name is asked for once."""
    asked = []

    def rebinding(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.5"]

    sink = make_sink(parse_targets("lis.example"), resolve=rebinding)
    sink.send(outgoing(sealer, f"http://lis.example:{receiver.port}/hook"))
    assert asked == ["lis.example"]
    assert receiver.requests[0].headers["host"] == f"lis.example:{receiver.port}"


def test_the_next_address_is_tried_where_one_does_not_connect(receiver, sealer, make_sink):
    sink = make_sink(resolve=lambda *_: ["127.0.0.9", "127.0.0.1"])
    sink.send(outgoing(sealer, f"http://lis.example:{receiver.port}/hook"))
    assert len(receiver.requests) == 1


def test_a_certificate_must_be_trusted_and_of_the_name(tmp_path, sealer, make_sink):
    certificate, key = write_certificate(tmp_path, "lis.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    found = {"resolve": lambda *_: ["127.0.0.1"]}
    with receiving(context) as receiver:
        good = outgoing(sealer, f"https://lis.example:{receiver.port}/hook")
        other = outgoing(sealer, f"https://other.example:{receiver.port}/hook")
        trusting = make_sink(authorities=certificate, **found)
        trusting.send(good)
        assert "certificate" in failure(trusting, other).detail
        assert "certificate" in failure(make_sink(**found), good).detail
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_authorities_that_cannot_be_read_are_refused_at_the_start(tmp_path, make_sink, content):
    path = tmp_path / "authorities.pem"
    if content:
        path.write_text(content)
    with pytest.raises(SettingsRefused, match="VEXASCOPE_WEBHOOK_AUTHORITIES"):
        make_sink(authorities=path)


def test_a_secret_that_another_key_sealed_is_not_sent_with(receiver, tmp_path, make_sink):
    message = outgoing(KeySealer("another key", tmp_path), receiver.url)
    assert "VEXASCOPE_SEALING_KEY" in failure(make_sink(), message).detail
    assert receiver.requests == []
