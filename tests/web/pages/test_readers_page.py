"""What the page of a case's readers says."""

import re

import pytest

from app.domain.abnormality import Abnormality
from app.domain.agreement import Agreement, Kappa
from app.domain.review import Reading, ReviewRule, SecondReading
from app.web.language import Language, speaking
from app.web.pages import wording
from app.web.pages.present_kappa import kappa_with_interval
from app.web.pages.present_readers import Roster, _agreement_rows, readers_page
from tests.factories import NOW
from tests.web.pages.example_readers import ANN, BOB, case_as_read, differing
from tests.web.pages.examples import example_cells

BOTH = (Reading.FIRST, Reading.SECOND)
OPEN = Roster([BOB], has_begun=False)


@pytest.fixture(scope="module")
def cells():
    return example_cells(60, 0, vacuole=30)


def shown(as_read, viewer=ANN, roster=OPEN):
    return readers_page(as_read, roster, viewer, NOW)


def test_disagreements_stand_beside_each_other(cells):
    page = shown(differing(cells))
    assert page.summary == "The readers differ on 3 cells. 2 are to be settled."
    first, second, third = page.cards
    assert [item.verdict for item in first.opinions] == [
        "Counted: without abnormality",
        "Counted: Vacuoles",
    ]
    assert [item.chosen for item in first.opinions] == [True, False]
    assert first.settled.startswith(f"Settled by {ANN.printed_name}, 1 Mar 2026, 09:30")
    assert second.opinions[0].verdict == "Not counted: Left out by the reader"
    assert second.settled == third.settled == ""


def test_agreement_counts_cells(cells):
    counted, *labels = shown(differing(cells)).agreement
    # Ten cells that both looked at; the first reader leaves one of them out.
    assert (counted.both, counted.first_only, counted.second_only) == ("9", "0", "1")
    assert counted.neither == "0"
    vacuole = labels[list(Abnormality).index(Abnormality.VACUOLE)]
    assert (vacuole.both, vacuole.first_only, vacuole.second_only) == ("8", "0", "1")
    assert vacuole.observed.startswith("88.9")


def test_a_kappa_that_is_not_defined_is_words(cells):
    one_answer, none = Kappa(0, 0, 0, 9), Kappa(0, 0, 0, 0)
    rows = _agreement_rows(Agreement(one_answer, dict.fromkeys(Abnormality, none), ()))
    assert rows[0].kappa == "undefined: both gave one answer"
    assert rows[0].observed.startswith("100.0")
    assert rows[1].kappa == "undefined: no cells"
    assert rows[0].interval == rows[1].interval == wording.DASH
    assert rows[1].observed == wording.DASH


def test_the_blinded_reader_is_told_neither_who_reads_first_nor_how(cells):
    page = shown(case_as_read(cells, given=BOTH, finished=BOTH[:1], blinded=True), BOB)
    assert page.readings[0].reader == "hidden from you"
    assert ANN.printed_name not in repr(page)
    assert page.cards == page.agreement == ()
    assert (page.give_path, page.withdraw_path) == (None, None)


def test_the_rule_is_explained_where_it_asks_for_a_second_reader(cells):
    rule = ReviewRule(second_reading=SecondReading.RECOMMENDED)
    assert shown(case_as_read(cells, rule=rule)).rule.endswith("It does so here.")
    few = example_cells(60, 0)
    assert shown(case_as_read(few, rule=rule)).rule.endswith("It does not do so here.")
    always = ReviewRule(second_reading=SecondReading.ALWAYS)
    assert "of every case" in shown(case_as_read(cells, rule=always)).rule


def test_what_is_missing_stands_where_the_button_would(cells):
    missing = shown(case_as_read(cells)).finish
    assert missing.path is None
    assert missing.missing == ("1 cell of low confidence is not reviewed.",)


def test_numbers_have_the_marks_of_the_language(cells):
    with speaking(Language.FRENCH):
        assert shown(differing(cells)).agreement[0].observed == "90,0\N{NARROW NO-BREAK SPACE}%"


def test_perfect_agreement_has_a_kappa_and_no_interval():
    assert kappa_with_interval(Kappa(10, 0, 0, 20)) == "1.00 (no 95 % interval; 30 cells)"
    assert kappa_with_interval(Kappa(0, 0, 0, 1)) == "undefined: both gave one answer"
    text = kappa_with_interval(Kappa(20, 5, 10, 15))
    assert re.fullmatch(r"0\.40 \(95 % interval 0\.\d\d to 0\.\d\d; 50 cells\)", text)
