"""A system that results are sent to: it listens, keeps what comes, and answers as it is told to."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from app.interchange.hl7v2 import Message, read_message
from app.interchange.mllp import FrameReader, framed

ACK = (
    "MSH|^~\\&|LIS|HOSP|VEXASCOPE|LAB|20260301093000+0000||ACK^R01^ACK|A1|P|2.5.1\r"
    "MSA|{code}|{number}\r{error}"
)


class Peer:
    """Each answer is used once; then everything is accepted.

    An answer is a code (``AE``), a code with an error (``AR:200:why``), or ``close``, ``silence``,
    ``junk``, ``other`` (it answers another message), ``late-close`` (it answers, then closes).
    """

    def __init__(self, *answers: str, context: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.received: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._context = context

    @property
    def messages(self) -> list[Message]:
        """All that came, in its order."""
        return [read_message(content) for content in self.received]

    @property
    def numbers(self) -> list[str]:
        """MSH-10 of each."""
        return [message.header.text(10) for message in self.messages]

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._stopping = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, args=(self._listening,))]
        self._threads[0].start()

    def kill(self) -> None:
        """Gone, with every connection, whatever is under way."""
        self._stopping.set()
        # Closing alone would leave the thread waiting in accept.
        for each in [self._listening, *self._open]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self, listening: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            connection = plain
            if self._context:
                connection = self._context.wrap_socket(plain, server_side=True)
                self._open.append(connection)
            frames = FrameReader(2**24)
            while data := connection.recv(65536):
                for content in frames.feed(data):
                    self.received.append(content)
                    if not self._answer(connection, content):
                        return
        except OSError:
            return
        finally:
            plain.close()

    def _answer(self, connection: socket.socket, content: bytes) -> bool:
        """Whether the connection goes on."""
        told = self.answers.pop(0) if self.answers else "AA"
        if told == "close":
            connection.shutdown(socket.SHUT_RDWR)
            return False
        if told == "silence":
            return True
        if told == "junk":
            connection.sendall(framed(b"OK"))
            return True
        number = "ANOTHER" if told == "other" else read_message(content).header.text(10)
        code, _, error = ("AA" if told in {"other", "late-close"} else told).partition(":")
        condition, _, why = error.partition(":")
        line = f"ERR|||{condition}|E||||{why}\r" if condition else ""
        connection.sendall(framed(ACK.format(code=code, number=number, error=line).encode()))
        if told == "late-close":
            connection.shutdown(socket.SHUT_RDWR)
            return False
        return True


@contextmanager
def peer(*answers: str, context: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """One that listens while the context lasts."""
    made = Peer(*answers, context=context)
    made.start()
    try:
        yield made
    finally:
        made.kill()
