"""The typeface of printed pages, and what it can print."""

import struct
import unicodedata
from functools import cache

import typst

from app.web.pages.rendering import TEMPLATES

_FONTS = TEMPLATES / "fonts"
_LINE_ENDS = "\n\t"
# The format of "cmap" subtables that hold all of Unicode.
_ALL_OF_UNICODE = 12


@cache
def fonts() -> typst.Fonts:
    """Ours alone: what a machine has installed must not change a report."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[_FONTS],
    )


def printable(text: str) -> str:
    """The text in composed characters, with ``[U+738B]`` for each that the typeface lacks.

    PDF/UA-1 allows no character without a glyph (ISO 14289-1, 7.21.7), and one in a name must not
    cost the report.
    """
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        sign if ord(sign) in _covered() or sign in _LINE_ENDS else f"[U+{ord(sign):04X}]"
        for sign in composed
    )


@cache
def _covered() -> frozenset[int]:
    """Code points that every weight has."""
    weights = [code_points(path.read_bytes()) for path in sorted(_FONTS.glob("*.ttf"))]
    return frozenset.intersection(*weights)


def code_points(font: bytes) -> frozenset[int]:
    """The code points that an OpenType font maps to glyphs.

    Read from the table "cmap", subtable format 12 (OpenType 1.9.1); raises `ValueError` where a
    font has none.
    """
    cmap = _table(font, b"cmap")
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    for index in range(count):
        (offset,) = struct.unpack_from(">4xI", font, cmap + 4 + 8 * index)
        if struct.unpack_from(">H", font, cmap + offset) == (_ALL_OF_UNICODE,):
            return _groups(font, cmap + offset)
    raise ValueError("the font's cmap has no subtable of format 12")


def _table(font: bytes, tag: bytes) -> int:
    """Where a table of the font begins."""
    (count,) = struct.unpack_from(">4xH", font)
    records = (struct.unpack_from(">4s4xI", font, 12 + 16 * index) for index in range(count))
    begins: dict[bytes, int] = dict(records)
    return begins[tag]


def _groups(font: bytes, start: int) -> frozenset[int]:
    (count,) = struct.unpack_from(">12xI", font, start)
    ranges = (struct.unpack_from(">II", font, start + 16 + 12 * index) for index in range(count))
    return frozenset(point for first, last in ranges for point in range(first, last + 1))
