"""The key that signs the cookies: made once, whole, private, and never empty."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.errors import SettingsRefused
from app.web.cookies import session_secret
from tests.conftest import make_settings


class OnlySettings:
    def __init__(self, folder, **values):
        self.settings = make_settings(folder, **values)


def test_it_is_made_once_and_private(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: session_secret(OnlySettings(tmp_path)), range(16)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 64
    [path] = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "session.key").touch()
    with pytest.raises(SettingsRefused, match=r"session\.key"):
        session_secret(OnlySettings(tmp_path))


def test_an_empty_setting_is_refused(tmp_path):
    with pytest.raises(SettingsRefused, match="VEXASCOPE_SESSION_SECRET"):
        session_secret(OnlySettings(tmp_path, session_secret=""))
