"""`vexascope hl7 peer` as who runs the server calls it."""

import pytest

from app.bootstrap import migrate, running
from app.cli import main
from app.domain.outbox import DeliveryState, EventType, SinkKind
from app.ports import AuditFilter
from app.settings import load_settings
from tests.db.test_repositories import open_case
from tests.factories import NOW

ADD = ("add", "LIS", "--host", "127.0.0.1", "--port", "2576")


@pytest.fixture
def command(monkeypatch, capsys, tmp_path, small_bundle):
    """Run the command on a database of its own; gives exit status and what it printed."""
    monkeypatch.setenv("VEXASCOPE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VEXASCOPE_BUNDLE", str(small_bundle))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["vexascope", "hl7", "peer", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return caught.value.code, said.out + said.err

    return run


@pytest.fixture
def database(command):
    with running(load_settings()) as container:
        migrate(container)
        yield container


def test_a_peer_is_told_of_what_is_signed_and_of_no_more_unless_asked(command, database):
    assert command(*ADD) == (0, "Results go to LIS at 127.0.0.1:2576.\n")
    assert (
        command("add", "early", "--host", "b", "--port", "1", "--preliminary", "--no-pdf")[0] == 0
    )
    with database.transactions() as transaction:
        lis, early = transaction.destinations.all(SinkKind.HL7)
        noted = list(transaction.audit.all(AuditFilter(action="hl7-peer.create")))
    assert lis.events == {EventType.SIGNED, EventType.AMENDED}
    assert (early.events, early.config["pdf"]) == (set(EventType), False)
    assert noted[0].event.after["host"] == "127.0.0.1"
    assert noted[0].event.actor.name != "vexascope"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", ""), "Give the peer's host"),
        (("--port", "0"), "between 1 and 65535"),
        (("--charset", "EBCDIC"), "one of UNICODE UTF-8"),
        (("--language", "tlh"), "one of en, fr"),
        (("--authorities", "ca.pem"), "with TLS alone"),
        (("--site", "Nowhere"), "no site named Nowhere"),
        (("--application", "x" * 181), "at most 180"),
    ],
)
def test_what_cannot_be_is_said(command, database, arguments, said):
    status, printed = command(*ADD, *arguments)
    assert status == 2
    assert said in printed


def test_messages_are_seen_sent_again_and_let_go(command, database):
    command(*ADD)
    with database.transactions() as transaction:
        case = open_case(transaction)
        transaction.cases.lock(case.id)
        transaction.outbox.publish(
            EventType.SIGNED, case.id, NOW, bundle_digest="d" * 64, read_count=1, version=1
        )
        [peer] = transaction.destinations.all(SinkKind.HL7)
        [waiting] = transaction.destinations.deliveries(peer.id, list(DeliveryState), None, 9)
    assert str(waiting.id) in command("messages", "LIS")[1]
    assert command("replay", "LIS", str(waiting.id)) == (0, "Sent again: 1\n")
    assert command("replay", "LIS") == (0, "Sent again: 0\n")
    assert command("skip", "LIS", str(waiting.id))[0] == 0
    assert "skipped" in command("messages", "LIS", "--state", "skipped")[1]
    assert str(waiting.id) not in command("messages", "LIS", "--state", "waiting")[1]


def test_a_peer_is_switched_off_and_on_and_removed(command, database):
    command(*ADD)
    for action, state in (("off", "off"), ("on", "on")):
        assert command(action, "LIS")[0] == 0
        line = f"LIS  127.0.0.1:2576  {state}  0 waiting, 0 delivered, 0 dead, 0 skipped\n"
        assert command("list")[1] == line
    assert command("remove", "LIS")[0] == 0
    assert "LIS" not in command("list")[1]
    assert command("off", "LIS") == (2, "Not found: There is no HL7 peer named LIS.\n")
