"""OML^O21 to an order, and why one is refused."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hl7apy.exceptions import HL7apyException

from app.domain.case import Sex
from app.domain.order import CollectionTime
from app.interchange.hl7v2 import read_message
from app.interchange.hl7v2_order import Reception, check_header, read_order
from app.interchange.hl7v2_refusal import MessageRefused
from app.interchange.hl7v2_times import collection_timestamp
from tests.factories import NOW
from tests.interchange.hl7_messages import ORDER, RECEPTION, oml, strictly


def read(**changes):
    message = read_message(oml(**changes))
    check_header(message.header, RECEPTION)
    return read_order(message, RECEPTION, NOW)


def refused(**changes):
    with pytest.raises(MessageRefused) as error:
        read(**changes)
    where = error.value.location
    return error.value.answer, error.value.condition.value, where.as_erl if where else None


def test_an_order_opens_a_case_and_keeps_the_numbers_it_goes_back_under():
    order = read()
    new = order.new_case
    assert (new.accession_number, new.patient_identifier) == ("S-1001", "P-77")
    assert new.patient_name == "Ann B Example"
    assert (new.context.sex, new.context.age_years) == (Sex.FEMALE, 69)
    assert (order.placer_number, order.filler_number) == ("PL-5", None)
    assert order.collected == CollectionTime(datetime(2026, 3, 1, 7, 5, tzinfo=UTC))
    assert order.echo == {
        "patient_authority": "HOSP^MR",
        "placer": "PL-5^LIS",
        "service": "SMEAR^Smear for VEXAS^L",
    }


def test_a_sender_that_says_2_5_is_understood():
    assert read(MSH=ORDER["MSH"].replace("2.5.1", "2.5")).placer_number == "PL-5"


def test_the_examples_of_the_tests_are_valid_for_the_independent_parser():
    assert strictly(oml()).validate()


def test_the_independent_parser_finds_what_is_wrong():
    # Else its consent to our own messages would say nothing.
    with pytest.raises(HL7apyException):
        strictly(oml(OBR=None, ORC=None)).validate()
    with pytest.raises(HL7apyException):
        strictly(oml(PID="PID|1||||")).validate()


@pytest.mark.parametrize(
    ("specimen", "request_", "number"),
    [
        ("SPM|1|TUBE^LAB-9||BLD", ORDER["OBR"], "TUBE"),
        ("SPM|1|^LAB-9||BLD", ORDER["OBR"], "LAB-9"),
        (None, "OBR|1|PL-5|F-3|SMEAR", "F-3"),
    ],
)
def test_the_accession_number_is_the_tube_s_or_the_laboratory_s(specimen, request_, number):
    assert read(SPM=specimen, OBR=request_).new_case.accession_number == number


def test_what_the_clinic_knows_fills_the_context_in_our_units():
    order = read(
        OBR="OBR|1|PL-5||SMEAR|||||||||cytopenic? \\T\\ febrile",
        H="OBX|1|NM|718-7^Haemoglobin^LN||95|g/L|||||F",
        M="OBX|2|NM|X^MCV^L^787-2^MCV^LN||104.5|fL|||||F",
        P="OBX|3|NM|777-3^Platelets^LN||88|10*3/uL|||||F",
        N="OBX|4|NM|751-8^Neutrophils^LN||1.2|10*9/L|||||F",
        C="OBX|5|ST|CYTOPENIA^Known cytopenia^99VXS||since 2024|||||F",
        O="OBX|6|ST|2345-7^Glucose^LN||nobody asked||||||F",
    )
    context = order.new_case.context
    assert context.haemoglobin_g_dl == pytest.approx(9.5)
    assert (context.mcv_fl, context.platelets_10e9_l, context.neutrophils_10e9_l) == (
        104.5,
        88,
        1.2,
    )
    assert context.known_cytopenia == "since 2024"
    assert context.question == "cytopenic? & febrile"


@pytest.mark.parametrize("status", ["D", "I", "O", "W", "X"])
def test_what_is_no_result_is_not_taken_for_one(status):
    order = read(H=f"OBX|1|NM|718-7^Haemoglobin^LN||95|g/L|||||{status}")
    assert order.new_case.context.haemoglobin_g_dl is None


def test_one_value_may_be_said_twice():
    order = read(
        A="OBX|1|NM|777-3^^LN||88|10*9/L|||||F", B="OBX|2|NM|26515-7^^LN||88|10*3/uL|||||F"
    )
    assert order.new_case.context.platelets_10e9_l == 88


@pytest.mark.parametrize(
    ("identifiers", "chosen"),
    [
        ("123^^^SEC^SS~P-77^^^HOSP^MR", ("P-77", "HOSP^MR")),
        ("123^^^SEC^SS~P-7^^^HOSP^PI", ("P-7", "HOSP^PI")),
        ("V-1^^^HOSP^VN~P-2", ("V-1", "HOSP^VN")),
        ("~P-9", ("P-9", None)),
    ],
)
def test_of_several_identifiers_the_record_number_is_the_patient_s(identifiers, chosen):
    order = read(PID=f"PID|1||{identifiers}")
    assert (order.new_case.patient_identifier, order.echo.get("patient_authority")) == chosen


@pytest.mark.parametrize(
    ("reasons", "question"),
    [
        ("D46^MDS?^I10~R50^Fever^I10", "MDS?; Fever"),
        ("^^^^^^^^as the ward wrote it", "as the ward wrote it"),
        ("^^^D46^MDS?^L", "MDS?"),
        ("D46", "D46"),
    ],
)
def test_every_reason_is_part_of_the_question(reasons, question):
    order = read(OBR="OBR|1|PL-5||SMEAR" + "|" * 27 + reasons)
    assert order.new_case.context.question == question


def test_a_pseudonymous_order_needs_no_name_birth_or_sex():
    order = read(PID="PID|1||~P-9", SPM="SPM|1|S-2||BLD", OBR="OBR|1|PL-5||SMEAR")
    assert order.new_case.patient_identifier == "P-9"
    assert order.new_case.patient_name is None
    assert order.new_case.context.is_empty
    assert order.collected is None


@pytest.mark.parametrize(
    "told", ["2026", "202603", "20260301", "202603010805+0100", "20260301080507+0100"]
)
def test_the_time_of_the_sample_goes_back_as_exactly_as_it_was_told(told):
    # A day of a laboratory in Paris is no midnight, and not the evening before in UTC.
    reception = Reception("P", ZoneInfo("Europe/Paris"))
    message = read_message(oml(SPM=f"SPM|1|S-2||BLD|||||||||||||{told}^20260401"))
    collected = read_order(message, reception, NOW).collected
    assert collection_timestamp(collected) == told


@pytest.mark.parametrize(
    ("born", "age"), [("19560301", 70), ("19560302", 69), ("1956", 70), ("20260228", 0)]
)
def test_the_age_is_in_whole_years(born, age):
    assert read(PID=f"PID|1||P||X||{born}").new_case.context.age_years == age


HEADER = ORDER["MSH"]


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"MSH": HEADER.replace("OML^O21^OML_O21", "ADT^A01")}, ("AR", "200", "MSH^1^9^1^1")),
        ({"MSH": HEADER.replace("OML^O21^OML_O21", "OML^O33")}, ("AR", "201", "MSH^1^9^1^2")),
        ({"MSH": HEADER.replace("|P|", "|T|")}, ("AR", "202", "MSH^1^11^1")),
        ({"MSH": HEADER.replace("2.5.1", "2.4")}, ("AR", "203", "MSH^1^12^1")),
        ({"MSH": HEADER.replace("2.5.1", "2.3")}, ("AR", "203", "MSH^1^12^1")),
        ({"MSH": HEADER.replace("|M-1|", "||")}, ("AE", "101", "MSH^1^10^1")),
        ({"PID": None}, ("AE", "100", "PID^1")),
        ({"PID": "PID|1||||Example"}, ("AE", "101", "PID^1^3^1")),
        ({"PID": "PID|1||P||X||not a date"}, ("AE", "102", "PID^1^7^1")),
        ({"PID": "PID|1||P||X||20991231"}, ("AE", "102", "PID^1^7^1")),
        ({"PID": "PID|1||P||X|||Q"}, ("AE", "103", "PID^1^8^1")),
        ({"PID": f"PID|1||{'9' * 201}"}, ("AE", "102", None)),
        ({"PID": r"PID|1||P||A\XE280AE\B"}, ("AE", "102", None)),
        ({"ORC": "ORC|NW", "OBR": "OBR|1|||SMEAR"}, ("AE", "101", "ORC^1^2^1")),
        ({"OBR": "OBR|1|PL-6||SMEAR"}, ("AE", "102", "OBR^1^2^1")),
        ({"OBR": None}, ("AE", "100", "OBR^1")),
        ({"SPM": None}, ("AE", "101", "SPM^1^2^1")),
        ({"SPM": "SPM|1|S|| BLD|||||||||||||soon"}, ("AE", "102", "SPM^1^17^1")),
        ({"X": "SPM|2|S-2||BLD"}, ("AE", "100", "SPM^2")),
        ({"X": "ORC|NW|PL-6"}, ("AE", "100", "ORC^2")),
        ({"X": "OBX|1|NM|718-7^^LN||95|furlong"}, ("AE", "103", "OBX^1^6^1")),
        ({"X": "OBX|1|ST|718-7^^LN||low|g/L"}, ("AE", "102", "OBX^1^5^1")),
        (
            {"X": f"OBX|1|TX|CYTOPENIA^^99VXS||{'x' * 2001}"},
            ("AE", "102", "OBX^1^5^1"),
        ),
        ({"X": "OBX|1|NM|718-7^^LN||nan|g/L"}, ("AE", "102", "OBX^1^5^1")),
        ({"X": "OBX|1|NM|718-7^^LN||9_5|g/L"}, ("AE", "102", "OBX^1^5^1")),
        (
            {"X": "OBX|1|NM|718-7^^LN||95|g/L", "Y": "OBX|2|NM|718-7^^LN||80|g/L"},
            ("AE", "102", "OBX^2^5^1"),
        ),
        ({"X": "OBX|1|NM|718-7^^LN||95|g/dL"}, ("AE", "102", None)),
    ],
)
def test_each_refusal_says_what_is_wrong_and_where(changes, answer):
    assert refused(**changes) == answer


def test_a_refusal_names_no_patient():
    with pytest.raises(MessageRefused) as error:
        read(PID="PID|1||P-77||Example^Ann||never")
    assert not {"P-77", "Example", "Ann", "never"} & set(
        error.value.detail.replace(".", " ").split()
    )
