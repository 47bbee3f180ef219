"""Names and passwords that come with a request: checked, slowed down, remembered for systems."""

import base64
import binascii
import hmac
import secrets
import time

from fastapi import Request

from app.bootstrap import Container
from app.domain.errors import NotSignedIn
from app.domain.message import message
from app.domain.user import User
from app.services import lockout, passwords, second_factor
from app.services.acting import concerns
from app.web.cookies import Devices
from app.web.origins import network_of

# Argon2 is slow on purpose; a system that sends Basic with each request pays once in this time.
BASIC_REMEMBERED_S = 300
MAX_REMEMBERED = 1000


class PasswordChecks:
    """Checks a password where failures are counted and answered by waiting."""

    def __init__(self, container: Container, devices: Devices) -> None:
        self._container = container
        self._devices = devices

    def check(self, request: Request, name: str, password: str) -> User:
        """The account of a name and password.

        Raises
        ------
        NotSignedIn
            Without saying which of the two is wrong.
        TooManyAttempts
        """
        now = self._container.now()
        with self._container.transactions() as transaction:
            user = transaction.users.by_name(name) if name.isprintable() else None
            device = self._devices.known(request, user)
            attempt = lockout.Attempt(name, network_of(request), device)
            if user is not None:
                concerns(f"user:{user.id}")
            lockout.begin(transaction, attempt, now)
        # Outside of the transaction: it is slow on purpose, and others would wait.
        if not self._fits(password, user) or user is None:
            raise NotSignedIn(message("Name or password is wrong."))
        with self._container.transactions() as transaction:
            if transaction.users.get(user.id) != user:
                # Meanwhile it was deactivated, or the password was replaced.
                raise NotSignedIn(message("Name or password is wrong."))
            lockout.succeed(transaction, attempt, now)
        return user

    def _fits(self, password: str, user: User | None) -> bool:
        fits = passwords.fits(password, user)
        return fits and user is not None and user.is_active and not self._is_kept_out(user)

    def _is_kept_out(self, user: User) -> bool:
        return self._container.local_sign_in.keeps_out(user)


class BasicCredentials:
    """HTTP Basic of systems (RFC 7617), each pair checked once in a while."""

    def __init__(self, container: Container, checks: PasswordChecks) -> None:
        self._container = container
        self._checks = checks
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, tuple[float, User]] = {}

    def user_of(self, request: Request, value: str) -> User:
        """The account; raises `NotSignedIn`, or `TooManyAttempts`."""
        decoded = _decoded(value)
        name, _, password = decoded.partition(":")
        user = self._remembered(decoded)
        if user is None:
            user = self._checks.check(request, name, password)
            self._remember(decoded, user)
        self._refuse_second_factor(user)
        return user

    def _remembered(self, credentials: str) -> User | None:
        until, known = self._known.get(self._digest(credentials), (0.0, None))
        if known is None or time.monotonic() > until:
            return None
        with self._container.transactions() as transaction:
            user = transaction.users.get(known.id)
        # Another server may have been given a new password meanwhile.
        return user if user == known else None

    def _remember(self, credentials: str, user: User) -> None:
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        self._known[self._digest(credentials)] = (time.monotonic() + BASIC_REMEMBERED_S, user)

    def _refuse_second_factor(self, user: User) -> None:
        with self._container.transactions() as transaction:
            is_asked = second_factor.is_asked(transaction, user.id)
        if is_asked:
            raise NotSignedIn(
                message(
                    "This account has a second factor, so name and password alone do not open it. "
                    "Use the key of an API client."
                )
            )

    def _digest(self, credentials: str) -> bytes:
        """A keyed digest: the password itself never stays in memory."""
        return hmac.digest(self._key, credentials.encode(), "sha256")


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise NotSignedIn(
            message("The Basic credentials are not valid base64 of UTF-8.")
        ) from error
