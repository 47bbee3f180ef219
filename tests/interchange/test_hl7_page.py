"""docs/hl7.md: its messages are ours, and are read by the independent parser."""

import re

import pytest

from app.interchange.hl7v2 import read_message
from app.interchange.hl7v2_codes import OUTCOMES, SHORT
from app.interchange.hl7v2_order import check_header, read_order
from tests.factories import NOW
from tests.interchange.hl7_examples import PAGE, blocks
from tests.interchange.hl7_messages import RECEPTION, strictly


def shown() -> list[str]:
    return re.findall(r"```hl7\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def wire(text: str) -> bytes:
    return text.replace("\n", "\r").encode() + b"\r"


def test_the_page_shows_what_the_program_reads_and_writes():
    assert shown() == blocks()


@pytest.mark.parametrize("number", range(4))
def test_each_message_of_the_page_is_valid_for_the_independent_parser(number):
    assert strictly(wire(shown()[number])).validate()


def test_the_order_of_the_page_is_taken():
    message = read_message(wire(shown()[0]))
    check_header(message.header, RECEPTION)
    order = read_order(message, RECEPTION, NOW)
    assert order.new_case.accession_number == "S-1001"
    assert order.new_case.context.haemoglobin_g_dl == pytest.approx(9.5)


def test_every_code_of_a_result_stands_in_the_page():
    text = PAGE.read_text(encoding="utf-8")
    sent = re.findall(r"^OBX\|\d+\|\w+\|([\w-]+)\^", shown()[3], re.MULTILINE)
    for code in sent:
        prefix = next((short for short in SHORT.values() if code.startswith(f"{short}-")), None)
        assert (code.removeprefix(prefix) if prefix else code) in text
    assert all(code in text for code in [*SHORT.values(), *OUTCOMES.values()])
