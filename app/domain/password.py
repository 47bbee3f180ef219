"""What a password must be: long, and not one that is guessed first (NIST SP 800-63B-4, 3.1.1.2).

No rule asks for digits or capitals, and no password grows too old.
"""

import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise

from app.domain.message import Message, message

MIN_LENGTH = 15
MIN_LENGTH_WITH_SECOND_FACTOR = 8
MAX_LENGTH = 1000
PRODUCT = "vexascope"
_LEAST_OWN_LETTERS = 8
_LEAST_DIFFERENT = 5
_SHORTEST_NAME = 3
_REPEATED = re.compile(r"(.+?)\1+")

IsCommon = Callable[[str], bool]
"""Whether a folded password stands on a list of those that are guessed first."""


def normalised(password: str) -> str:
    """The same text whichever keyboard wrote it: NFC, before it is measured or hashed."""
    return unicodedata.normalize("NFC", password)


def least_length(*, has_second_factor: bool) -> int:
    """Characters that a password needs."""
    return MIN_LENGTH_WITH_SECOND_FACTOR if has_second_factor else MIN_LENGTH


def problem(
    password: str, names: tuple[str, ...], is_common: IsCommon, *, has_second_factor: bool
) -> Message | None:
    """What is wrong with a new password; None where nothing is.

    Parameters
    ----------
    names
        What others know of the account: its name, the person's.
    """
    text = normalised(password)
    least = least_length(has_second_factor=has_second_factor)
    if len(text) < least:
        return message(
            "The password needs at least {least} characters. A few words in a row are easy to "
            "keep in mind.",
            least=least,
        )
    if len(text) > MAX_LENGTH:
        return message("The password is longer than {most} characters.", most=MAX_LENGTH)
    return _too_easy(text.casefold(), names, is_common)


def _too_easy(folded: str, names: tuple[str, ...], is_common: IsCommon) -> Message | None:
    if is_common(folded):
        return message(
            "This password is on a list of those that are guessed first. Choose another."
        )
    if _repeats(folded, is_common) or _counts_on(folded):
        return message("This password repeats itself or counts on. Choose another.")
    if _only_says(folded, names):
        return message(
            "This password is little more than the name of the account or of the product. Choose "
            "another."
        )
    return None


def _repeats(folded: str, is_common: IsCommon) -> bool:
    """Few different characters, or a short or well-known piece again and again."""
    if len(set(folded)) < _LEAST_DIFFERENT:
        return True
    found = _REPEATED.fullmatch(folded)
    return bool(found and (len(found[1]) < _LEAST_OWN_LETTERS or is_common(found[1])))


def _counts_on(folded: str) -> bool:
    """Each character follows the one before it, as in 0123456789 or zyxwvu; 0 follows 9."""
    steps = {
        -9 if (one, other) == ("0", "9") else ord(other) - ord(one)
        for one, other in pairwise(folded)
    }
    return steps <= {1, -9} or steps <= {-1, 9}


def _only_says(folded: str, names: tuple[str, ...]) -> bool:
    rest = folded
    known = {part for name in names for part in (name.casefold(), *name.casefold().split())}
    for name in sorted({*known, PRODUCT}, key=len, reverse=True):
        if len(name) >= _SHORTEST_NAME:
            rest = rest.replace(name, "")
    return rest != folded and len(rest) < _LEAST_OWN_LETTERS
