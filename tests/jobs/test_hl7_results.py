"""From an order to its result: through the listener, a signature, the outbox, and the peer."""

import base64
import time
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader
from uuid_utils.compat import uuid7

from app.cli.serving import _working
from app.domain.hl7_peer import Hl7PeerConfig
from app.domain.outbox import DeliveryState, EventType, RetryRule
from app.domain.site import DEFAULT_SITE_ID
from app.domain.user import Role, User
from app.jobs.deliverer import deliver_some
from app.jobs.hl7_results import with_hl7_results
from app.services.hl7_peers import Hl7PeerForm, add_peer
from app.services.reviewing import Reader
from app.services.signing import amend, chosen_report, sign
from app.services.trend import patient_points
from app.web.language import Language
from app.web.printing.unattended import print_unattended
from tests.db.test_repositories import add_cells
from tests.factories import NOW, make_findings
from tests.interchange.hl7_messages import oml
from tests.interchange.lis import connected, verdict
from tests.interchange.peer import peer
from tests.jobs.test_hl7_listener import laboratory, listener, order

__all__ = ["laboratory"]
QUICK = RetryRule(first=timedelta(0), longest=timedelta(0), first_pause=timedelta(0))


def add(container, lis, events=frozenset({EventType.SIGNED, EventType.AMENDED}), **config):
    chosen = Hl7PeerConfig("127.0.0.1", lis.port, application="LIS", facility="HOSP", **config)
    with container.transactions() as transaction:
        return add_peer(transaction, Hl7PeerForm("LIS", chosen, events), NOW)


def case_of(container, accession):
    with container.transactions() as transaction:
        return transaction.cases.find(accession, [DEFAULT_SITE_ID])


def read_by_classifier(container, accession):
    """Sixty cells of the case are read."""
    case, digest = case_of(container, accession), container.bundle.manifest.digest
    with container.transactions() as transaction:
        _, cells = add_cells(transaction, case, 60)
        found = [make_findings(cell, (), digest=digest) for cell in cells]
        transaction.cells.add_findings(found, NOW)
    return case


def read_case_of(container, accession="S-1001"):
    """Sixty cells of the case are read, and a haematologist is there."""
    case = read_by_classifier(container, accession)
    with container.transactions() as transaction:
        ann = User(uuid7(), "ann", Role.HAEMATOLOGIST, "x", full_name="Dr Ann")
        transaction.users.add(ann, NOW)
    return Reader(ann, case, container.bundle, container.review_rule)


def signed(container, reader):
    with container.transactions() as transaction:
        last = transaction.reviews.last_sequence(reader.case.id)
        return sign(transaction, reader, last, container.now())


def amended(container, reader, reason):
    with container.transactions() as transaction:
        amend(transaction, reader, reason, container.now())
    return signed(container, reader)


def told_classified(container, reader):
    with container.transactions() as transaction:
        transaction.cases.lock(reader.case.id)
        transaction.outbox.publish(
            EventType.CLASSIFIED,
            reader.case.id,
            container.now(),
            bundle_digest=container.bundle.manifest.digest,
            read_count=60,
        )


def states(container, peer_id):
    with container.transactions() as transaction:
        counts = transaction.destinations.counts(peer_id)
    return {state: count for state, count in counts.items() if count}


def no_pdf(*_):
    raise AssertionError("nobody asked for it")


def code_of(observed):
    return observed.text(3)


def test_an_order_comes_back_as_its_result_and_as_each_correction(container):
    with listener(container) as port, connected(port) as lis:
        assert verdict(lis.ask(oml())) == ("AA", "")
    reader = read_case_of(container)
    with peer() as lis, with_hl7_results(container, no_pdf) as sending:
        destination = add(container, lis, pdf=False)
        signed(container, reader)
        amended(container, reader, "Counted twice")
        while deliver_some(sending, destination.id, QUICK):
            pass
    first, second = lis.messages
    for message, status in ((first, "F"), (second, "C")):
        assert message.all("ORC")[0].raw(2) == "PL-5^LIS"
        assert message.all("OBR")[0].text(25) == status
        assert {observed.text(11) for observed in message.all("OBX")} == {status}
        assert message.all("PID")[0].text(3) == "P-77"
        assert message.all("SPM")[0].text(2) == "S-1001"
    assert (first.header.text(5), first.header.text(6)) == ("LIS", "HOSP")
    assert "Amended: Counted twice" in [note.whole(3) for note in second.all("NTE")]
    assert states(container, destination.id) == {DeliveryState.DELIVERED: 2}


def test_a_correction_waits_behind_the_result_that_the_peer_refuses(laboratory):
    with listener(laboratory) as port, connected(port) as lis:
        lis.ask(oml())
    reader = read_case_of(laboratory)
    with peer("AE:102:no such patient") as lis, with_hl7_results(laboratory, no_pdf) as sending:
        destination = add(laboratory, lis, pdf=False)
        signed(laboratory, reader)
        amended(laboratory, reader, "Counted twice")
        deliver_some(sending, destination.id, QUICK)
        with laboratory.transactions() as transaction:
            found = transaction.destinations.get(destination.id)
        assert found.last_error == "The peer answered AE. no such patient"
        while deliver_some(sending, destination.id, QUICK):
            pass
    statuses = [message.all("OBR")[0].text(25) for message in lis.messages]
    assert statuses == ["F", "F", "C"]
    assert len(set(lis.numbers)) == 2


def test_what_nobody_has_signed_is_sent_only_where_it_was_asked_for(laboratory):
    with listener(laboratory) as port, connected(port) as lis:
        lis.ask(oml())
    events = frozenset(EventType)
    with peer() as lis, with_hl7_results(laboratory, no_pdf) as sending:
        destination = add(laboratory, lis, events, pdf=False)
        reader = read_case_of(laboratory)
        told_classified(laboratory, reader)
        deliver_some(sending, destination.id, QUICK)
        signed(laboratory, reader)
        deliver_some(sending, destination.id, QUICK)
    assert [message.all("OBR")[0].text(25) for message in lis.messages] == ["P", "F"]
    assert not [each for each in lis.messages[0].all("OBX") if each.text(3) == "SIGNATURE"]


def test_no_preliminary_result_follows_a_signed_one(laboratory):
    with listener(laboratory) as port, connected(port) as lis:
        lis.ask(oml())
    reader = read_case_of(laboratory)
    with peer() as lis, with_hl7_results(laboratory, no_pdf) as sending:
        destination = add(laboratory, lis, frozenset(EventType), pdf=False)
        signed(laboratory, reader)
        with laboratory.transactions() as transaction:
            amend(transaction, reader, "Counted twice", laboratory.now())
        told_classified(laboratory, reader)
        signed(laboratory, reader)
        while deliver_some(sending, destination.id, QUICK):
            pass
    assert [message.all("OBR")[0].text(25) for message in lis.messages] == ["F", "C"]
    assert states(laboratory, destination.id) == {
        DeliveryState.DELIVERED: 2,
        DeliveryState.SKIPPED: 1,
    }


def test_the_worker_sends_the_printed_report_with_the_numbers(laboratory):
    with listener(laboratory) as port, connected(port) as lis:
        lis.ask(oml())
    reader = read_case_of(laboratory)
    with peer() as lis, _working(laboratory):
        add(laboratory, lis)
        version = signed(laboratory, reader)
        deadline = time.monotonic() + 60
        while not lis.received and time.monotonic() < deadline:
            time.sleep(0.05)
    [pdf] = [each for each in lis.messages[0].all("OBX") if each.text(3) == "REPORT-PDF"]
    content = base64.b64decode(pdf.text(5, 5), validate=True)
    assert content.startswith(b"%PDF-")
    assert content == print_unattended(laboratory, reader.case.id, version.number, Language.ENGLISH)


@pytest.mark.parametrize("language", list(Language))
def test_a_report_is_printed_without_anybody_who_asks(laboratory, language):
    with listener(laboratory) as port, connected(port) as lis:
        lis.ask(oml())
    reader = read_case_of(laboratory)
    signed(laboratory, reader)
    assert print_unattended(laboratory, reader.case.id, 1, language).startswith(b"%PDF-")


def text_printed(container, reader):
    content = print_unattended(container, reader.case.id, 1, Language.ENGLISH)
    pages = PdfReader(BytesIO(content)).pages
    # Numbers may be broken at their hyphens.
    return "".join("".join(page.extract_text() for page in pages).replace("\u200b", "").split())


def test_beside_a_final_result_stands_no_case_that_nobody_has_signed(laboratory):
    with listener(laboratory) as port, connected(port) as lis:
        assert verdict(lis.ask(oml()))[0] == verdict(lis.ask(order(2)))[0] == "AA"
    other = replace(read_case_of(laboratory), case=read_by_classifier(laboratory, "S-2"))
    reader = replace(other, case=case_of(laboratory, "S-1001"))
    signed(laboratory, reader)

    def beside():
        with laboratory.transactions() as transaction:
            report, _ = chosen_report(transaction, reader, 1, NOW)
            points = patient_points(transaction, reader, report, NOW, signed_only=True)
            return {(point.accession_number, point.is_signed) for point in points}

    assert "S-2" not in text_printed(laboratory, reader)
    assert beside() == {("S-1001", True)}
    signed(laboratory, other)
    assert beside() == {("S-1001", True), ("S-2", True)}
    assert "S-2" in text_printed(laboratory, reader)
