"""The second step of signing in: between the password and the code, the cookie says whose it is."""

import hashlib
import time
from typing import Any
from uuid import UUID

from fastapi import Request

from app.bootstrap import Container
from app.domain.errors import NotSignedIn
from app.domain.message import message
from app.domain.user import User
from app.services import lockout, second_factor
from app.services.acting import concerns
from app.web.cookies import Devices
from app.web.origins import network_of

STEP_LIFE_S = 300


class SecondStep:
    """Asks for a code of the authenticator, or a recovery code."""

    def __init__(self, container: Container, devices: Devices) -> None:
        self._container = container
        self._devices = devices

    def begin(self, request: Request, user: User) -> bool:
        """Whether the account asks for a code; then the browser may give it."""
        with self._container.transactions() as transaction:
            if not second_factor.is_asked(transaction, user.id):
                return False
        request.session["step"] = {
            "user": str(user.id),
            "until": int(time.time()) + STEP_LIFE_S,
            "password": _fingerprint(user),
        }
        return True

    def finish(self, request: Request, code: str) -> User:
        """Whose code it is; raises `NotSignedIn` or `TooManyAttempts`."""
        user = self._waiting(request)
        concerns(f"user:{user.id}")
        # A count of its own: who knows the password, and so clears the account's, must not get
        # ever new tries at codes, nor keep the person waiting at the own browser.
        device = self._devices.known(request, user)
        attempt = lockout.Attempt(str(user.id), network_of(request), device, kind="code")
        now = self._container.now()
        with self._container.transactions() as transaction:
            lockout.begin(transaction, attempt, now)
        with self._container.transactions() as transaction:
            if not second_factor.uses(transaction, user.id, code, self._container.sealer, now):
                raise NotSignedIn(message("The code is wrong, or it has been used."))
            lockout.succeed(transaction, attempt, now)
        return user

    def _waiting(self, request: Request) -> User:
        # The cookie is signed: what stands in it was written by `begin`.
        step: dict[str, Any] = request.session.get("step") or {"until": 0, "password": ""}
        user = None
        if step["until"] > time.time():
            with self._container.transactions() as transaction:
                user = transaction.users.get(UUID(step["user"]))
        if user is None or not user.is_active or step["password"] != _fingerprint(user):
            request.session.pop("step", None)
            raise NotSignedIn(message("The sign-in took too long. Give your password again."))
        return user


def is_waiting(request: Request) -> bool:
    """Whether the browser has given a right password and not yet the code."""
    return "step" in request.session


def _fingerprint(user: User) -> str:
    """Changes with the password: a step that an old one began leads nowhere."""
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]
