"""What another server publishes is kept, and so is that it does not answer."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app.domain.errors import ProviderUnavailable
from app.domain.external import provider_unavailable
from app.interchange.kept import FAILURE_KEPT_S, Kept
from app.interchange.openid import OpenIdProvider, Registration

HOUR = 3600


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when they are told to."""
    now = [1000.0]
    monkeypatch.setattr("app.interchange.kept.time.monotonic", lambda: now[0])
    return now


def test_a_provider_that_fails_is_asked_again_after_half_a_minute(clock):
    asked = []

    def answer(request):
        asked.append(str(request.url))
        raise httpx.ConnectTimeout("nobody answers", request=request)

    registration = Registration("https://login.example", "vexascope", None, "openid", "https://me")
    client = httpx.Client(transport=httpx.MockTransport(answer))
    provider = OpenIdProvider(registration, client)
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            provider.sign_out_url("/")
        with pytest.raises(ProviderUnavailable):
            provider.client("a.b.c")
    assert len(asked) == 1
    clock[0] += FAILURE_KEPT_S + 1
    with pytest.raises(ProviderUnavailable):
        provider.sign_out_url("/")
    assert len(asked) == 2


def test_who_has_a_value_goes_on_while_another_waits_for_a_newer_one():
    waiting, told = threading.Event(), threading.Event()
    values = iter(["old", "new"])

    def fetch():
        value = next(values)
        if value == "new":
            waiting.set()
            assert told.wait(10)
        return value

    kept = Kept(fetch)
    assert kept.get(HOUR) == "old"
    with ThreadPoolExecutor(2) as threads:
        newer = threads.submit(kept.get, -1)
        assert waiting.wait(10)
        older = threads.submit(kept.get, HOUR)
        try:
            assert older.result(timeout=5) == "old"
        finally:
            told.set()
        assert newer.result(timeout=5) == "new"
    assert kept.get(HOUR) == "new"


def test_after_a_failure_one_asks_and_the_others_are_told_at_once(clock):
    waiting, told = threading.Event(), threading.Event()
    asked = []

    def fetch():
        asked.append(1)
        if len(asked) == 1:
            raise provider_unavailable()
        waiting.set()
        assert told.wait(10)
        return "back"

    kept = Kept(fetch)
    with pytest.raises(ProviderUnavailable):
        kept.get(HOUR)
    clock[0] += FAILURE_KEPT_S + 1
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(kept.get, HOUR)
        assert waiting.wait(10)
        try:
            with pytest.raises(ProviderUnavailable):
                kept.get(HOUR)
        finally:
            told.set()
        assert first.result(timeout=5) == "back"
    assert (kept.get(HOUR), len(asked)) == ("back", 2)
