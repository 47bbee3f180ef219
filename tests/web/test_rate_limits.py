"""How many requests a minute, and whose they are."""

from asyncio import run

import pytest
from fastapi import Request

from app.domain.errors import TooManyRequests
from app.web.origins import network_of
from app.web.rate_limits import RateLimits
from tests.conftest import make_settings


def asked(address):
    return Request({"type": "http", "client": (address, 1)})


def test_one_who_asks_too_much_keeps_nobody_else_waiting(tmp_path):
    limits = RateLimits(make_settings(tmp_path, address_requests_per_minute=3))
    for _ in range(3):
        run(limits.check_address(asked("192.0.2.7")))
    with pytest.raises(TooManyRequests) as refused:
        run(limits.check_address(asked("192.0.2.7")))
    assert 1 <= refused.value.retry_after_s <= 120
    run(limits.check_address(asked("192.0.2.8")))


def test_addresses_of_one_ipv6_network_count_together(tmp_path):
    limits = RateLimits(make_settings(tmp_path, address_requests_per_minute=1))
    run(limits.check_address(asked("2001:db8:1:2::1")))
    with pytest.raises(TooManyRequests):
        run(limits.check_address(asked("2001:db8:1:2::2")))
    run(limits.check_address(asked("2001:db8:1:3::1")))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_of_ipv6_the_network_counts(address, network):
    assert network_of(asked(address)) == network
