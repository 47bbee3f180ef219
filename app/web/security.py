"""Sign-in: session cookies for people, HTTP Basic or bearer tokens for systems."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import UUID

from fastapi import Request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.bootstrap import Container
from app.domain.client import KEY_START
from app.domain.errors import Forbidden, NotSignedIn, SettingsRefused, TooManyAttempts
from app.domain.message import message
from app.domain.user import User
from app.services import clients, identity
from app.services.acting import become
from app.web.actors import actor_of

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# Argon2 is slow on purpose; a system that sends Basic with each request pays once in this time.
BASIC_REMEMBERED_S = 300
MAX_REMEMBERED = 1000


@dataclass(frozen=True)
class DemonstrationLink:
    """What stands in the link that the demonstration prints, and whom it signs in."""

    token: str
    user_name: str


class Security:
    """Who is behind a request."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._limit: RateLimitItem = parse("10 per 5 minutes")
        self._cache_key = secrets.token_bytes(32)
        self._basic_cache: dict[bytes, tuple[float, User]] = {}
        # Only the demonstration sets it: a link that signs in to made-up cases.
        self.demonstration: DemonstrationLink | None = None

    def user_of(self, request: Request) -> User:
        """The account behind a request.

        Raises
        ------
        NotSignedIn, TooManyAttempts
        Forbidden
            If a cookie came with a change that another site caused.
        """
        scheme, value = _authorization(request)
        match scheme:
            case "basic":
                return self._basic(request, value)
            case "bearer":
                return self._bearer(request, value.strip())
            case "":
                return self._cookie(request)
            case _:
                raise NotSignedIn(message("Use HTTP Basic or a bearer token."))

    def sign_in(self, request: Request, name: str, password: str) -> User:
        """Check a name and password and start a session."""
        refuse_cross_site(request)
        user = self._check(request, name, password)
        self._start_session(request, user)
        return user

    def confirm_password(self, request: Request, user: User, password: str) -> None:
        """Ask who is signed in for the password again, under the same limit as signing in.

        Raises
        ------
        NotSignedIn
            If it is wrong.
        TooManyAttempts
        """
        self._check(request, user.name, password)

    def sign_in_to_demonstration(self, request: Request, token: str) -> User:
        """Start a session from the demonstration's link."""
        link = self.demonstration
        if link is None or not hmac.compare_digest(link.token.encode(), token.encode()):
            raise NotSignedIn(message("This link does not sign in (any more)."))
        with self._container.transactions() as transaction:
            user = transaction.users.by_name(link.user_name)
        if user is None:
            raise NotSignedIn(message("There is no account yet."))
        self._start_session(request, user)
        return user

    def _start_session(self, request: Request, user: User) -> None:
        # A fresh session: nothing from before the sign-in stays in it but the language, which is
        # for all who never chose one in their preferences.
        spoken = request.session.get("language", "")
        request.session.clear()
        request.session["language"] = spoken
        request.session.update(
            user=str(user.id), since=int(time.time()), password=_fingerprint(user)
        )
        become(actor_of(request, user))
        if user.language:
            keep_language(request, user.language)

    def _cookie(self, request: Request) -> User:
        user_id = request.session.get("user")
        if user_id is None:
            raise NotSignedIn(message("Sign in to see this."))
        with self._container.transactions() as transaction:
            user = transaction.users.get(UUID(user_id))
        age_s = time.time() - request.session.get("since", 0)
        expired = age_s > self._container.settings.session_hours * 3600
        if user is None or expired or request.session.get("password") != _fingerprint(user):
            request.session.clear()
            raise NotSignedIn(message("The sign-in has ended. Sign in again."))
        refuse_cross_site(request)
        return user

    def _bearer(self, request: Request, token: str) -> User:
        """A key of an API client, or the token of a person."""
        now = self._container.now()
        with self._container.transactions() as transaction:
            if token.startswith(KEY_START):
                address = request.client.host if request.client else ""
                return clients.check_key(transaction, token, address, now).account
            return identity.check_token(transaction, token, now)

    def _basic(self, request: Request, value: str) -> User:
        try:
            decoded = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise NotSignedIn(
                message("The Basic credentials are not valid base64 of UTF-8.")
            ) from error
        name, _, password = decoded.partition(":")
        return self._remembered(decoded) or self._remember(
            decoded, self._check(request, name, password)
        )

    def _check(self, request: Request, name: str, password: str) -> User:
        address = request.client.host if request.client else ""
        if not self._limiter.test(self._limit, address, name):
            window = self._limiter.get_window_stats(self._limit, address, name)
            wait_s = max(1, round(window.reset_time - time.time()))
            raise TooManyAttempts(
                message("Too many failed sign-ins. Try again in {wait_s} s.", wait_s=wait_s),
                retry_after_s=wait_s,
            )
        try:
            with self._container.transactions() as transaction:
                return identity.check_password(transaction, name, password)
        except NotSignedIn:
            self._limiter.hit(self._limit, address, name)
            raise

    def _remembered(self, credentials: str) -> User | None:
        until, known = self._basic_cache.get(self._cache_name(credentials), (0.0, None))
        if known is None or time.monotonic() > until:
            return None
        with self._container.transactions() as transaction:
            user = transaction.users.get(known.id)
        # Another server may have been given a new password meanwhile.
        return user if user == known else None

    def _remember(self, credentials: str, user: User) -> User:
        if len(self._basic_cache) >= MAX_REMEMBERED:
            self._basic_cache.clear()
        until = time.monotonic() + BASIC_REMEMBERED_S
        self._basic_cache[self._cache_name(credentials)] = (until, user)
        return user

    def _cache_name(self, credentials: str) -> bytes:
        """A keyed digest: the password itself never stays in memory."""
        return hmac.digest(self._cache_key, credentials.encode(), "sha256")


def keep_language(request: Request, language: str) -> None:
    """Put a choice into the session, where `LanguageMiddleware` finds it; empty: the browser's."""
    request.session["language"] = language


def has_token(request: Request) -> bool:
    """Whether the request came with a bearer token."""
    return _authorization(request)[0] == "bearer"


def _authorization(request: Request) -> tuple[str, str]:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return scheme.lower(), value


def refuse_cross_site(request: Request) -> None:
    """Refuse a change that another site's page caused in the browser of someone signed in.

    Browsers say where a request comes from (Fetch Metadata); older ones send the origin.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    if site in {"same-origin", "none"}:
        return
    origin = request.headers.get("origin")
    if site is None and (origin is None or origin.partition("://")[2] == request.url.netloc):
        return
    raise Forbidden(
        message("The request came from another site's page. Use the product's own pages.")
    )


def session_secret(container: Container) -> str:
    """The key of the session cookies: from the settings, or made once and kept.

    Raises
    ------
    SettingsRefused
        If it is empty: everyone could sign cookies with it.
    """
    chosen = container.settings.session_secret
    if chosen is not None:
        key, source = chosen.get_secret_value(), "VEXASCOPE_SESSION_SECRET"
    else:
        path = container.settings.data_dir / "session.key"
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(48))
        key, source = path.read_text(), str(path)
    if not key.strip():
        raise SettingsRefused(
            f"The key of the sign-in cookies in {source} is empty. Set one, or delete the file to "
            "have one made."
        )
    return key


def _write_once(path: Path, text: str) -> None:
    """Write a private file whole or not at all; of two processes the first one wins."""
    # Made with mode 0600.
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)


def _fingerprint(user: User) -> str:
    """Changes with the password, so that a new password ends the old sessions."""
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]
