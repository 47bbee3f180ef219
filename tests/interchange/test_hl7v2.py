"""HL7's text form: read and written; compared with two other implementations."""

from datetime import UTC, datetime, timedelta, timezone

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interchange.hl7v2 import (
    MalformedMessage,
    components,
    escape,
    read_header,
    read_message,
    segment,
    unescape,
)
from app.interchange.hl7v2_ack import read_answer
from app.interchange.hl7v2_times import read_time, timestamp
from tests.interchange.hl7_messages import oml, strictly

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(TEXTS)
def test_what_is_escaped_reads_back_the_same(text):
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert unescape(escape(text)) == "".join(
        sign for sign in lines if sign in "\n\t" or (sign >= " " and sign != "\x7f")
    )


@given(TEXTS)
def test_an_escaped_text_cannot_break_a_message_or_its_frame(text):
    assert not set(escape(text)) & set("|^&~\r\n\x0b\x1c")


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40))
def test_another_implementation_reads_what_was_escaped(text):
    message = hl7.parse("MSH|^~\\&|A\r")
    assert message.unescape(escape(text)) == text


@pytest.mark.parametrize(
    ("escaped", "meant"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"),
        (r"M\XC3BC\ller", "Müller"),
        (r"\H\bold\N\ plain", "bold plain"),
        (r"one\.br\two\.sp2\four", "one\ntwo\n\nfour"),
        (r"local \Zabc\ dropped", "local  dropped"),
        (r"a lone \ stays", r"a lone \ stays"),
        (r"odd \XC\ hex", "odd \ufffd hex"),
    ],
)
def test_each_escape_sequence_of_the_standard(escaped, meant):
    assert unescape(escaped) == meant


def test_hexadecimal_data_are_bytes_of_the_message_s_character_set():
    assert unescape(r"M\XFC\ller", charset="iso8859-1") == "Müller"


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UNICODE UTF-8", "utf-8"),
        ("utf-8", "utf-8"),
        ("8859/1", "iso8859-1"),
        ("8859/2", "iso8859-2"),
        ("8859/15", "iso8859-15"),
    ],
)
def test_names_arrive_in_the_character_set_of_the_message(name, codec):
    content = f"MSH|^~\\&|A|B|||2026||OML^O21|1|P|2.5.1||||||{name}\rPID|1||1||Müller".encode(codec)
    assert read_message(content).all("PID")[0].text(5) == "Müller"


@pytest.mark.parametrize("name", ["", "ASCII", "UNICODE UTF-8"])
def test_bytes_that_are_not_in_the_named_character_set_are_refused_without_being_quoted(name):
    content = f"MSH|^~\\&|A|B|||2026||OML^O21|1|P|2.5.1||||||{name}\rPID|1||1||Müller"
    with pytest.raises(MalformedMessage, match=r"Byte \d+ .* UNICODE UTF-8") as refused:
        read_message(content.encode("iso8859-1"))
    assert refused.value.charset_refused
    assert "ller" not in refused.value.detail


def test_a_message_that_names_no_character_set_is_read_in_the_one_that_was_agreed():
    content = "MSH|^~\\&|É|B|||2026||OML^O21|1|P|2.5.1\rPID|1||1||Müller".encode("iso8859-1")
    assert read_message(content, "8859/1").all("PID")[0].text(5) == "Müller"
    assert read_header(content, "8859/1").text(3) == "É"
    with pytest.raises(MalformedMessage, match=r"ASCII \(MSH-18 is empty\)"):
        read_message(content)


@pytest.mark.parametrize("ending", ["\r", "|\r", "|||\r"])
def test_an_answer_counts_whatever_character_set_it_names(ending):
    answer = f"MSH|^~\\&|L|H|||2026||ACK|1|P|2.5.1||||||KLINGON{ending}MSA|AA|M-1|très bien\r"
    read = read_answer(answer.encode("iso8859-1"))
    assert (read.acknowledgement, read.control_id) == ("AA", "M-1")


def test_a_byte_order_mark_before_a_message_is_stepped_over():
    assert read_message(b"\xef\xbb\xbf" + oml()) == read_message(oml())


def test_a_character_set_that_is_not_understood_is_said():
    with pytest.raises(MalformedMessage, match=r"Send one of ASCII, 8859/1, .*8859/15, UNICODE"):
        read_message(b"MSH|^~\\&|A|B|||2026||OML^O21|1|P|2.5.1||||||UNICODE UTF-16\r")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MSH",
        b"GET / HTTP/1.1\r\n",
        b"MSH|^^^^|A\r",
        b"MSH|ABCD|A|B\r",
        b"MSH||~\\&|A|B\r",
        b"MSH|^~\\&|A\rthis is no segment\r",
        b"PID|1||1\r",
        b"MSH|^~\\&|A\rPID|1||1\x00\r",
    ],
)
def test_what_is_no_message_is_refused(content):
    with pytest.raises(MalformedMessage):
        read_message(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    for given_ in (content, b"MSH|^~\\&|" + content, oml() + content):
        try:
            for found in read_message(given_).segments:
                found.text(3)
        except MalformedMessage:
            pass


def test_a_sender_may_choose_other_separators_and_line_ends():
    content = b"MSH$*!?#$A$B$$$2026$$OML*O21$1$P$2.5.1\r\nPID$1$$7*x*y!8$$Doe?S?Smith*Ann#Mary\r\n"
    patient = read_message(content).all("PID")[0]
    assert patient.repetitions(3) == ["7*x*y", "8"]
    assert patient.text(5) == "Doe*Smith"
    assert (patient.text(5, 2), patient.text(5, 2, 2)) == ("Ann", "Mary")


def test_an_empty_value_and_a_deleted_one_are_both_nothing():
    patient = read_message(b'MSH|^~\\&|A\rPID|1||""||""^Ann|').all("PID")[0]
    assert (patient.text(3), patient.repetitions(3), patient.text(5)) == ("", [], "")
    assert patient.text(40) == ""


def test_the_header_can_be_read_where_the_rest_cannot():
    assert read_header(b"MSH|^~\\&|LIS|H|||2026||OML^O21|M-9|P|2.5.1\r\xff\xfe").text(10) == "M-9"


def test_both_other_implementations_read_the_fields_that_ours_reads():
    ours, other, independent = read_message(oml()), hl7.parse(oml()), strictly(oml())
    patient = ours.all("PID")[0]
    assert patient.text(5, 2) == str(other["PID.F5.R1.C2"]) == "Ann"
    assert patient.text(3) == str(other["PID.F3.R1.C1"]) == "P-77"
    assert independent.oml_o21_patient.pid.pid_5.pid_5_2.value == "Ann"
    assert ours.header.text(9, 2) == other["MSH.F9.R1.C2"] == independent.msh.msh_9.msh_9_2.value


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20260301093000+0100", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("20260301093000.1234-0530", datetime(2026, 3, 1, 15, 0, 0, 123400, tzinfo=UTC)),
        ("202603010930", datetime(2026, 3, 1, 7, 30, tzinfo=UTC)),
        ("20260301", datetime(2026, 2, 28, 22, 0, tzinfo=UTC)),
        ("2026", datetime(2025, 12, 31, 22, 0, tzinfo=UTC)),
    ],
)
def test_times_of_every_precision(text, moment):
    assert read_time(text, timezone(timedelta(hours=2))) == moment


@pytest.mark.parametrize(
    "text", ["", "26", "20261301", "20260301T0930", "2026030109300", "yesterday"]
)
def test_what_is_no_time(text):
    with pytest.raises(ValueError):
        read_time(text, UTC)


def test_a_written_time_names_its_zone_and_reads_back():
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=-3)))
    assert timestamp(moment) == "20260301093000-0300"
    assert read_time(timestamp(moment), UTC) == moment


def test_empty_fields_and_components_at_the_end_are_left_out():
    assert segment("PID", {3: components("1", "", "x", ""), 9: ""}) == "PID|||1^^x"
