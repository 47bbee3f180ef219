"""Settings, and the table of them in the documentation."""

import pytest

from app.domain.errors import SettingsRefused
from app.settings import PROJECT, SHIPPED_BUNDLE, Settings, load_settings, shipped_bundle
from tests.settings_table import settings_table


def test_a_wrong_variable_is_named(monkeypatch):
    monkeypatch.setenv("VEXASCOPE_PORT", "many")
    with pytest.raises(SettingsRefused, match="VEXASCOPE_PORT"):
        load_settings()


def test_every_setting_is_documented_in_the_one_table():
    assert settings_table() in (PROJECT / "docs" / "settings.md").read_text()


def test_postgresql_addresses_get_the_driver(tmp_path):
    for scheme in ("postgresql", "postgres"):
        settings = Settings(database_url=f"{scheme}://lab@db/vexascope")
        assert settings.resolved_database_url == "postgresql+psycopg://lab@db/vexascope"


def test_the_embedded_default_lies_in_the_data_folder(tmp_path):
    settings = Settings(data_dir=tmp_path)
    assert settings.resolved_database_url == f"sqlite:///{tmp_path}/vexascope.db"
    assert settings.resolved_storage_url == f"file://{tmp_path}/images"


def test_a_bundle_beside_the_shipped_one_does_not_take_over(tmp_path, monkeypatch):
    monkeypatch.setattr("app.settings.PROJECT", tmp_path)
    (tmp_path / "models" / "zz-mine").mkdir(parents=True)
    (tmp_path / "models" / "zz-mine" / "manifest.json").write_text("{}")
    with pytest.raises(SettingsRefused, match=SHIPPED_BUNDLE):
        shipped_bundle()
    shipped = tmp_path / "models" / SHIPPED_BUNDLE
    shipped.mkdir()
    (shipped / "manifest.json").write_text("{}")
    assert shipped_bundle() == shipped
    assert Settings(bundle=tmp_path / "models" / "zz-mine").bundle_dir.name == "zz-mine"


def test_secrets_are_not_shown():
    settings = Settings(admin_password="hunter2 hunter2", session_secret="s3cret")
    assert "hunter2" not in repr(settings)
    assert "s3cret" not in str(settings)
