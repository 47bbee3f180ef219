"""The fixed words of printed pages, and what their typeface can print."""

import re

from app.web.language import Language, gettext, speaking
from app.web.pages.rendering import TEMPLATES
from app.web.printing.sentences import sentences, words
from app.web.printing.typeface import fonts, printable
from tests.web.catalogue import in_templates

# What a page on the screen has no need of.
ON_PAPER_ONLY = {"Page %(number)s of %(total)s", "The picture could not be read."}
# The same word in French.
SAME = {"Date", "Patient", "Proportion", "Score", "Signature"}


def test_every_call_of_tr_is_collected():
    text = "".join(path.read_text() for path in TEMPLATES.rglob("*.typ"))
    calls = len(re.findall(r"\btr\(", text)) - len(re.findall(r"#let tr\(", text))
    found = len(re.findall(r'\btr\(\s*"[^"]+"', text))
    assert calls == found
    assert len(sentences()) > 40


def test_the_words_are_those_of_the_pages():
    assert sentences() - set(in_templates()) == ON_PAPER_ONLY


def test_every_sentence_is_translated():
    with speaking(Language.FRENCH):
        assert {text for text, french in words().items() if french == text} <= SAME


def test_a_translation_has_the_placeholders_of_its_sentence():
    with speaking(Language.FRENCH):
        for sentence in sentences():
            wanted = sorted(re.findall(r"%\(\w+\)s|%%", sentence))
            assert sorted(re.findall(r"%\(\w+\)s|%%", gettext(sentence))) == wanted


def test_the_typeface_has_every_character_of_the_words():
    with speaking(Language.FRENCH):
        for text in words().values():
            assert printable(text) == text


def test_only_our_typeface_is_used():
    assert {item.family for item in fonts().fonts()} == {"Source Sans 3"}
