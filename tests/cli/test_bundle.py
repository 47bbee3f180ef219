"""`vexascope bundle` as an operator calls it."""

import pytest

from app.bootstrap import migrate, running
from app.cli import main
from app.settings import load_settings
from tests.bundles import write_bundle


@pytest.fixture
def command(monkeypatch, capsys, tmp_path, small_bundle):
    """Run it on a database of its own; gives exit status and what it printed."""
    monkeypatch.setenv("VEXASCOPE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("VEXASCOPE_BUNDLE", str(small_bundle))
    monkeypatch.setenv("VEXASCOPE_BUNDLES_DIR", str(tmp_path / "bundles"))
    write_bundle(tmp_path / "bundles" / "second", manifest={"version": "0.0.2"}, bias=-2)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["vexascope", "bundle", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return caught.value.code, said.out + said.err

    with running(load_settings()) as container:
        migrate(container)
    return run


def rows(printed):
    return [line.split() for line in printed.splitlines()[1:]]


def test_a_bundle_is_activated_by_the_beginning_of_its_digest(command, tmp_path):
    _, listed = command("list")
    first, second = rows(listed)
    assert (first[3], second[3]) == ("active", str(tmp_path / "bundles" / "second"))
    status, said = command("activate", second[2][:8], "--reason", "it was measured")
    assert status == 0
    assert second[2] in said
    _, listed = command("list")
    assert rows(listed)[1][3] == "active"
    with running(load_settings()) as container:
        assert container.bundle.manifest.digest == second[2]


def test_what_is_not_installed_or_has_no_reason_is_refused(command, tmp_path):
    status, said = command("activate", "0123456789", "--reason", "why not")
    assert status == 2
    assert "0 installed bundles" in said
    _, listed = command("list")
    status, said = command("activate", rows(listed)[1][2], "--reason", " ")
    assert status == 2
    assert "empty" in said
    (tmp_path / "bundles" / "second" / "model.onnx").write_bytes(b"something else")
    _, listed = command("list")
    assert "refused" in listed
    assert "SHA-256" in listed
