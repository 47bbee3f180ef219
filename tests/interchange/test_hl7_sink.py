"""Results to a peer on a real socket: confirmed, refused, lost, and sent again under one number."""

import asyncio
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import hl7
import pytest
from hl7.mllp import start_hl7_server
from uuid_utils.compat import uuid7

from app.domain.hl7_peer import Hl7PeerConfig
from app.domain.outbox import (
    DeliveryFailed,
    Destination,
    EventType,
    FailureKind,
    OutboxEvent,
    SinkKind,
)
from app.interchange import hl7_sink
from app.interchange.hl7_sink import Hl7Sink
from app.interchange.hl7v2_result import write_result
from app.ports import Outgoing
from tests.conftest import free_port
from tests.factories import NOW
from tests.interchange.certificates import Authority
from tests.interchange.hl7_messages import make_envelope, make_placed, make_report
from tests.interchange.peer import Peer, peer

REPORTS = {version: make_report(version=version) for version in (1, 2)}


def write(event, config, number):
    """A whole result, with a PDF of some size."""
    envelope = make_envelope(control_id=number, charset=config.charset)
    return write_result(REPORTS[event.version], make_placed(), envelope, b"%PDF" * 9000)


@contextmanager
def sink(writer=write, identity=None):
    made = Hl7Sink(writer, identity)
    try:
        yield made
    finally:
        made.close()


def outgoing(port, version=1, **config):
    event = OutboxEvent(uuid7(), EventType.SIGNED, uuid7(), 1, NOW, "d" * 64, 120, version)
    stored = Hl7PeerConfig("127.0.0.1", port, **config).to_json()
    events = frozenset({EventType.SIGNED})
    return Outgoing(event, Destination(uuid7(), SinkKind.HL7, "LIS", events, stored, NOW))


def failure(sending, message):
    with pytest.raises(DeliveryFailed) as caught:
        sending.send(message)
    return caught.value.kind, caught.value.detail


def test_a_result_is_confirmed_and_the_connection_serves_the_next():
    with peer() as lis, sink() as sending:
        first = outgoing(lis.port)
        sending.send(first)
        sending.send(Outgoing(outgoing(lis.port, 2).event, first.destination))
    assert [message.all("OBR")[0].text(25) for message in lis.messages] == ["F", "C"]
    assert lis.connections == 1
    assert len(set(lis.numbers)) == 2
    assert all(len(number) == 20 for number in lis.numbers)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ("AE:101:PID-5 is empty", FailureKind.REFUSED, "The peer answered AE. PID-5 is empty"),
        ("AR", FailureKind.REFUSED, "The peer answered AR. "),
        ("CR", FailureKind.REFUSED, "The peer answered AR. "),
        ("AR:207:database is down", FailureKind.UNAVAILABLE, "answered AR. database is down"),
        ("AE:206:busy", FailureKind.UNAVAILABLE, "answered AE. busy"),
        ("AR:203:only 2.3 here", FailureKind.IMPOSSIBLE, "answered AR. only 2.3 here"),
        ("close", FailureKind.UNAVAILABLE, "ended before the peer answered"),
        ("junk", FailureKind.UNAVAILABLE, "answer cannot be read"),
        ("other", FailureKind.UNAVAILABLE, "answered another message"),
        ("??", FailureKind.UNAVAILABLE, "MSA-1 of the answer is none of"),
    ],
)
def test_every_other_answer_is_a_failure_of_its_kind(answer, kind, said):
    with peer(answer) as lis, sink() as sending:
        found, detail = failure(sending, outgoing(lis.port))
    assert found is kind
    assert said in detail


def test_what_was_not_confirmed_comes_again_under_its_number_byte_for_byte():
    with peer("silence", "close", "AE") as lis, sink() as sending:
        message = outgoing(lis.port)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hl7_sink, "ANSWER_S", 0.3)
            kind, detail = failure(sending, message)
        assert (kind, detail) == (FailureKind.UNAVAILABLE, "The peer did not answer in time.")
        failure(sending, message)
        failure(sending, message)
        sending.send(message)
    assert len(lis.received) == 4
    assert len(set(lis.received)) == 1


def test_an_answer_that_comes_too_late_is_not_taken_for_another_message_s():
    with peer("silence") as lis, sink() as sending:
        message = outgoing(lis.port)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hl7_sink, "ANSWER_S", 0.3)
            failure(sending, message)
        sending.send(Outgoing(outgoing(lis.port).event, message.destination))
    assert lis.connections == 2


def test_a_connection_that_the_peer_has_closed_meanwhile_is_no_failure():
    with peer("late-close", "late-close") as lis, sink() as sending:
        message = outgoing(lis.port)
        sending.send(message)
        time.sleep(0.1)
        sending.send(Outgoing(outgoing(lis.port).event, message.destination))
    assert (len(lis.received), lis.connections) == (2, 2)


def test_a_peer_that_is_not_there_is_waited_for():
    with sink() as sending:
        lis = Peer()
        lis.port = free_port()
        message = outgoing(lis.port)
        assert failure(sending, message) == (
            FailureKind.UNAVAILABLE,
            "The peer cannot be connected to.",
        )
        lis.start()
        sending.send(message)
        lis.kill()
        assert failure(sending, message)[0] is FailureKind.UNAVAILABLE
        lis.start()
        sending.send(message)
        lis.kill()
    assert len(set(lis.received)) == 1


def test_a_report_that_the_character_set_cannot_hold_is_given_up_with_its_reason():
    with peer() as lis, sink() as sending:
        kind, detail = failure(sending, outgoing(lis.port, charset="ASCII"))
    assert kind is FailureKind.IMPOSSIBLE
    assert "ASCII lacks" in detail
    assert lis.received == []


def test_over_tls_to_the_right_peer_alone(tmp_path):
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    issued, client = ours.issue("peer"), ours.issue("sender")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    context.load_verify_locations(ours.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    identity = (client.certificate, client.key)
    trusted = {"tls": True, "authorities": str(ours.certificate)}
    with peer(context=context) as lis, sink(identity=identity) as sending:
        sending.send(outgoing(lis.port, **trusted))
        strange = {"tls": True, "authorities": str(other.certificate)}
        kind, detail = failure(sending, outgoing(lis.port, **strange))
        assert (kind, detail) == (
            FailureKind.UNAVAILABLE,
            "The peer's certificate is not trusted, or of another name.",
        )
        with sink() as anonymous:
            assert failure(anonymous, outgoing(lis.port, **trusted))[0] is FailureKind.UNAVAILABLE
    assert len(lis.received) == 1


def test_another_implementation_of_the_protocol_takes_a_result():
    got = []

    async def take(reader, writer):
        message = await reader.readmessage()
        got.append(message)
        writer.writemessage(message.create_ack())
        await writer.drain()
        writer.close()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = start_hl7_server(take, "127.0.0.1", 0, limit=2**20, encoding="utf-8")
    server = asyncio.run_coroutine_threadsafe(listening, loop).result()
    try:
        with sink() as sending:
            sending.send(outgoing(server.sockets[0].getsockname()[1]))
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert isinstance(got[0], hl7.Message)
    assert got[0]["OBR.F25"] == "F"


def test_what_took_longer_to_make_than_its_lease_is_left_to_another_process():
    with peer() as lis, sink() as sending:
        late = replace(outgoing(lis.port), leased_until=datetime.now(UTC) + timedelta(seconds=5))
        failed, _ = failure(sending, late)
        assert failed is FailureKind.REFUSED
        sending.send(replace(late, leased_until=datetime.now(UTC) + timedelta(seconds=90)))
    assert len(lis.received) == 1
