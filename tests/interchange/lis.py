"""A laboratory information system, as far as a socket goes: it sends frames and reads answers."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from app.interchange.hl7v2 import Message, read_message
from app.interchange.mllp import FrameReader, framed

TIMEOUT_S = 20


class Lis:
    """One connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._frames = FrameReader(2**20)
        self._waiting: list[bytes] = []

    def send(self, content: bytes) -> None:
        """Bytes, as they are."""
        self.connection.sendall(content)

    def answer(self) -> Message:
        """The next answer; `EOFError` where the other side has closed."""
        while not self._waiting:
            data = self.connection.recv(65536)
            if not data:
                raise EOFError
            self._waiting.extend(self._frames.feed(data))
        return read_message(self._waiting.pop(0))

    def ask(self, content: bytes) -> Message:
        """Send a message in its frame, and wait for the answer."""
        self.send(framed(content))
        return self.answer()

    def is_closed(self) -> bool:
        """Whether the other side ends the connection, after anything that it still sends."""
        try:
            while self.connection.recv(65536):
                pass
        except ConnectionError:
            pass
        return True


@contextmanager
def connected(port: int, context: ssl.SSLContext | None = None) -> Iterator[Lis]:
    """Connect on loopback, with TLS where a context is given."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as plain:
        if context is None:
            yield Lis(plain)
            return
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            yield Lis(secure)


def verdict(answer: Message) -> tuple[str, str]:
    """MSA-1, and the code in ERR-3 where there is one."""
    errors = answer.all("ERR")
    return answer.all("MSA")[0].text(1), errors[0].text(3) if errors else ""
