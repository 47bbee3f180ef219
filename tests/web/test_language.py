"""The language of a request, and the catalogue of what the pages say."""

import copy
import pickle
import re

import pytest

from app.domain.message import message
from app.settings import PROJECT
from app.web.language import Language, chosen_language, speaking, translated
from app.web.pages import wording
from tests.web.catalogue import catalogue, missing, sentences, unmarked_calls
from tests.web.pages.examples import example_report

PLACES = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*(?:![rs])?(?::[^{}]*)?\}")
NARROW = "\N{NARROW NO-BREAK SPACE}"
MARK = "\N{RIGHT SINGLE QUOTATION MARK}"


def entries():
    return [entry for entry in catalogue(Language.FRENCH) if entry.id]


def strings(entry):
    return entry.string if isinstance(entry.string, tuple) else (entry.string,)


@pytest.mark.parametrize(
    ("choice", "header", "language"),
    [
        ("fr", "en", "fr"),
        ("en", "fr-FR,fr;q=0.9", "en"),
        ("", "fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        (None, "de, en;q=0.5, fr;q=0.7", "fr"),
        ("klingon", "fr;q=0", "en"),
        (None, "de", "en"),
        (None, "fr;q=high", "en"),
        (None, "", "en"),
    ],
)
def test_the_choice_comes_before_the_header_and_the_header_by_its_weights(choice, header, language):
    assert chosen_language(choice, header) == language


def test_every_sentence_has_a_french_one():
    assert missing(Language.FRENCH) == [], "see `python -m tests.web.catalogue`"


def test_every_french_sentence_is_used():
    used = sentences()
    assert [entry.id for entry in entries() if entry.id not in used] == []


def test_translations_have_the_places_of_their_sentences():
    for entry in entries():
        ids = entry.id if isinstance(entry.id, tuple) else (entry.id,)
        allowed = [sorted(PLACES.findall(text)) for text in ids]
        for text in strings(entry):
            assert sorted(PLACES.findall(text)) in allowed, entry.id


def test_french_marks_stand_off_by_a_narrow_space():
    for entry in entries():
        for text in strings(entry):
            plain = PLACES.sub("", text.replace("%%", "%"))
            assert not re.search(rf"[^{NARROW}\s][?;!»]|«[^{NARROW}]", plain), entry.id
            assert not re.search(rf"[^{NARROW}]:(?=\s|$)", plain), entry.id
            assert "'" not in plain, entry.id


def test_sentences_are_written_out_where_the_catalogue_looks_for_them():
    # These hand on what stands elsewhere.
    ways = ("app/web/language.py", "app/web/printing/sentences.py")
    assert [place for place in unmarked_calls() if not place.startswith(ways)] == []


def test_a_message_is_its_english_text_and_is_said_anew_in_french():
    said = message(
        "{count} PMN were counted; the score needs at least {least}. Add cells of the same smear.",
        count=1200,
        least=1.5,
    )
    assert (
        said == "1200 PMN were counted; the score needs at least 1.5. Add cells of the same smear."
    )
    with speaking(Language.FRENCH):
        assert translated(said) == (
            f"1200 PNN ont été comptés{NARROW}; le score en demande au moins 1,5. "
            "Ajoutez des cellules du même frottis."
        )


def test_a_message_can_be_copied_and_pickled():
    said = message("The picture is smaller than {least} px.", least=32)
    for made in (copy.deepcopy(said), pickle.loads(pickle.dumps(said))):
        assert (made, made.template, made.values) == (said, said.template, said.values)


def test_a_stored_sentence_is_found_again_with_its_values():
    stored = "The image has 9 x 40 pixels; each side needs at least 16. "
    stored += "Send the original instead of a thumbnail."
    with speaking(Language.FRENCH):
        assert f"image fait 9 x 40 pixels{NARROW}; chaque côté" in translated(stored)
        grey = "The image is greyscale; a stain is read by its colours. "
        assert translated(f"{grey}Save it as RGB with 8 bits per channel.") == (
            f"L{MARK}image est en niveaux de gris{NARROW}; une coloration se lit par "
            "ses couleurs. Enregistrez-la en RVB, 8 bits par canal."
        )
        assert translated("Somebody wrote this.") == "Somebody wrote this."
    assert translated(stored) == stored


def test_numbers_and_dates_follow_the_language():
    with speaking(Language.FRENCH):
        report = example_report(3)
        assert wording.percent(0.123) == f"12,3{NARROW}%"
        assert wording.count(12345) == f"12{NARROW}345"
        assert wording.date_time(report.created_at) == "1 mars 2026, 12:30 UTC"
        share = message(
            "{count} of {taken} cells that were taken for PMN ({share:.0%}) are unlike the "
            "neutrophils that the classifier has learnt, and are not counted: perhaps another "
            "stain, another microscope, or pictures of something else. Look at them before "
            "relying on the rest.",
            count=3,
            taken=10,
            share=0.3,
        )
        assert f"(30{NARROW}%)" in translated(share)
    assert wording.percent(0.123) == f"12.3{NARROW}%"


def test_the_style_sheet_says_nothing_in_one_language():
    """What a style sheet writes itself is the same in both."""
    text = (PROJECT / "static" / "vexascope.css").read_text()
    written = " ".join(re.findall(r"(?<![\w-])content:([^;]*);", text))
    assert "counter(page)" in written
    texts = re.findall('"([^"]*)"', written)
    assert [words for words in texts if re.search("[A-Za-z]{2}", words)] == []
