"""Webhooks: where they go, and how they are signed (Standard Webhooks 1.0.0).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from app.domain.errors import Damaged, InvalidInput
from app.domain.message import message

SECRET_PREFIX = "whsec_"  # noqa: S105 - how every secret begins, by the specification
SECRET_BYTES = 32
MAX_URL_LENGTH = 2000
MAX_NAME_LENGTH = 200
LONGEST_OVERLAP = timedelta(days=7)
SCHEMES = ("https", "http")


@dataclass(frozen=True)
class SealedSecret:
    """A secret as it is stored; the former one is signed with as well until it expires."""

    sealed: str
    expires_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether messages are signed with it."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True)
class WebhookConfig:
    """What is kept of a webhook beside what every destination has."""

    url: str
    secrets: tuple[SealedSecret, ...]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """From the stored JSON; raises `Damaged`."""
        try:
            kept = tuple(
                SealedSecret(item["sealed"], _moment(item["expires_at"]))
                for item in content["secrets"]
            )
            return cls(content["url"], kept)
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(message("The stored webhook is damaged. Make it anew.")) from error

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        kept = [
            {
                "sealed": item.sealed,
                "expires_at": item.expires_at.isoformat() if item.expires_at else None,
            }
            for item in self.secrets
        ]
        return {"url": self.url, "secrets": kept}

    def rotated(self, sealed: str, now: datetime, overlap: timedelta) -> Self:
        """With a new secret; those that hold now hold no longer than the overlap."""
        until = now + overlap
        former = (
            SealedSecret(item.sealed, min(item.expires_at or until, until))
            for item in self.secrets
            if item.holds(now)
        )
        kept = tuple(item for item in former if item.holds(now))
        return type(self)(self.url, (SealedSecret(sealed), *kept))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def new_secret() -> str:
    """256 random bits, as the specification writes them."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """HMAC-SHA256 over key, time and body: ``v1,BASE64``."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise Damaged(message("The stored webhook is damaged. Make it anew.")) from error
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def signed_headers(
    live: Iterable[str], message_id: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """The three headers of a message, signed with every secret that holds."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(
            signature(secret, message_id, timestamp_s, body) for secret in live
        ),
    }


def checked_name(text: str) -> str:
    """A destination's name; raises `InvalidInput`."""
    name = text.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidInput(
            message("Give a name of at most {most} printable characters.", most=MAX_NAME_LENGTH)
        )
    return name


def checked_url(text: str) -> str:
    """An address that could be sent to, whether or not it is allowed; raises `InvalidInput`."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        _ = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError as error:
        raise _not_an_address() from error
    if parts.scheme not in SCHEMES or not host or not url.isascii() or not url.isprintable():
        raise _not_an_address()
    if len(url) > MAX_URL_LENGTH or " " in url:
        raise _not_an_address()
    if parts.username is not None or parts.password is not None:
        raise InvalidInput(
            message(
                "The address holds a user name or a password. Leave them out: messages are signed."
            )
        )
    if parts.fragment:
        raise InvalidInput(message("The address holds a part after #. Leave it out."))
    return url


def _not_an_address() -> InvalidInput:
    return InvalidInput(
        message(
            "Give the receiver's address, in ASCII: https://receiver.example/path. Other schemes "
            "than https (and http, in a network that the settings allow) are not sent to."
        )
    )


def checked_overlap(hours: float) -> timedelta:
    """How long a former secret still signs; raises `InvalidInput`."""
    overlap = timedelta(hours=hours)
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput(
            message(
                "The former secret may hold for 0 to {most} hours.",
                most=int(LONGEST_OVERLAP / timedelta(hours=1)),
            )
        )
    return overlap


def live_secrets(config: WebhookConfig, now: datetime) -> Sequence[SealedSecret]:
    """Those that messages are signed with now, the newest first."""
    return [item for item in config.secrets if item.holds(now)]
