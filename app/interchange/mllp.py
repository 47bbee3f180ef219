"""MLLP: how HL7 messages are framed on a connection (Minimal Lower Layer Protocol, release 1).

A frame is VT, the message, FS, CR; one whose CR is missing is read too. A reader of bytes, without
sockets: it takes what arrives as it arrives, in halves or several frames at once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

START = b"\x0b"
END = b"\x1c\r"
# Some senders leave the CR out, or write another line end; FS stands in no message. What follows FS
# in the same breath and is no end of a line is the sender's mistake, and not taken for an end.
_END = re.compile(rb"\x1c(?:\r|(?=[\n\x0b])|\Z)")
MAX_STRAY_BYTES = 16
"""Between two frames. Line ends are common there; more is another protocol."""


class FrameRefused(Exception):
    """The connection cannot go on; `begin` is what came of the frame, for the answer."""

    def __init__(self, detail: str, begin: bytes = b"") -> None:
        super().__init__(detail)
        self.detail = detail
        self.begin = begin


def framed(content: bytes) -> bytes:
    """The message in its frame."""
    return START + content + END


@dataclass
class FrameReader:
    """Cuts a stream of bytes into messages.

    Parameters
    ----------
    max_bytes
        Of one message.
    """

    max_bytes: int
    _buffer: bytearray = field(default_factory=bytearray)
    _is_open: bool = False
    _stray_bytes: int = 0

    @property
    def is_open(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._is_open

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes; the messages that they complete, in order.

        A frame that begins before the last one has ended takes its place: its sender broke off.

        Raises
        ------
        FrameRefused
            If a message is too long, or too much stands outside of frames; after the messages
            that were complete before.
        """
        looked_at = len(self._buffer)
        self._buffer += data
        while self._open():
            end = _END.search(self._buffer, looked_at)
            until = end.start() if end else len(self._buffer)
            cut = end.end() if end else 0
            if (restart := self._buffer.rfind(START, looked_at, until)) >= 0:
                del self._buffer[: restart + 1]
                until, cut = until - restart - 1, cut - restart - 1
            if until > self.max_bytes:
                raise FrameRefused(
                    f"The message is longer than {self.max_bytes} bytes, which this listener takes "
                    "at most.",
                    bytes(self._buffer[: self.max_bytes]),
                )
            if end is None:
                return
            content = bytes(self._buffer[:until])
            del self._buffer[:cut]
            self._is_open, looked_at = False, 0
            yield content

    def _open(self) -> bool:
        """Whether a frame is open, after stepping over what stands before the next one."""
        if self._is_open:
            return True
        start = self._buffer.find(START)
        stray = self._buffer if start < 0 else self._buffer[:start]
        self._stray_bytes += len(stray.strip(b"\r\n"))
        if self._stray_bytes > MAX_STRAY_BYTES:
            raise FrameRefused("Bytes stand outside of MLLP frames: VT, the message, FS, CR.")
        del self._buffer[: len(stray) + (start >= 0)]
        self._is_open = start >= 0
        if self._is_open:
            self._stray_bytes = 0
        return self._is_open
