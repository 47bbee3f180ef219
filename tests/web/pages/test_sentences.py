"""Every word that a page says passes through the catalogue.

The pages are rendered in a language that puts each sentence into brackets: a word outside of them
was forgotten.
"""

import re
from gettext import NullTranslations
from html import unescape
from html.parser import HTMLParser

import pytest

from app.domain.report import RESEARCH_USE_NOTICE
from app.web import language
from app.web.language import translated
from app.web.pages.contexts import Choice, Chrome
from app.web.pages.rendering import render
from tests.factories import make_manifest, make_rule
from tests.web.pages import examples

SPOKEN_ATTRIBUTES = {"alt", "aria-label", "title", "placeholder", "data-name", "data-unit"}
# Names, units and codes: the same in every language.
SAME_EVERYWHERE = {
    "vexascope", "json", "pdf", "csv", "zip", "utc", "px", "mo", "sha-256", "dl", "fl", "en", "fr",
    "english", "français", "ctrl", "alt", "esc", "uba1", "svg",
}  # fmt: skip
# Dates, digests, identifiers, names of files, numbers of parts.
NO_WORDS = re.compile(
    r"\b\d+ [A-Z][a-z]{2,3} \d{4}|\b[0-9a-f]{12,}\b|[0-9a-f-]{36}"
    r"|\S+\.(png|jpg|zip)\b|\b[A-Z]{1,2}-?\d+\b|\b[0-9A-Z]{20}\b"
)


class Bracketing(NullTranslations):
    """A language for tests."""

    def gettext(self, message):
        return f"⟦{message}⟧"

    def ngettext(self, msgid1, msgid2, n):
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


class Spoken(HTMLParser):
    """What a page says: its text, and the attributes that are shown or read aloud."""

    def __init__(self):
        super().__init__()
        self.parts = []
        self._silent = 0

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self._silent += tag in {"script", "style"}
        if tag != "option":
            self.parts += [values[name] or "" for name in SPOKEN_ATTRIBUTES & set(values)]
        if tag == "input" and values.get("type") in {"submit", "button"}:
            self.parts.append(values.get("value", ""))

    def handle_endtag(self, tag):
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data):
        if not self._silent:
            self.parts.append(data)


@pytest.fixture
def bracketed(monkeypatch):
    monkeypatch.setattr(language, "_translations", lambda _: Bracketing())


def unbracketed(text):
    """What stands outside of brackets, inner ones first."""
    while True:
        shorter = re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
        if shorter == text:
            return text
        text = shorter


def data_of_the_examples():
    """What people typed and bundles say of themselves: shown as it is."""
    manifest, rule = make_manifest(), make_rule()
    return [
        examples.HOSTILE,
        examples.CONTEXT.question,
        manifest.title,
        manifest.network,
        *manifest.training_data,
        *manifest.label_basis.values(),
        rule.name,
        rule.cohort_description,
        *examples.DATA,
    ]


def forgotten(html):
    spoken = Spoken()
    spoken.feed(html)
    text = unbracketed(unescape(" ¦ ".join(spoken.parts)))
    for known in sorted(data_of_the_examples(), key=len, reverse=True):
        text = text.replace(known, " ")
    text = NO_WORDS.sub(" ", text)
    words = re.findall(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ0-9-]+", text)
    return [word for word in words if word.lower() not in SAME_EVERYWHERE]


def frame():
    return Chrome(
        title=language.gettext("Cases"),
        user_name="admin",
        origin_notice=language.gettext("Not a patient."),
        research_use_notice=translated(RESEARCH_USE_NOTICE),
        asset_version="0",
        language="en",
        theme="system",
        languages=(Choice("fr", "Français", selected=True),),
        shows_tour=True,
        idle_s=1800,
    )


@pytest.mark.parametrize("template", sorted(examples.pages()))
def test_a_page_says_nothing_outside_of_the_catalogue(template, bracketed):
    fragments = {"progress.html", "gallery_groups.html", "comments.html", "cell_view.html"}
    for page in examples.pages()[template]:
        html = render(template, page, None if template in fragments else frame()).body.decode()
        assert forgotten(html) == []
