"""The fixed words of printed pages: the sentences, and the translations, of the HTML pages."""

import re
from functools import cache

from app.web.language import gettext
from app.web.pages.rendering import TEMPLATES

# `tr("Sentence with %(name)s", ...)`; Typst's strings hold no escapes here.
_SENTENCE = re.compile(r'\btr\(\s*"([^"]*)"')


@cache
def sentences() -> frozenset[str]:
    """Every sentence that the Typst templates ask for, in English."""
    return frozenset(
        sentence
        for path in TEMPLATES.rglob("*.typ")
        for sentence in _SENTENCE.findall(path.read_text(encoding="utf-8"))
    )


def words() -> dict[str, str]:
    """English sentence to the sentence in the language of the request."""
    return {sentence: gettext(sentence) for sentence in sorted(sentences())}
