"""Sends webhooks: signed, to addresses that may be sent to, and to nowhere else."""

import email.utils
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from threading import Lock

import certifi
import httpcore
import httpx

from app.domain.errors import Damaged, SettingsRefused
from app.domain.message import Message, message
from app.domain.outbox import DeliveryFailed, FailureKind
from app.domain.targets import Address, AllowedTargets, permitted
from app.domain.webhook import WebhookConfig, live_secrets, signed_headers
from app.interchange.bounded_http import FAILURES, ending_after, header, pool
from app.interchange.webhook_body import webhook_body
from app.ports import Clock, Outgoing
from app.ports.sealing import Sealer

USER_AGENT = "Vexascope-Webhook/1"
# Of each step, and of a message until its answer: with the reading of its body it stays below what
# the deliverer grants to one message.
STEP_S = {"connect": 3.0, "write": 5.0, "read": 10.0, "pool": 3.0}
MESSAGE_S = 20.0
KEEP_S = 5.0
MOST_ADDRESSES = 2
# The body of an answer is of no use; a short one is read so that the connection can be kept.
MOST_ANSWER_BYTES = 64 * 1024
MOST_ANSWER_S = 3.0
LONGEST_RETRY_AFTER = timedelta(hours=1)
# About this one message; any other failure is about the receiver.
REFUSALS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host, in the order in which they are to be tried; raises `OSError`."""


def resolve(host: str, port: int) -> Sequence[str]:
    """As the system finds them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


class WebhookSink:
    """`Sink` of webhooks.

    Names are resolved once for each message, and what is connected to is the address that was
    looked at: a name that changes in between leads nowhere else.
    """

    def __init__(
        self,
        sealer: Sealer,
        allowed: AllowedTargets,
        now: Clock,
        *,
        authorities: Path | None = None,
        public_url: str | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        if authorities is not None:
            # Said to who starts the process, and not with every message.
            _trust(authorities)
        self._sealer, self._allowed, self._now = sealer, allowed, now
        self._authorities, self._public_url, self._resolve = authorities, public_url, resolve
        self._pools: dict[tuple[str, str, int], httpcore.ConnectionPool] = {}
        self._lock = Lock()

    def send(self, outgoing: Outgoing) -> None:
        """Post the message; any answer of 200 to 299 confirms it."""
        body = webhook_body(outgoing.event, self._public_url)
        try:
            config = WebhookConfig.of(outgoing.destination.config)
            url = httpx.URL(config.url)
            headers = self._headers(outgoing, config, url, body)
        except Damaged as error:
            # Not the receiver's fault, but of all its messages.
            raise DeliveryFailed(FailureKind.UNAVAILABLE, error.detail) from error
        targets = self._targets(url)
        try:
            with ending_after(MESSAGE_S):
                self._post_to_one(url, targets, headers, body)
        except FAILURES as error:
            raise DeliveryFailed(FailureKind.UNAVAILABLE, _explained(error)) from error

    def close(self) -> None:
        """Close what is kept open."""
        with self._lock:
            for connections in self._pools.values():
                connections.close()
            self._pools.clear()

    def _targets(self, url: httpx.URL) -> list[Address]:
        try:
            found = self._resolve(url.host, _port(url))
        except (OSError, UnicodeError) as error:
            reason = message("The name of the receiver's host is not known. Check the address.")
            raise DeliveryFailed(FailureKind.UNAVAILABLE, reason) from error
        targets = permitted(self._allowed, url.scheme, url.host, found)
        if not targets:
            raise DeliveryFailed(
                FailureKind.UNAVAILABLE,
                message(
                    "The receiver's address is not sent to: it is private, or without TLS. "
                    "Whoever runs this server can allow it with VEXASCOPE_WEBHOOK_ALLOWED."
                ),
            )
        return targets[:MOST_ADDRESSES]

    def _headers(
        self, outgoing: Outgoing, config: WebhookConfig, url: httpx.URL, body: bytes
    ) -> dict[str, str]:
        now = self._now()
        live = [self._sealer.unseal(item.sealed) for item in live_secrets(config, now)]
        signed = signed_headers(live, str(outgoing.event.id), int(now.timestamp()), body)
        # The connection goes to an address; the receiver is to see the name.
        host = url.netloc.decode()
        kind = {"content-type": "application/json", "user-agent": USER_AGENT}
        return {"host": host, **kind, **signed}

    def _post_to_one(
        self, url: httpx.URL, targets: Sequence[Address], headers: dict[str, str], body: bytes
    ) -> None:
        """The next address may answer where one does not even connect."""
        *first, last = targets
        for target in first:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                self._post(url, target, headers, body)
                return
        self._post(url, last, headers, body)

    def _post(self, url: httpx.URL, target: Address, headers: dict[str, str], body: bytes) -> None:
        with self._pool(url).stream(
            "POST",
            str(url.copy_with(host=str(target))),
            headers=list(headers.items()),
            content=body,
            # The certificate must be of the name, not of the address.
            extensions={"sni_hostname": url.host, "timeout": STEP_S},
        ) as response:
            _check(response, self._now())
            _read_a_little(response)

    def _pool(self, url: httpx.URL) -> httpcore.ConnectionPool:
        """One for each name: a connection is of the name that its certificate was checked for."""
        key = (url.scheme, url.host, _port(url))
        with self._lock:
            if key not in self._pools:
                self._pools[key] = pool(_trust(self._authorities), KEEP_S)
            return self._pools[key]


def _port(url: httpx.URL) -> int:
    return url.port or {"https": 443, "http": 80}[url.scheme]


def _trust(authorities: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    if authorities is not None:
        try:
            context.load_verify_locations(authorities)
        except OSError as error:
            raise SettingsRefused(
                f"VEXASCOPE_WEBHOOK_AUTHORITIES names {authorities}, which cannot be read as "
                f"certificates (PEM): {error}"
            ) from error
    return context


def _check(response: httpcore.Response, now: datetime) -> None:
    """Raise `DeliveryFailed` unless the answer confirms the message."""
    status = response.status
    if httpx.codes.is_success(status):
        return
    if status == HTTPStatus.GONE:
        reason = message("The receiver answered 410: it wants no messages any more. Switched off.")
        raise DeliveryFailed(FailureKind.GONE, reason)
    if httpx.codes.is_redirect(status):
        reason = message(
            "The receiver answered {status}, a redirect, which is not followed. Enter the address "
            "that it leads to.",
            status=status,
        )
        raise DeliveryFailed(FailureKind.UNAVAILABLE, reason)
    kind = FailureKind.REFUSED if status in REFUSALS else FailureKind.UNAVAILABLE
    reason = message("The receiver answered {status}.", status=status)
    raise DeliveryFailed(kind, reason, retry_after=_retry_after(response, now))


def _retry_after(response: httpcore.Response, now: datetime) -> timedelta | None:
    """What the receiver asks for, in seconds or as a date, within reason."""
    text = header(response, "retry-after").strip()
    if text.isascii() and text.isdigit():
        # So many digits are more than any limit.
        wait = timedelta(seconds=int(text[:9]))
    else:
        try:
            moment = email.utils.parsedate_to_datetime(text)
        except ValueError:
            return None
        wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta()), LONGEST_RETRY_AFTER)


def _read_a_little(response: httpcore.Response) -> None:
    """The message is taken already: whatever comes or does not come now changes nothing."""
    read, until = 0, time.monotonic() + MOST_ANSWER_S
    with suppress(*FAILURES), ending_after(MOST_ANSWER_S):
        for piece in response.iter_stream():
            read += len(piece)
            if read > MOST_ANSWER_BYTES or time.monotonic() > until:
                return


def _explained(error: Exception) -> Message:
    if isinstance(error, httpcore.ConnectError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return message(
            "The receiver's certificate is not trusted, or of another name. Whoever runs this "
            "server can name further authorities with VEXASCOPE_WEBHOOK_AUTHORITIES."
        )
    if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout):
        return message("The receiver cannot be connected to.")
    if isinstance(error, httpcore.TimeoutException):
        return message("The receiver did not answer in time.")
    return message("The connection ended before the receiver answered.")
