"""Addresses that are no address, secrets that overlap, and targets that a setting names."""

from datetime import timedelta

import pytest

from app.domain.errors import Damaged, InvalidInput
from app.domain.targets import parse_targets, permitted
from app.domain.webhook import (
    SealedSecret,
    WebhookConfig,
    checked_name,
    checked_overlap,
    checked_url,
    new_secret,
    signature,
)
from tests.factories import NOW

DAY = timedelta(days=1)


def test_the_signature_is_that_of_the_specifications_example():
    """https://github.com/standard-webhooks/standard-webhooks: the example of its libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "receiver.example/hook",
        "ftp://receiver.example",
        "file:///etc/passwd",
        "gopher://receiver.example",
        "https://",
        "https:///hook",
        "https://receiver.example:port/",
        "https://receiver.example:99999/",
        "https://[::1/",
        "https://receiver.example/a b",
        "https://receiver.example/\nhook",
        "https://récepteur.example/",
        "https://ann:secret@receiver.example/",
        "https://@receiver.example/",
        "https://receiver.example/#hook",
        "https://receiver.example/" + "a" * 2000,
    ],
)
def test_what_is_no_address_to_send_to_is_refused(text):
    with pytest.raises(InvalidInput):
        checked_url(text)


def test_an_address_is_kept_as_it_was_given():
    for url in ("https://receiver.example/hook?lab=1", "http://10.1.2.3:8080", "https://[::1]/"):
        assert checked_url(f" {url} ") == url


def test_a_former_secret_holds_until_its_time_and_is_then_forgotten():
    config = WebhookConfig("https://a.example", (SealedSecret("first"),))
    second = config.rotated("second", NOW, DAY)
    assert second.secrets == (SealedSecret("second"), SealedSecret("first", NOW + DAY))
    # A further one gives the first no longer time than it had.
    third = second.rotated("third", NOW + DAY / 2, DAY)
    assert [item.expires_at for item in third.secrets] == [None, NOW + DAY * 1.5, NOW + DAY]
    at_once = third.rotated("fourth", NOW + 2 * DAY, timedelta())
    assert at_once.secrets == (SealedSecret("fourth"),)
    assert WebhookConfig.of(third.to_json()) == third
    for damaged in ({}, {"url": "a", "secrets": None}, {"url": "a", "secrets": [{"sealed": "b"}]}):
        with pytest.raises(Damaged):
            WebhookConfig.of(damaged)


def test_names_and_overlaps_have_their_limits():
    assert checked_name(" Laboratory system ") == "Laboratory system"
    assert checked_overlap(24) == DAY
    for name in ("", " ", "a\nb", "a" * 201):
        with pytest.raises(InvalidInput):
            checked_name(name)
    for hours in (-1, 169):
        with pytest.raises(InvalidInput):
            checked_overlap(hours)
    assert new_secret() != new_secret()


def test_targets_are_hosts_addresses_and_networks():
    allowed = parse_targets("LIS.example, 10.2.0.0/16,fd00::/8 , 192.168.1.7")
    inside = ["10.2.3.4", "10.3.0.1", "fd12::1", "192.168.1.7", "192.168.1.8", "::ffff:10.2.0.1"]
    assert list(map(str, permitted(allowed, "http", "other.example", inside))) == [
        "10.2.3.4",
        "fd12::1",
        "192.168.1.7",
        "::ffff:a02:1",
    ]
    assert len(permitted(allowed, "http", "lis.example", inside)) == 6
    assert len(permitted(allowed, "https", "other.example", ["9.9.9.9", "2620:fe::fe"])) == 2
    assert permitted(allowed, "http", "other.example", ["9.9.9.9"]) == []
    assert permitted(allowed, "https", "other.example", ["fec0::1"]) == []


@pytest.mark.parametrize("text", ["10.2.0.0/99", "10.2.3.4/16", "https://lis.example", "a b"])
def test_a_target_that_is_none_is_refused(text):
    with pytest.raises(ValueError):
        parse_targets(text)
