"""The two cookies: the session's, and one that tells a browser that has signed in before."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.bootstrap import Container
from app.domain.errors import SettingsRefused
from app.domain.user import User
from app.settings import Settings

DEVICE_LIFE_S = 180 * 24 * 3600
# At one workstation of a laboratory several people sign in.
MOST_PEOPLE = 8


def session_cookie(settings: Settings) -> str:
    """The name of the session's cookie."""
    return _name("vexascope_session", settings)


def _name(name: str, settings: Settings) -> str:
    """With a prefix by which browsers take it from this host alone, and over HTTPS alone."""
    return f"__Host-{name}" if settings.secure_cookies else name


class Devices:
    """Which browsers have signed in to an account before, by a signed cookie that they keep.

    The failures of strangers do not count against such a browser ("device cookies" of OWASP).
    """

    def __init__(self, container: Container) -> None:
        self._is_secure = container.settings.secure_cookies
        self._cookie = _name("vexascope_device", container.settings)
        self._signer = URLSafeTimedSerializer(session_secret(container), salt="device")

    def known(self, request: Request, user: User | None) -> str | None:
        """The browser's own mark for an account; None where it has none."""
        marks = self._marks(request)
        mark = marks.get(str(user.id)) if user else None
        return mark if isinstance(mark, str) else None

    def remember(self, request: Request, response: Response, user: User) -> None:
        """Give the browser a mark for the account, if it has none."""
        marks = self._marks(request)
        mark = marks.pop(str(user.id), None) or secrets.token_urlsafe(12)
        kept = dict(list(marks.items())[-(MOST_PEOPLE - 1) :])
        response.set_cookie(
            self._cookie,
            self._signer.dumps({**kept, str(user.id): mark}),
            max_age=DEVICE_LIFE_S,
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )

    def _marks(self, request: Request) -> dict[str, Any]:
        try:
            marks = self._signer.loads(request.cookies.get(self._cookie, ""), DEVICE_LIFE_S)
        except BadSignature:
            return {}
        return marks if isinstance(marks, dict) else {}


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
