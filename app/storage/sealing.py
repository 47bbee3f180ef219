"""Sealing with Fernet (AES-128-CBC and HMAC-SHA256), under a key that is not in the database."""

import base64
import hashlib
import os
import secrets
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.fernet import Fernet, InvalidToken

from app.domain.errors import Damaged, SettingsRefused
from app.domain.message import message

KEY_FILE = "sealing.key"


class KeySealer:
    """`Sealer` under a chosen key, or one that is made on first use and kept in a folder."""

    def __init__(self, chosen: str | None, folder: Path) -> None:
        self._chosen = chosen
        self._path = folder / KEY_FILE

    @cached_property
    def _fernet(self) -> Fernet:
        text = self._chosen if self._chosen is not None else self._kept()
        if not text.strip():
            raise SettingsRefused(
                "The key that seals secrets is empty. Set VEXASCOPE_SEALING_KEY, or delete "
                f"{KEY_FILE} in the data folder to have one made."
            )
        # Any text may be chosen; the cipher wants 32 bytes.
        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(text.strip().encode()).digest()))

    def _kept(self) -> str:
        if not self._path.exists():
            _write_once(self._path, secrets.token_urlsafe(48))
        return self._path.read_text()

    def seal(self, text: str) -> str:
        """Encrypt."""
        return self._fernet.encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Decrypt what this key has sealed."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Damaged(
                message(
                    "A stored secret cannot be read with this server's sealing key. Give all "
                    "servers and workers the same VEXASCOPE_SEALING_KEY, or make a new secret."
                )
            ) from error


def _write_once(path: Path, text: str) -> None:
    """Write a private file whole or not at all; of two processes the first one wins."""
    # Made with mode 0600.
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)
