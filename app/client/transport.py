"""Requests that are asked again where that helps, and never done twice."""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx

from app.client.errors import (
    NotUnderstood,
    Redirected,
    Unreachable,
    VexascopeClientError,
    problem_of,
    retry_after_s,
)

# The server is starting, busy, or behind a proxy that lost it; what it refuses stays refused.
_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.LOCKED,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
CONNECT_S, ANSWER_S = 10, 300
# The first attempt is still at work on the server.
_KEY_IN_USE = "idempotency-key-in-use"


@dataclass(frozen=True)
class Retries:
    """How often and how patiently to ask again; times in seconds.

    Parameters
    ----------
    attempts
        All tries together; 1 asks once.
    first_pause_s, longest_pause_s
        Each pause is about twice the one before, with some chance in it, so that many clients do
        not come back at one moment. A longer `Retry-After` holds instead, up to `longest_wait_s`.
    """

    attempts: int = 6
    first_pause_s: float = 0.5
    longest_pause_s: float = 20
    longest_wait_s: float = 120

    def pause_s(self, attempt: int) -> float:
        """After which time to try again; the first attempt is 0."""
        pause: float = min(self.first_pause_s * 2**attempt, self.longest_pause_s)
        return pause * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, hides nothing


class Transport:
    """One connection pool to one server, with a key."""

    def __init__(self, client: httpx.Client, retries: Retries) -> None:
        self._client = client
        self._retries = retries

    def get(self, path: str, **values: Any) -> httpx.Response:
        """Ask for something; raises `Problem` and `Unreachable`."""
        return self._ask("GET", path, values)

    def post(
        self, path: str, *, key: str | None = None, headers: Mapping[str, str] = {}, **values: Any
    ) -> httpx.Response:
        """Have something done once, however often it is asked for.

        Parameters
        ----------
        key
            Idempotency-Key; default: a new one, the same for all attempts of this call.
        """
        named = {**headers, "Idempotency-Key": key or str(uuid4())}
        return self._ask("POST", path, {**values, "headers": named})

    def search(self, path: str, **values: Any) -> httpx.Response:
        """A question that is sent as a body, so that no address holds what is searched for."""
        return self._ask("POST", path, values)

    @contextmanager
    def stream(self, path: str, **values: Any) -> Iterator[httpx.Response]:
        """An answer that comes piece by piece; asked once."""
        try:
            with self._client.stream("GET", path, **values) as response:
                if response.is_error:
                    response.read()
                    raise problem_of(response)
                yield _as_asked_for(response)
        except httpx.TransportError as error:
            raise _unreachable(self._client, error) from error

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _ask(self, method: str, path: str, values: Mapping[str, Any]) -> httpx.Response:
        for attempt in range(self._retries.attempts):
            is_last = attempt + 1 == self._retries.attempts
            pause_s = self._retries.pause_s(attempt)
            try:
                response = self._client.request(method, path, **values)
            except httpx.TransportError as error:
                if is_last or isinstance(error, httpx.UnsupportedProtocol):
                    raise _unreachable(self._client, error) from error
            else:
                if not response.is_error:
                    return _as_asked_for(response)
                if is_last or not _is_passing(response):
                    raise problem_of(response)
                asked_s = min(retry_after_s(response) or 0, self._retries.longest_wait_s)
                pause_s = max(pause_s, asked_s)
            time.sleep(pause_s)
        raise ValueError("at least one attempt is needed")


def connection(url: str, key: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    """The connections to a server; raises `VexascopeClientError` where address or key are none."""
    key = key.strip()
    if not key.isascii() or not key.isprintable() or not key or " " in key:
        raise VexascopeClientError(
            "The key holds what no key has. Copy it whole, and nothing else."
        )
    try:
        place = httpx.URL(url.strip().rstrip("/") + "/api/v1")
    except httpx.InvalidURL as error:
        raise _no_address() from error
    if place.scheme not in {"http", "https"} or not place.host:
        raise _no_address()
    return httpx.Client(
        base_url=place,
        headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
        timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
        transport=transport,
    )


def _no_address() -> VexascopeClientError:
    return VexascopeClientError(
        "That is no address of a server. Give it whole: https://vexascope.example.org"
    )


def _as_asked_for(response: httpx.Response) -> httpx.Response:
    """The answer, unless it is a redirect, or of another kind than was asked for."""
    if response.is_redirect:
        raise Redirected(response.headers.get("location", ""))
    kind = response.headers.get("content-type", "").partition(";")[0]
    is_empty = response.status_code == HTTPStatus.NO_CONTENT
    if not is_empty and kind != response.request.headers["accept"]:
        raise NotUnderstood
    return response


def _is_passing(response: httpx.Response) -> bool:
    if response.status_code in _PASSING:
        return True
    return problem_of(response).code == _KEY_IN_USE


def _unreachable(client: httpx.Client, error: httpx.TransportError) -> Unreachable:
    cause = str(error) or type(error).__name__
    return Unreachable(
        f"{client.base_url} does not answer ({cause}). Check the address and that the server runs."
    )
