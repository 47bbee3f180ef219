"""The language of a request: the user's choice, else what the browser prefers.

English is the language of the code; the sentences of the others lie in `locale/*.po`, under the
English ones. A sentence that has no translation is shown in English.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any, Self

from babel.core import Locale, negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.domain.message import Message

CATALOGUES = Path(__file__).parent / "locale"
# Between a number and its unit: narrow, and never broken over two lines.
THIN = "\N{NARROW NO-BREAK SPACE}"
_PLACE = re.compile(r"\{(\w+)(?:![rs])?(?::[^{}]*)?\}")
# Fewer than this might be part of what a person typed.
_LEAST_OWN_LETTERS = 12


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
    """A sentence of the domain in the language of the request.

    Messages among its values are translated too, and numbers get the marks of the language.
    What was stored has lost its template, and finds it again in the catalogue.
    """
    if not isinstance(text, Message):
        said = gettext(text)
        return said if said != text else _recognised(text)
    values = {name: _spoken(value) for name, value in text.values.items()}
    return gettext(text.template).format(**values)


def _spoken(value: Any) -> Any:
    if isinstance(value, Message):
        return translated(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _Number(value)
    return value


class _Number(float):
    """A number that is formatted with the marks of the language."""

    def __new__(cls, value: float) -> Self:
        """Keep the value as it was beside its float: an integer is written as one."""
        made = super().__new__(cls, value)
        made.value = value
        return made

    value: float

    def __format__(self, spec: str) -> str:
        """As Python writes it, then as the language does."""
        text = localised(format(self.value, spec))
        return text.replace("%", f"{THIN}%")


def localised(text: str) -> str:
    """A number as Python writes it, with the decimal and group marks of the language."""
    symbols = locale().number_symbols["latn"]
    marks = {",": symbols["group"], ".": symbols["decimal"]}
    return "".join(marks.get(char, char) for char in text)


def _recognised(text: str) -> str:
    """A stored sentence with values in it; unchanged where it is none of the catalogue's."""
    for pattern, template in _templates(current_language()):
        if found := pattern.fullmatch(text):
            return _filled(gettext(template), found.groupdict())
    return text


def locale() -> Locale:
    """How the language of the request writes numbers and dates."""
    return _locale(current_language())


@cache
def _locale(language: Language) -> Locale:
    # British: dates begin with the day, as everywhere in Europe.
    return Locale.parse({"en": "en_GB", "fr": "fr_FR"}[language])


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Put in what a sentence was stored with; its numbers stay as they were written."""
    return _PLACE.sub(lambda place: _part(values[place[1]]), template)


def _part(text: str) -> str:
    """A whole sentence within a stored one; anything else is a name or a number."""
    return translated(text) if text.endswith(".") else text


@cache
def _templates(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Sentences with named places, as patterns; those with the most words of their own first."""
    if language is Language.ENGLISH:
        return ()
    templates = [str(entry.id) for entry in _catalogue(language) if _has_places(entry.id)]
    templates.sort(key=lambda template: -len(_PLACE.sub("", template)))
    return tuple((_pattern(template), template) for template in templates)


def _has_places(sentence: object) -> bool:
    """Whether it has named places, and words around them that tell it from any other text."""
    if not isinstance(sentence, str) or not _PLACE.search(sentence):
        return False
    return len(_PLACE.sub("", sentence)) >= _LEAST_OWN_LETTERS


def _pattern(template: str) -> re.Pattern[str]:
    seen: set[str] = set()
    parts = []
    for index, part in enumerate(_PLACE.split(template)):
        if index % 2 == 0:
            parts.append(re.escape(part))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>.+?)")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)


@cache
def _catalogue(language: Language) -> Catalog:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language.value, abort_invalid=True)


@cache
def _translations(language: Language) -> NullTranslations:
    if language is Language.ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, _catalogue(language))
    compiled.seek(0)
    return GNUTranslations(compiled)
