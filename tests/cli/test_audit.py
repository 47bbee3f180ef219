"""`vexascope audit` as an auditor calls it, on a database that somebody has written to."""

import hashlib
import json

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.bootstrap import migrate, running
from app.cli import main
from app.jobs.maintenance import note_end
from app.settings import load_settings

ACTOR = ("kind", "name", "account_id", "role", "address", "request_id")
FORGED = (
    "SELECT 6, at, actor_kind, actor_name, account_id, role, address, request_id, action, outcome, "
    "case_id, subject, before, after, hash, hash FROM audit"
)


@pytest.fixture
def command(monkeypatch, capsys, tmp_path, small_bundle):
    """Run the command on a database of its own; gives exit status and what it printed."""
    monkeypatch.setenv("VEXASCOPE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VEXASCOPE_BUNDLE", str(small_bundle))

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["vexascope", "audit", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return caught.value.code, said.out, said.err

    return run


@pytest.fixture
def database(command):
    with running(load_settings()) as container:
        migrate(container)
        for number in range(5):
            with container.transactions() as transaction:
                transaction.audit.note("case.view", after={"number": number})
        yield container


def spoil(container, statement):
    with container.engine.begin() as connection:
        connection.execute(text(statement))


def test_says_that_the_chain_holds_and_where_it_ends(command, database):
    code, said, _ = command("verify")
    assert code == 0
    assert "holds: 5 entries" in said
    head = said.strip().rsplit(" ", 1)[1]
    assert command("verify", "--head", head)[0] == 0
    assert command("verify", "--head", f"4:{'0' * 64}")[0] == 1
    assert command("verify", "--head", "nonsense")[0] == 2


def test_every_end_of_a_log_must_fit(command, database, tmp_path):
    log = tmp_path / "server.log"
    with capture_logs() as lines:
        note_end(database)
        with database.transactions() as transaction:
            transaction.audit.note("case.view")
        note_end(database)
    log.write_text("\n".join(json.dumps(line) for line in lines))
    code, said, _ = command("verify", "--heads", str(log))
    assert (code, "2 ends that were kept elsewhere fit" in said) == (0, True)
    spoil(database, "DELETE FROM audit WHERE sequence = 6")
    rest = "(SELECT hash FROM audit WHERE sequence = 5)"
    spoil(database, f"UPDATE audit_head SET count = 5, hash = {rest}")
    assert command("verify")[0] == 0
    code, said, _ = command("verify", "--heads", str(log))
    assert (code, "at entry 6" in said) == (1, True)


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE audit SET actor_name = 'nobody' WHERE sequence = 3", 3),
        ("UPDATE audit SET after = '{\"number\": 9}' WHERE sequence = 2", 2),
        ("DELETE FROM audit WHERE sequence = 3", 3),
        ("DELETE FROM audit WHERE sequence = 5", 5),
        ("UPDATE audit SET at = datetime(at, '+1 hour') WHERE sequence = 4", 4),
        (f"INSERT INTO audit {FORGED} WHERE sequence = 5", 6),
        (f"INSERT INTO audit {FORGED.replace('6', '-1')} WHERE sequence = 5", -1),
        (
            "UPDATE audit SET sequence = CASE sequence WHEN 5 THEN 7 ELSE 5 END "
            "WHERE sequence IN (5)",
            5,
        ),
    ],
)
def test_finds_what_was_done_to_a_row(command, database, statement, place):
    spoil(database, statement)
    code, said, _ = command("verify")
    assert code == 1
    assert f"does NOT hold at entry {place}:" in said


def test_finds_rows_that_changed_places(command, database):
    spoil(database, "UPDATE audit SET sequence = 99 WHERE sequence = 2")
    spoil(database, "UPDATE audit SET sequence = 2 WHERE sequence = 3")
    spoil(database, "UPDATE audit SET sequence = 3 WHERE sequence = 99")
    code, said, _ = command("verify")
    assert code == 1
    assert "entry 2" in said


def test_an_export_can_be_checked_by_what_the_documentation_says(command, database, tmp_path):
    file = tmp_path / "audit.jsonl"
    assert command("export", str(file))[0] == 0
    previous = "0" * 64
    for line in file.read_text().splitlines():
        entry = json.loads(line)
        actor = entry["actor"]
        values = [entry["sequence"], previous, entry["at"]]
        values += [actor[name] for name in ACTOR]
        values += [entry[name] for name in ("action", "outcome", "case_id", "subject")]
        values += [entry["before"], entry["after"]]
        text_hashed = json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        previous = hashlib.sha256(text_hashed.encode()).hexdigest()
        assert entry["hash"] == previous


def test_exports_entries_and_records_that(command, database, tmp_path):
    file = tmp_path / "audit.jsonl"
    assert command("export", str(file), "--action", "case")[0] == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["after"]["number"] for line in lines] == list(range(5))
    with database.transactions() as transaction:
        last = list(transaction.audit.all())[-1].event
    assert last.action == "audit.export"
    assert last.actor.name.startswith("command of ")
    assert command("verify")[0] == 0
