import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.errors import Damaged, SettingsRefused
from app.storage.sealing import KEY_FILE, KeySealer


def test_what_is_sealed_can_be_read_with_the_key_and_not_without(tmp_path):
    sealer = KeySealer("a chosen key", tmp_path)
    sealed = sealer.seal("whsec_secret")
    assert "secret" not in sealed
    assert sealed != sealer.seal("whsec_secret")
    assert KeySealer(" a chosen key\n", tmp_path).unseal(sealed) == "whsec_secret"
    with pytest.raises(Damaged, match="VEXASCOPE_SEALING_KEY"):
        KeySealer("another key", tmp_path).unseal(sealed)
    with pytest.raises(Damaged):
        sealer.unseal(sealed[:-4] + "AAA=")
    assert not (tmp_path / KEY_FILE).exists()


def test_a_key_is_made_once_and_is_private(tmp_path):
    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(KeySealer(None, tmp_path).seal, "text") for _ in range(8)]
        sealed = [done.result() for done in made]
    assert {KeySealer(None, tmp_path).unseal(item) for item in sealed} == {"text"}
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_an_empty_key_is_refused(tmp_path):
    with pytest.raises(SettingsRefused, match="empty"):
        KeySealer(" ", tmp_path).seal("text")
