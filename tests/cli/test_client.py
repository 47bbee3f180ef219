"""`vexascope client` as an administrator, or a script, calls it."""

import pytest

from app.bootstrap import migrate, running
from app.cli import main
from app.services.clients import check_key
from app.settings import load_settings


@pytest.fixture
def command(monkeypatch, capsys, tmp_path, small_bundle):
    """Run the command on a database of its own; gives exit status, standard output and words."""
    monkeypatch.setenv("VEXASCOPE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VEXASCOPE_BUNDLE", str(small_bundle))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["vexascope", "client", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return caught.value.code, said.out, said.err

    return run


@pytest.fixture
def database(command):
    with running(load_settings()) as container:
        migrate(container)
        yield container


def test_prints_the_key_alone_so_that_a_script_can_take_it(command, database):
    code, key, words = command("create", "lis", "--scope", "cases:write", "--scope", "cells:write")
    assert code == 0
    assert key.strip() not in words
    assert "cases:write, cells:write" in words
    with database.transactions() as transaction:
        client = check_key(transaction, key.removesuffix("\n"), "", database.now())
    assert client.name == "lis"


def test_rotates_lists_and_revokes(command, database):
    _, first, _ = command("create", "lis", "--scope", "cases:read", "--days", "2")
    code, second, _ = command("rotate", "lis", "--overlap-hours", "1", "--days", "3")
    assert code == 0
    prefixes = [key.rpartition("_")[0] for key in (first, second)]
    code, table, _ = command("list")
    assert code == 0
    for prefix in prefixes:
        [line] = [line for line in table.splitlines() if prefix in line]
        assert "valid" in line
        assert "never" in line
    assert not {first.strip(), second.strip()} & set(table.split())
    assert command("revoke", "lis", "--key", prefixes[0])[0] == 0
    assert command("revoke", "lis")[2].strip() == "Keys revoked: 1."
    assert command("list")[1].count("revoked") == 2


def test_says_what_is_wrong(command, database):
    code, key, words = command("create", "lis", "--scope", "cases:reed")
    assert (code, key) == (2, "")
    assert "cases:read" in words
    assert command("create", "lis")[0] == 2
    assert command("rotate", "nobody")[0] == 2
    command("create", "lis", "--scope", "cases:read")
    assert command("create", "lis", "--scope", "cases:read")[0] == 2
    assert command("revoke", "lis", "--key", "vxk_no")[0] == 2
