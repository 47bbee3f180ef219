r"""HL7 v2 in its vertical-bar form (chapter 2 of the standard, v2.5.1): reading and writing.

A reader of our own: the one of the library `hl7` writes the content of a field into the log where
an escape sequence is damaged (a patient's name, for example), and decodes `\X..\` without regard
to the message's character set. The tests compare this one with `hl7` and with `hl7apy`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

VERSION = "2.5.1"
SEGMENT_END = "\r"
EMPTY = '""'
"""HL7's "delete what you hold": to us, who hold nothing yet, the same as no value."""
ASCII = "ASCII"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CHARACTER_SETS: Mapping[str, str] = {
    ASCII: "ascii",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
    "UNICODE UTF-8": "utf-8",
}
"""HL7 table 0211, as far as it is understood: name in MSH-18 to Python's."""
# What senders write for table 0211's own names.
_CHARSET_SPELLINGS = {"UTF-8": "UNICODE UTF-8", "UTF8": "UNICODE UTF-8"}

_LEAST_HEADER = 9
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")


class MalformedMessage(Exception):
    """The bytes are no HL7 message; the sentence says why, and holds nothing of the content."""

    def __init__(self, detail: str, *, charset_refused: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.charset_refused = charset_refused


@dataclass(frozen=True)
class Delimiters:
    """MSH-1 and MSH-2 of a message."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding_characters(self) -> str:
        """As they stand in MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent

    @property
    def letters(self) -> dict[str, str]:
        """What each letter between two escape characters stands for."""
        return {
            "F": self.field,
            "S": self.component,
            "T": self.subcomponent,
            "R": self.repetition,
            "E": self.escape,
        }


STANDARD = Delimiters()


@dataclass(frozen=True)
class Segment:
    """One line of a message; field 0 is the segment's name."""

    fields: tuple[str, ...]
    delimiters: Delimiters
    charset: str

    @property
    def name(self) -> str:
        """Three characters: ``MSH``."""
        return self.fields[0]

    def raw(self, number: int) -> str:
        """A field as it was sent, by its number in the standard; empty where it is not there."""
        found = self.fields[number] if number < len(self.fields) else ""
        return "" if found == EMPTY else found

    def repetitions(self, number: int) -> list[str]:
        """What stands in a field, each repetition as it was sent."""
        raw = self.raw(number)
        return raw.split(self.delimiters.repetition) if raw else []

    def text(self, number: int, component: int = 1, subcomponent: int = 1) -> str:
        """One value of the first repetition, unescaped and without blanks at its ends."""
        return self.part(next(iter(self.repetitions(number)), ""), component, subcomponent)

    def part(self, repetition: str, component: int = 1, subcomponent: int = 1) -> str:
        """One value of a repetition that `repetitions` gave."""
        found = _nth(repetition.split(self.delimiters.component), component)
        found = _nth(found.split(self.delimiters.subcomponent), subcomponent)
        return "" if found == EMPTY else unescape(found, self.delimiters, self.charset).strip()

    def whole(self, number: int) -> str:
        """A field of one long text (ST, TX, FT), unescaped; unescaped separators are text."""
        return unescape(self.raw(number), self.delimiters, self.charset).strip()


@dataclass(frozen=True)
class Message:
    """A message as it was read."""

    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        """MSH; field 1 is the field separator, as the standard counts."""
        return self.segments[0]

    def all(self, name: str) -> list[Segment]:
        """Every segment of a name."""
        return [segment for segment in self.segments if segment.name == name]


def read_header(content: bytes, unnamed: str = ASCII) -> Segment:
    """MSH alone, for an answer to a message that cannot be read further.

    Its separators are ASCII in every character set that is understood; what cannot be read is
    replaced. Controls are left out: the sender's name goes into the audit, and a database may
    refuse a NUL.

    Parameters
    ----------
    unnamed
        Character set of a message whose MSH-18 is empty.

    Raises
    ------
    MalformedMessage
    """
    line = re.split(rb"[\r\n]", _begin(content), maxsplit=1)[0]
    text = line.decode("ascii", "replace")
    delimiters = _delimiters(text)
    named = _segment(_CONTROL.sub("", text), delimiters, "ascii")
    charset = CHARACTER_SETS.get(_charset_name(named, unnamed), "ascii")
    return _segment(_CONTROL.sub("", line.decode(charset, "replace")), delimiters, charset)


def _begin(content: bytes) -> bytes:
    """The message without what some senders put before it: a byte order mark, line ends."""
    return content.removeprefix(BYTE_ORDER_MARK).lstrip(b"\r\n")


def read_message(content: bytes, unnamed: str = ASCII) -> Message:
    """Read a message in the character set that its MSH-18 names, or in `unnamed` if it names none.

    Raises
    ------
    MalformedMessage
    """
    header = read_header(content, unnamed)
    charset = _charset(header, unnamed)
    content = _begin(content)
    try:
        text = content.decode(charset)
    except UnicodeDecodeError as error:
        raise MalformedMessage(
            f"Byte {error.start + 1} of the message is not in the character set of MSH-18, "
            f"{header.text(18) or f'{unnamed} (MSH-18 is empty)'}. Name the right one, for example "
            "UNICODE UTF-8.",
            charset_refused=True,
        ) from None
    return _message(text, header.delimiters, charset)


def read_roughly(content: bytes) -> Message:
    """Read a message whose character set is not known: what is not ASCII is replaced by ``?``.

    Raises
    ------
    MalformedMessage
    """
    text = _begin(content).decode("ascii", "replace").replace("\ufffd", "?")
    return _message(text, _delimiters(text), "ascii")


def _message(text: str, delimiters: Delimiters, charset: str) -> Message:
    if _CONTROL.search(text):
        raise MalformedMessage("The message holds a control character. Remove it, or escape it.")
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    return Message(tuple(_segment(line, delimiters, charset) for line in lines))


def _charset_name(header: Segment, unnamed: str) -> str:
    """The first character set in MSH-18, as table 0211 spells it."""
    name = header.text(18).upper() or unnamed
    return _CHARSET_SPELLINGS.get(name, name)


def _charset(header: Segment, unnamed: str) -> str:
    """Python's name of the character set."""
    name = _charset_name(header, unnamed)
    if name not in CHARACTER_SETS:
        known = ", ".join(CHARACTER_SETS)
        raise MalformedMessage(
            f"The character set in MSH-18 is not understood. Send one of {known}.",
            charset_refused=True,
        )
    return CHARACTER_SETS[name]


def _delimiters(line: str) -> Delimiters:
    if len(line) < _LEAST_HEADER or not line.startswith("MSH"):
        raise MalformedMessage("The message does not begin with an MSH segment.")
    separator = line[3]
    characters = line[4:].split(separator, 1)[0]
    defaults = STANDARD.encoding_characters
    used = characters + defaults[len(characters) :]
    signs = separator + used
    is_complete = 1 <= len(characters) <= len(defaults) and len(set(signs)) == len(signs)
    if not is_complete or any(sign.isalnum() or not sign.isprintable() for sign in signs):
        raise MalformedMessage("MSH-1 and MSH-2 do not name five different separators.")
    return Delimiters(separator, *used)


def _segment(line: str, delimiters: Delimiters, charset: str) -> Segment:
    name, *fields = line.split(delimiters.field)
    if not _SEGMENT_NAME.fullmatch(name):
        raise MalformedMessage("A line of the message does not begin with a segment's name.")
    if name == "MSH":
        fields.insert(0, delimiters.field)
    return Segment((name, *fields), delimiters, charset)


def _nth(parts: Sequence[str], number: int) -> str:
    return parts[number - 1] if number <= len(parts) else ""


def unescape(text: str, delimiters: Delimiters = STANDARD, charset: str = "utf-8") -> str:
    """Replace escape sequences (2.7).

    Highlighting and what is not known to the standard is left out, as 2.7.1 asks; an escape
    character without its second is text. Hexadecimal data are bytes in the message's character
    set.
    """
    sign = re.escape(delimiters.escape)
    return re.sub(
        rf"{sign}([^{sign}\r]*){sign}",
        lambda found: _meaning(found[1], delimiters, charset),
        text,
    )


def _meaning(code: str, delimiters: Delimiters, charset: str) -> str:
    if code in delimiters.letters:
        return delimiters.letters[code]
    if code.startswith("X"):
        try:
            # No receiver of ours, the database least of all, has a use for controls.
            return _CONTROL.sub("", bytes.fromhex(code[1:]).decode(charset))
        except ValueError:
            return "\ufffd"
    if breaks := re.fullmatch(r"\.(?:br|sp|ce)\+?(\d{0,2})", code):
        return "\n" * int(breaks[1] or 1)
    return ""


def _escapes() -> dict[str, str]:
    """By sign: separators, line ends, and controls, among them the bytes that frame a message."""
    controls = {chr(code): f"\\X{code:02X}\\" for code in (*range(0x20), 0x7F)}
    separators = {sign: f"\\{letter}\\" for letter, sign in STANDARD.letters.items()}
    return controls | separators | {"\n": "\\.br\\"}


_ESCAPES = str.maketrans(_escapes())


def escape(text: str) -> str:
    """Make a text safe within a component: separators, line ends and controls are escaped."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_ESCAPES)


def components(*values: str | None) -> str:
    """Join escaped components; empty ones at the end are left out."""
    return "^".join(escape(value or "") for value in values).rstrip("^")


def segment(name: str, fields: Mapping[int, str]) -> str:
    """Write a segment from its fields by number, each in its final form (`components`)."""
    last = max((number for number, value in fields.items() if value), default=0)
    return "|".join([name, *(fields.get(number, "") for number in range(1, last + 1))])


def header(fields: Mapping[int, str]) -> str:
    """Write MSH from its fields from 3 on."""
    rest = segment("MSH", {number - 1: value for number, value in fields.items()})
    return rest.replace("MSH||", f"MSH|{STANDARD.encoding_characters}|", 1)


def join(segments: Iterator[str] | Sequence[str]) -> str:
    """The message; each segment ends with a carriage return."""
    return "".join(line + SEGMENT_END for line in segments)
