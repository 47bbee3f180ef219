"""The HL7 listener, over real sockets: what is taken, what is answered, who is cut off."""

import asyncio
import random
import shutil
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app.bootstrap import build
from app.domain.errors import SettingsRefused, StorageUnavailable
from app.domain.site import DEFAULT_SITE_ID
from app.interchange.hl7v2 import read_message
from app.interchange.mllp import framed
from app.interchange.mllp_server import MllpServer
from app.jobs.hl7_listener import hl7_listener, listening, reception
from app.ports import AuditFilter
from app.services.erasing import erase_patient
from tests.conftest import make_settings
from tests.interchange.certificates import Authority
from tests.interchange.hl7_messages import ORDER, oml, strictly
from tests.interchange.lis import connected, verdict


@pytest.fixture
def laboratory(migrated_sqlite, small_bundle, tmp_path):
    """The whole product on SQLite, for what does not depend on the database."""
    shutil.copy(migrated_sqlite, tmp_path / "vexascope.db")
    container = build(make_settings(tmp_path, bundle=small_bundle))
    yield container
    container.close()


@contextmanager
def listener(container, **settings):
    """Listens on loopback while the context lasts; gives the port."""
    changed = container.settings.model_copy(update={"hl7_port": 0, **settings})
    with hl7_listener(replace(container, settings=changed)) as port:
        yield port


@contextmanager
def impatient(container, **limits):
    """The same with limits of tests: nobody waits for half a minute here."""
    settings = container.settings.model_copy(update={"hl7_port": 0})
    chosen = replace(listening(settings), **limits)
    server = MllpServer(chosen, reception(replace(container, settings=settings)))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def order(number: int, **changes: str) -> bytes:
    """One of many orders, all different."""
    return oml(
        MSH=ORDER["MSH"].replace("M-1", f"M-{number}"),
        ORC=f"ORC|NW|PL-{number}",
        OBR=f"OBR|1|PL-{number}||SMEAR",
        SPM=f"SPM|1|S-{number}||BLD",
        **changes,
    )


def accession_numbers(container) -> set[str]:
    with container.transactions() as transaction:
        page = transaction.cases.page(None, 200, container.bundle.manifest.digest)
    return {summary.case.accession_number for summary in page}


def test_an_order_opens_its_case_and_is_accepted_under_its_own_number(container):
    with listener(container) as port, connected(port) as lis:
        answer = lis.ask(oml())
    assert verdict(answer) == ("AA", "")
    assert answer.all("MSA")[0].text(2) == "M-1"
    assert (answer.header.text(5), answer.header.text(6)) == ("LIS", "HOSP")
    with container.transactions() as transaction:
        case = transaction.cases.find("S-1001", [DEFAULT_SITE_ID])
        placed = transaction.orders.of_case(case.id)
        entries = list(transaction.audit.all(AuditFilter(case_id=case.id)))
    assert case.patient.identifier == "P-77"
    assert case.site_id == DEFAULT_SITE_ID
    assert placed.placer_number == "PL-5"
    assert placed.echo["placer"] == "PL-5^LIS"
    assert [entry.event.action for entry in entries] == ["case.open", "order.accept"]
    actor = entries[0].event.actor
    assert (actor.name, actor.role, actor.address) == ("HL7 LIS", "system", "127.0.0.1")


def test_the_answers_are_valid_for_the_independent_parser(laboratory):
    with listener(laboratory) as port, connected(port) as lis:
        for content in (
            oml(),
            oml(ORC="ORC|CA|PL-5"),
            oml(MSH=ORDER["MSH"].replace("2.5.1", "2.3")),
        ):
            lis.send(framed(content))
            raw = lis.connection.recv(65536)
            assert strictly(raw[1:-2]).validate()


def test_the_same_message_again_is_answered_the_same_and_opens_nothing(container):
    later = ORDER["MSH"].replace("20260301093000", "20260301094500")
    with listener(container) as port:
        with connected(port) as lis:
            first = lis.ask(oml())
        # The acknowledgement was lost: the sender connects again, and stamps a new time.
        with connected(port) as lis:
            assert lis.ask(oml()) == first
            assert lis.ask(oml(MSH=later)) == first
    assert accession_numbers(container) == {"S-1001"}


def test_another_message_under_the_same_number_is_refused(laboratory):
    with listener(laboratory) as port, connected(port) as lis:
        lis.ask(oml())
        assert verdict(lis.ask(oml(SPM="SPM|1|S-2||BLD"))) == ("AE", "205")
        other = ORDER["MSH"].replace("|LIS|", "|OTHER|")
        assert verdict(lis.ask(oml(MSH=other, SPM="SPM|1|S-2||BLD"))) == ("AA", "")
    assert accession_numbers(laboratory) == {"S-1001", "S-2"}


def test_the_same_order_under_another_number_is_accepted_and_opens_nothing(laboratory):
    again = oml(MSH=ORDER["MSH"].replace("M-1", "M-2"))
    other = oml(MSH=ORDER["MSH"].replace("M-1", "M-3"), OBR="OBR|1|PL-5||OTHER")
    with listener(laboratory) as port, connected(port) as lis:
        lis.ask(oml())
        answer = lis.ask(again)
        assert (verdict(answer), answer.all("MSA")[0].text(2)) == (("AA", ""), "M-2")
        assert lis.ask(again) == answer
        # Another order for the same sample is another matter.
        assert verdict(lis.ask(other)) == ("AE", "205")
    assert accession_numbers(laboratory) == {"S-1001"}


def test_the_same_message_on_many_connections_at_once_opens_one_case(container):
    with listener(container) as port, ThreadPoolExecutor(6) as threads:

        def ask(_):
            with connected(port) as lis:
                return lis.ask(oml())

        answers = list(threads.map(ask, range(6)))
    assert {verdict(answer) for answer in answers} == {("AA", "")}
    assert all(answer == answers[0] for answer in answers)
    assert accession_numbers(container) == {"S-1001"}


def test_an_erased_order_leaves_nothing_of_the_patient_and_does_not_come_back(laboratory):
    other = {"MSH": ORDER["MSH"].replace("|LIS|", "|OTHER|"), "SPM": "SPM|1|S-2||BLD"}
    with listener(laboratory) as port, connected(port) as lis:
        # Two systems count from one, and both messages are of one patient.
        assert verdict(lis.ask(oml())) == verdict(lis.ask(oml(**other))) == ("AA", "")
        with laboratory.transactions() as transaction:
            case = transaction.cases.find("S-1001", [DEFAULT_SITE_ID])
            erase_patient(transaction, case.patient.id, "asked for", laboratory.now())
        assert verdict(lis.ask(oml())) == ("AE", "205")
    with laboratory.transactions() as transaction:
        assert transaction.orders.of_case(case.id) is None
        assert transaction.cases.find("S-1001", [DEFAULT_SITE_ID]) is None


def test_a_number_that_is_taken_is_a_conflict_that_says_what_to_do(laboratory):
    with listener(laboratory) as port, connected(port) as lis:
        lis.ask(order(1))
        answer = lis.ask(oml(SPM="SPM|1|S-1||BLD", MSH=ORDER["MSH"].replace("M-1", "M-2")))
    assert verdict(answer) == ("AE", "205")
    assert "accession number exists already" in answer.all("ERR")[0].text(8)


def test_what_was_refused_may_be_sent_again_once_it_is_mended(container):
    with listener(container) as port, connected(port) as lis:
        assert verdict(lis.ask(oml(PID="PID|1|||"))) == ("AE", "101")
        assert verdict(lis.ask(oml())) == ("AA", "")
    with container.transactions() as transaction:
        refused = list(transaction.audit.all(AuditFilter(action="order.refuse")))
    assert [entry.event.after for entry in refused] == [
        {"answer": "AE", "condition": "101", "location": "PID^1^3^1"}
    ]


def test_a_database_that_is_away_is_said_and_nothing_is_lost(laboratory, monkeypatch):
    with listener(laboratory) as port, connected(port) as lis:

        def away():
            raise StorageUnavailable("The database does not answer.")

        with monkeypatch.context() as patch:
            patch.setattr("app.services.ordering.open_case", lambda *_: away())
            assert verdict(lis.ask(oml())) == ("AR", "207")
        assert accession_numbers(laboratory) == set()
        assert verdict(lis.ask(oml())) == ("AA", "")


@pytest.mark.parametrize("size", [1, 3, 50])
def test_a_message_in_many_pieces_and_many_in_one_are_answered_in_turn(laboratory, size):
    stream = framed(order(1)) + b"\r\n" + framed(order(2)) + framed(order(3))
    with listener(laboratory) as port, connected(port) as lis:
        lis.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(stream), size):
            lis.send(stream[start : start + size])
        answers = [lis.answer() for _ in range(3)]
        assert [answer.all("MSA")[0].text(2) for answer in answers] == ["M-1", "M-2", "M-3"]
        for number in (4, 5, 6):
            lis.send(framed(order(number)))
        assert [verdict(lis.answer()) for _ in range(3)] == [("AA", "")] * 3
    assert len(accession_numbers(laboratory)) == 6


def test_a_message_that_is_broken_off_is_forgotten_and_the_next_is_taken(laboratory):
    with listener(laboratory) as port:
        with connected(port) as lis:
            lis.send(framed(order(1))[:80])
        with connected(port) as lis:
            lis.send(framed(order(2))[:80] + framed(order(3)))
            assert lis.answer().all("MSA")[0].text(2) == "M-3"
    assert accession_numbers(laboratory) == {"S-3"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "100"),
        (b"hello", "100"),
        (b"MSH|^~\\&", "100"),
        (oml() + b"and then something else\r", "100"),
        (oml(PID="PID|1||P||M\xfcller").replace("ü".encode(), b"\xfc"), "102"),
        (oml(MSH=ORDER["MSH"].replace("UNICODE UTF-8", "KLINGON")), "102"),
    ],
)
def test_what_is_no_message_is_answered_and_the_connection_goes_on(laboratory, content, code):
    with listener(laboratory) as port, connected(port) as lis:
        assert verdict(lis.ask(content)) == ("AE", code)
        assert verdict(lis.ask(oml())) == ("AA", "")


def test_whatever_comes_is_answered_and_names_no_patient(laboratory, capfd):
    settings = laboratory.settings.model_copy(update={"hl7_port": 0})
    receives = reception(replace(laboratory, settings=settings))
    chance = random.Random(7)
    for _ in range(150):
        content = bytearray(oml(MSH=ORDER["MSH"].replace("M-1", f"M-{chance.random()}")))
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(content))
            content[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        answer = read_message(receives.message(bytes(content), "127.0.0.1"))
        assert verdict(answer)[0] in {"AA", "AE", "AR"}
        assert verdict(answer) != ("AR", "207")
        assert not any("P-77" in error.text(8) for error in answer.all("ERR"))
    said = capfd.readouterr()
    assert "Example" not in said.out + said.err


def test_a_latin_message_opens_a_case_with_its_letters(laboratory):
    header = ORDER["MSH"].replace("UNICODE UTF-8", "8859/1")
    content = oml(MSH=header, PID="PID|1||P-8||Müller^Zoë").decode().encode("iso8859-1")
    with listener(laboratory) as port, connected(port) as lis:
        assert verdict(lis.ask(content)) == ("AA", "")
    with laboratory.transactions() as transaction:
        assert transaction.cases.find("S-1001", [DEFAULT_SITE_ID]).patient.name == "Zoë Müller"


def test_a_sender_that_names_no_character_set_is_read_in_the_agreed_one(laboratory):
    header = ORDER["MSH"].removesuffix("||||||UNICODE UTF-8")
    content = oml(MSH=header, PID="PID|1||P-9||Müller^Zoë").decode().encode("iso8859-1")
    with listener(laboratory) as port, connected(port) as lis:
        assert verdict(lis.ask(content)) == ("AE", "102")
    with listener(laboratory, hl7_charset="8859/1") as port, connected(port) as lis:
        assert verdict(lis.ask(content)) == ("AA", "")
    wrong = listener(laboratory, hl7_charset="KLINGON")
    with pytest.raises(SettingsRefused, match="VEXASCOPE_HL7_CHARSET"), wrong:
        pass


def test_a_message_that_is_too_long_ends_the_connection_with_a_reason(laboratory):
    with listener(laboratory, hl7_max_kib=1) as port:
        with connected(port) as lis:
            lis.send(framed(oml(NTE="NTE|1||" + "x" * 200_000)))
            answer = lis.answer()
            assert verdict(answer) == ("AR", "100")
            assert answer.all("MSA")[0].text(2) == "M-1"
            assert "longer than 1024 bytes" in answer.all("ERR")[0].text(8)
            assert lis.is_closed()
        with connected(port) as lis:
            assert verdict(lis.ask(oml())) == ("AA", "")


def test_another_protocol_is_told_and_cut_off(laboratory):
    with listener(laboratory) as port, connected(port) as lis:
        lis.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert "outside of MLLP frames" in lis.answer().all("ERR")[0].text(8)
        assert lis.is_closed()


def test_who_sends_a_byte_now_and_then_is_cut_off(laboratory):
    with impatient(laboratory, frame_s=0.6) as port, connected(port) as lis:
        began = time.monotonic()
        with pytest.raises(ConnectionError):
            for byte in framed(oml()):
                lis.send(bytes([byte]))
                time.sleep(0.05)
        assert 0.5 < time.monotonic() - began < 5
    assert accession_numbers(laboratory) == set()


def test_who_says_nothing_is_cut_off_and_who_has_spoken_may_stay(laboratory):
    with impatient(laboratory, idle_s=1.0, frame_s=0.3) as port:
        with connected(port) as lis:
            assert lis.is_closed()
        with connected(port) as lis:
            lis.ask(order(1))
            # Longer than a message may take: between two there is no hurry.
            time.sleep(0.5)
            assert verdict(lis.ask(order(2))) == ("AA", "")


def test_no_more_connections_than_there_may_be(laboratory):
    with impatient(laboratory, max_connections=1) as port, connected(port) as first:
        first.ask(order(1))
        with connected(port) as second:
            assert second.is_closed()
        assert verdict(first.ask(order(2))) == ("AA", "")


def test_who_is_not_among_the_peers_gets_no_answer(laboratory):
    with listener(laboratory, hl7_peers="10.0.0.0/8") as port, connected(port) as lis:
        assert lis.is_closed()


def test_a_message_that_has_arrived_is_answered_when_the_listener_stops(laboratory):
    with listener(laboratory) as port:
        lis = socket.create_connection(("127.0.0.1", port), 20)
        lis.sendall(b"".join(framed(order(number)) for number in range(1, 6)))
        time.sleep(0.2)
    answers = b""
    while data := lis.recv(65536):
        answers += data
    lis.close()
    assert answers.count(b"MSA|AA") == len(accession_numbers(laboratory)) > 0


def test_over_tls_with_the_right_authority_alone(laboratory, tmp_path):
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    server, client, stranger = ours.issue("server"), ours.issue("lis"), other.issue("stranger")
    settings = {
        "hl7_tls_certificate": server.certificate,
        "hl7_tls_key": server.key,
        "hl7_tls_client_ca": ours.certificate,
    }
    trusting = ssl.create_default_context(cafile=str(ours.certificate))
    with listener(laboratory, **settings) as port:
        # A client certificate is asked for, and must be vouched for by our authority.
        for issued in (None, stranger):
            context = ssl.create_default_context(cafile=str(ours.certificate))
            if issued:
                context.load_cert_chain(issued.certificate, issued.key)
            with (
                pytest.raises((ssl.SSLError, ConnectionError, EOFError)),
                connected(port, context) as lis,
            ):
                lis.ask(oml())
        trusting.load_cert_chain(client.certificate, client.key)
        with connected(port, trusting) as lis:
            assert verdict(lis.ask(oml())) == ("AA", "")
        # Without TLS nothing is understood.
        with connected(port) as lis, pytest.raises((EOFError, ConnectionError)):
            lis.ask(order(2))
    assert accession_numbers(laboratory) == {"S-1001"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hl7_site": "Nowhere"}, "no open site is named Nowhere"),
        ({"hl7_peers": "the lab"}, "VEXASCOPE_HL7_PEERS"),
        ({"hl7_timezone": "Mars/Olympus"}, "no zone Mars/Olympus"),
        ({"hl7_tls_key": "key.pem"}, "needs both"),
        ({"hl7_host": "192.0.2.1"}, "cannot listen on 192.0.2.1"),
        ({"hl7_port": None}, "Set VEXASCOPE_HL7_PORT"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_their_names(laboratory, settings, said):
    with pytest.raises(SettingsRefused, match=said), listener(laboratory, **settings):
        pass


def test_a_certificate_that_is_not_there_is_named(tmp_path, laboratory):
    files = {"hl7_tls_certificate": tmp_path / "none.pem", "hl7_tls_key": tmp_path / "none.key"}
    with pytest.raises(SettingsRefused, match="HL7_TLS_CERTIFICATE"), listener(laboratory, **files):
        pass


def test_the_listener_is_off_unless_a_port_is_set(tmp_path):
    assert make_settings(tmp_path).hl7_port is None


def test_a_control_character_in_the_sender_s_name_is_answered_and_audited(container):
    with listener(container) as port, connected(port) as lis:
        refused = lis.ask(oml().replace(b"|LIS|", b"|L\x00I\x01S|", 1))
    assert verdict(refused)[0] == "AE"
    with container.transactions() as transaction:
        [event] = [it for it in transaction.audit.all() if it.event.action == "order.refuse"]
    assert event.event.actor.name == "HL7 LIS"
