"""Whether a text names a patient: by the name, or by a number of patient or case."""

import re
import unicodedata
from collections.abc import Collection

from app.domain.worklist import folded

_LISTED = """
af al aus av d da das de degli dei del della den der des di do dos du e el et i l la las le les lo
los of och ou st te ten ter the to un van vom von y zu zum zur
"""
PARTICLES = frozenset(_LISTED.split())
"""Words of names that name nobody, and stand in ordinary sentences."""

_SHORTEST = 2
_SHORTEST_PART = 3


def is_named(text: str, numbers: Collection[str], name: str | None) -> bool:
    """Whether a sentence holds a number, or a word of the name, as words of their own.

    The identifier `7` is not named by the year 2027.
    """
    if any(_weight(number) >= _SHORTEST and _holds_word(text, number) for number in numbers):
        return True
    return not _words(text).isdisjoint(_telling(name)) or _is_of_particles(text, name)


def may_name(sought: str, numbers: Collection[str], name: str | None) -> bool:
    """Whether what somebody searched for may be of a person: they may have typed a part, or more.

    A word of the name counts from its beginning on: it may not have been typed to its end.
    """
    if any(_may_be(sought, number) for number in numbers):
        return True
    begun = [word for word in _telling(sought) if _weight(word) >= _SHORTEST_PART]
    return is_named(sought, (), name) or any(
        word.startswith(beginning) for word in _telling(name) for beginning in begun
    )


def _may_be(sought: str, number: str) -> bool:
    text, known = folded(sought.strip()), folded(number)
    if _holds_word(text, known):
        return True
    shorter, longer = sorted((text, known), key=len)
    return _weight(shorter) >= _SHORTEST_PART and shorter in longer


def _holds_word(text: str, known: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(folded(known))}(?!\w)", folded(text)) is not None


def _is_of_particles(text: str, name: str | None) -> bool:
    """A name that has no other words, as Le Van, is looked for as it stands."""
    known = _plain(name or "")
    return _weight(known) >= _SHORTEST and not _telling(name) and _holds_word(_plain(text), known)


def _telling(name: str | None) -> set[str]:
    """Words that lead to somebody."""
    return {word for word in _words(name or "") - PARTICLES if _weight(word) >= _SHORTEST}


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", _plain(text)))


def _plain(text: str) -> str:
    """Without accents, which are often left out; marks would also break words of some scripts."""
    letters = unicodedata.normalize("NFKD", folded(text))
    return "".join(item for item in letters if not unicodedata.category(item).startswith("M"))


def _weight(word: str) -> int:
    """Bytes, not letters: one sign of Chinese is a whole name."""
    return len(word.encode())
