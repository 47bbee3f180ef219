"""The language of a request: the user's choice, else what the browser prefers.

English is the language of the code; the sentences of the others lie in `locale/*.po`, under the
English ones. A sentence that has no translation is shown in English.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.core import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.domain.message import Message

CATALOGUES = Path(__file__).parent / "locale"


class Language(StrEnum):
    """What the pages speak."""

    ENGLISH = "en"
    FRENCH = "fr"

    @property
    def own_name(self) -> str:
        """As its speakers call it."""
        return {"en": "English", "fr": "Français"}[self]


_current: ContextVar[Language] = ContextVar("language", default=Language.ENGLISH)


def current_language() -> Language:
    """The language of the request that is being answered; English outside of one."""
    return _current.get()


def use_language(language: Language) -> None:
    """Answer this request in a language, from here on."""
    _current.set(language)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language until the context ends."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def chosen_language(choice: object, accept_language: str) -> Language:
    """The stored choice, else the first language of the header that is spoken here."""
    if isinstance(choice, str) and choice in set(Language):
        return Language(choice)
    wanted = [part.partition(";") for part in accept_language.split(",")]
    ranked = sorted(wanted, key=lambda part: -_quality(part[2]))
    names = [name.strip().replace("-", "_") for name, _, quality in ranked if _quality(quality) > 0]
    found = negotiate_locale(names, [language.value for language in Language])
    return Language(found) if found else Language.ENGLISH


def _quality(parameter: str) -> float:
    """The weight of one language in Accept-Language (RFC 9110, 12.5.4); 1 where none is given."""
    match = re.fullmatch(r"\s*q\s*=\s*(\d(?:\.\d{0,3})?)\s*", parameter)
    return float(match[1]) if match else float(not parameter.strip())


def gettext(text: str) -> str:
    """The sentence in the language of the request."""
    return _translations(current_language()).gettext(text) if text else text


def ngettext(one: str, many: str, count: int) -> str:
    """The sentence for a count, in the language of the request."""
    return _translations(current_language()).ngettext(one, many, count)


def translated(text: str) -> str:
    """A sentence of the domain in the language of the request; values in it stay as they are."""
    if not isinstance(text, Message):
        return gettext(text)
    values = {
        name: translated(value) if isinstance(value, str) else value
        for name, value in text.values.items()
    }
    return gettext(text.template).format(**values)


def locale() -> Locale:
    """How the language of the request writes numbers and dates."""
    return _locale(current_language())


@cache
def _locale(language: Language) -> Locale:
    # British: dates begin with the day, as everywhere in Europe.
    return Locale.parse({"en": "en_GB", "fr": "fr_FR"}[language])


@cache
def _translations(language: Language) -> NullTranslations:
    if language is Language.ENGLISH:
        return NullTranslations()
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language.value, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
