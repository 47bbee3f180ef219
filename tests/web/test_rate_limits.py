"""How many requests a minute, and whose they are."""

import pytest
from fastapi import Request

from app.web.origins import network_of
from app.web.rate_limits import Window


def passed(window, number, at, whose="ann", most=10):
    return sum(window.hit(whose, most, at) is None for _ in range(number))


def test_the_limit_holds_over_the_turn_of_a_minute():
    window = Window()
    assert passed(window, 20, at=119) == 10
    assert passed(window, 20, at=121) == 0
    assert passed(window, 20, at=150) == 5
    assert passed(window, 20, at=300) == 10


def test_one_who_asks_too_much_keeps_nobody_else_waiting():
    window = Window()
    passed(window, 20, at=60)
    assert passed(window, 1, at=60, whose="bob") == 1


def test_the_wait_is_until_there_is_room_again():
    window = Window()
    passed(window, 10, at=70)
    assert window.hit("ann", 10, 70) == 50
    # Of ten in the former minute one is forgotten every six seconds.
    wait_s = window.hit("ann", 10, 121)
    assert wait_s == 6
    assert window.hit("ann", 10, 121 + wait_s) is None


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
    assert network_of(Request({"type": "http", "client": (address, 1)})) == network
