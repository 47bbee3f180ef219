"""Orders that are changed and taken back, over a real socket; and the sites that they are for."""

import pytest
from uuid_utils.compat import uuid7

from app.domain.case_state import CaseState
from app.domain.errors import Conflict, SettingsRefused
from app.domain.outbox import DeliveryFailed, EventType, FailureKind, OutboxEvent
from app.domain.review import Act
from app.domain.site import DEFAULT_SITE_ID, Site
from app.interchange.hl7v2_times import collection_timestamp
from app.jobs.hl7_results import ResultWriter
from app.ports import AuditFilter
from app.services.reviewing import refuse_closed
from app.services.signing import missing_for_signature
from app.services.telling import tell_if_classified
from tests.interchange.hl7_messages import ORDER, make_placed, oml
from tests.interchange.lis import connected, verdict
from tests.jobs.test_hl7_listener import laboratory, listener
from tests.services.reading_room import LATER, open_room
from tests.web.fhir.test_reading import act, signed

__all__ = ["laboratory"]

HAEMOGLOBIN = "OBX|1|NM|718-7^Haemoglobin^LN||95|g/L|||||F"


@pytest.fixture
def lis(laboratory):
    with listener(laboratory) as port, connected(port) as made:
        yield made


@pytest.fixture
def on_each(container):
    """The same on each database."""
    with listener(container) as port, connected(port) as made:
        yield made


def message(number, control="NW", **changes):
    """A message of the order of `oml`, under a number of its own."""
    header = ORDER["MSH"].replace("|M-1|", f"|M-{number}|")
    return oml(**{"MSH": header, "ORC": f"ORC|{control}|PL-5^LIS", **changes})


def case_of(container, number="S-1001", site_id=DEFAULT_SITE_ID):
    with container.transactions() as transaction:
        case = transaction.cases.find(number, [site_id])
        return case, transaction.orders.of_case(case.id), transaction.worklist.get(case.id).state


def acts(container, case):
    with container.transactions() as transaction:
        entries = list(transaction.audit.all(AuditFilter(case_id=case.id)))
    return [entry.event.action for entry in entries]


def test_a_cancelled_order_closes_its_case_and_loses_nothing(container, on_each):
    assert verdict(on_each.ask(message(1))) == ("AA", "")
    cancellation = message(2, "CA", SPM=None, OBR=None)
    first = on_each.ask(cancellation)
    assert verdict(first) == ("AA", "")
    # The acknowledgement was lost, and the sender asks again; or the clerk presses twice.
    assert on_each.ask(cancellation) == first
    assert verdict(on_each.ask(message(3, "CA"))) == ("AA", "")
    case, placed, state = case_of(container)
    assert state is CaseState.CANCELLED
    assert placed.cancelled_at is not None
    assert acts(container, case).count("order.cancel") == 1
    with (
        container.transactions() as transaction,
        pytest.raises(Conflict, match="has cancelled the order"),
    ):
        refuse_closed(transaction, case.id)


def test_a_new_order_of_the_same_sample_opens_a_cancelled_case_again(container, on_each):
    for number, control in enumerate(("NW", "CA"), start=1):
        on_each.ask(message(number, control, H=HAEMOGLOBIN))
    before, _, _ = case_of(container)
    again = message(3, ORC="ORC|NW|PL-6", OBR="OBR|1|PL-6||SMEAR")
    assert verdict(on_each.ask(again)) == ("AA", "")
    case, placed, state = case_of(container)
    assert (case.id, placed.placer_number, state) == (before.id, "PL-6", CaseState.EMPTY)
    assert placed.cancelled_at is None
    assert case.context.haemoglobin_g_dl is None
    assert "order.renew" in acts(container, case)
    # The message that opened it first, sent once more, changes nothing.
    assert verdict(on_each.ask(message(1, H=HAEMOGLOBIN))) == ("AA", "")
    assert case_of(container)[1].placer_number == "PL-6"


def test_another_patient_s_order_does_not_open_a_cancelled_case(laboratory, lis):
    lis.ask(message(1))
    lis.ask(message(2, "CA"))
    assert verdict(lis.ask(message(3, PID="PID|1||P-78"))) == ("AE", "205")
    assert verdict(lis.ask(message(4, PID="PID|1||P-77||Other^Name"))) == ("AE", "205")
    assert case_of(laboratory)[2] is CaseState.CANCELLED


def test_a_change_takes_what_it_says_and_leaves_the_rest(laboratory, lis):
    lis.ask(message(1, H=HAEMOGLOBIN))
    changed = message(
        2,
        "XO",
        PID="PID|1||P-77||||19551224|F",
        OBR="OBR|1|PL-5|F-9|SMEAR2|||||||||febrile?",
        SPM="SPM|1|S-1001||BLD|||||||||||||20260228",
        P="OBX|1|NM|777-3^^LN||88|10*9/L|||||F",
    )
    assert verdict(lis.ask(changed)) == ("AA", "")
    case, placed, state = case_of(laboratory)
    context = case.context
    assert (context.haemoglobin_g_dl, context.platelets_10e9_l) == (9.5, 88)
    assert (context.age_years, context.question) == (70, "febrile?")
    assert collection_timestamp(placed.collected) == "20260228"
    assert (placed.filler_number, placed.echo["service"]) == ("F-9", "SMEAR2")
    assert (case.patient.name, placed.placer_number) == ("Ann B Example", "PL-5")
    assert state is CaseState.EMPTY
    assert "case.change" in acts(laboratory, case)


@pytest.mark.parametrize(
    ("control", "changes", "code"),
    [
        ("CA", {"ORC": "ORC|CA|PL-6", "OBR": None}, "204"),
        ("CA", {"PID": "PID|1||P-78"}, "204"),
        ("CA", {"SPM": "SPM|1|S-1002||BLD"}, "204"),
        ("CA", {"ORC": "ORC|CA", "OBR": None}, "101"),
        ("XO", {"PID": "PID|1||P-78"}, "204"),
        ("XO", {"SPM": "SPM|1|S-1002||BLD"}, "204"),
        ("XO", {"PID": "PID|1||P-77||Other^Name"}, "206"),
        ("RP", {}, "103"),
        ("XO", {"A": "ADD|more of it"}, "100"),
        ("CA", {"D": "DSC|1"}, "100"),
        ("", {}, "103"),
    ],
)
def test_an_order_that_is_not_meant_is_not_touched(laboratory, lis, control, changes, code):
    lis.ask(message(1))
    before = case_of(laboratory)
    assert verdict(lis.ask(message(2, control, **changes))) == ("AE", code)
    assert case_of(laboratory) == before


def test_what_is_cancelled_is_not_changed(laboratory, lis):
    lis.ask(message(1))
    lis.ask(message(2, "CA"))
    assert verdict(lis.ask(message(3, "XO"))) == ("AE", "206")


def ordered_room(container):
    """A case with classified cells that was ordered under PL-5."""
    room = open_room(container, [set()] * 3, mark=f"-{uuid7()}")
    with container.transactions() as transaction:
        transaction.orders.put(room.case.id, make_placed())
    return room


def of_room(number, control, room):
    case = room.case
    return message(
        number,
        control,
        PID=f"PID|1||{case.patient.identifier}",
        SPM=f"SPM|1|{case.accession_number}||BLD",
    )


def test_a_signed_report_stands(laboratory, lis):
    room = ordered_room(laboratory)
    signed(room)
    for number, control in enumerate(("CA", "XO"), start=1):
        answer = lis.ask(of_room(number, control, room))
        assert verdict(answer) == ("AE", "206")
        assert "signed" in answer.all("ERR")[0].text(8)
    assert case_of(laboratory, room.case.accession_number)[2] is CaseState.SIGNED


def test_a_cancelled_case_is_neither_signed_nor_told_of(laboratory, lis):
    room = ordered_room(laboratory)
    assert verdict(lis.ask(of_room(1, "CA", room))) == ("AA", "")
    with laboratory.transactions() as transaction:
        [why] = missing_for_signature(transaction, room.read())
        tell_if_classified(transaction, room.case.id, laboratory.bundle, LATER)
        assert transaction.outbox.last(room.case.id, EventType.CLASSIFIED) is None
    assert "cancelled" in str(why)
    for attempt in (signed, lambda room: act(room, [1], Act.EXCLUDE)):
        with pytest.raises(Conflict, match="cancelled"):
            attempt(room)
    event = OutboxEvent(uuid7(), EventType.CLASSIFIED, room.case.id, 1, LATER, "d" * 64, 3, None)
    with pytest.raises(DeliveryFailed, match="cancelled") as failed:
        ResultWriter(laboratory, lambda *_: b"")(event, None, "NUMBER")
    assert failed.value.kind is FailureKind.OVERTAKEN


def test_an_order_is_placed_in_the_site_that_it_names(laboratory):
    with laboratory.transactions() as transaction:
        site = Site(uuid7(), "Laboratory B", laboratory.now())
        transaction.sites.add(site)
    sites = "LAB=Laboratory B; OTHER = Laboratory B"
    unnamed = ORDER["MSH"].replace("|VEXASCOPE|LAB|", "|VEXASCOPE||").replace("M-1", "M-2")
    unknown = ORDER["MSH"].replace("|VEXASCOPE|LAB|", "|VEXASCOPE|NOBODY|").replace("M-1", "M-3")
    with listener(laboratory, hl7_sites=sites) as port, connected(port) as lis:
        assert verdict(lis.ask(oml())) == ("AA", "")
        # The same number in another laboratory is another sample.
        assert verdict(lis.ask(oml(MSH=unnamed))) == ("AA", "")
        assert verdict(lis.ask(oml(MSH=unknown, SPM="SPM|1|S-3||BLD"))) == ("AE", "103")
    assert case_of(laboratory, site_id=site.id)[0].id != case_of(laboratory)[0].id


@pytest.mark.parametrize("sites", ["LAB=Nowhere", "LAB", "=Laboratory"])
def test_sites_that_are_not_there_are_told_at_the_start(laboratory, sites):
    wrong = listener(laboratory, hl7_sites=sites)
    with pytest.raises(SettingsRefused, match="VEXASCOPE_HL7_SITES"), wrong:
        pass
