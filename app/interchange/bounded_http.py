"""HTTP requests that are over by a certain time, however slowly the other side speaks.

A timeout of the library counts from one piece of an answer to the next: whoever sends one byte
every few seconds would keep a thread for hours, and the lease of its message would end meanwhile.
"""

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore

FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
"""What a request raises; the library has no name for all of them."""

# Connections are shared by threads, and each request of a thread has its own end.
_until: ContextVar[float] = ContextVar("until")


@contextmanager
def ending_after(seconds: float) -> Iterator[None]:
    """End whatever this thread asks meanwhile with a timeout of `FAILURES`, and not only pauses."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def pool(trust: ssl.SSLContext, keep_s: float) -> httpcore.ConnectionPool:
    """Connections to a receiver, kept open for so long; no proxy, and no redirect is followed."""
    return httpcore.ConnectionPool(
        ssl_context=trust, keepalive_expiry=keep_s, network_backend=_BoundedBackend()
    )


class _BoundedStream(httpcore.NetworkStream):
    """A connection that is read and written only as long as its thread may."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout)
        return _BoundedStream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _BoundedBackend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        opened = self._inner.connect_tcp(host, port, _left(timeout), local_address, socket_options)
        return _BoundedStream(opened)


def _left(timeout: float | None) -> float:
    """Seconds of one step: what the library grants it, within what is left of the whole."""
    left = _until.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("it has taken too long")
    return left if timeout is None else min(left, timeout)


def header(response: httpcore.Response, name: str) -> str:
    """A header of an answer; empty where it has none."""
    headers: Mapping[bytes, bytes] = {key.lower(): value for key, value in response.headers}
    return headers.get(name.encode(), b"").decode("latin-1")
