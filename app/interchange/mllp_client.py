"""The sending side of MLLP: a message out, its answer in, on one connection."""

import select
import socket
import ssl
import time
from dataclasses import dataclass, field

from app.interchange.mllp import FrameReader, framed

CONNECT_S = 5.0
CHUNK_BYTES = 65536
MAX_ANSWER_BYTES = 256 * 1024


@dataclass
class MllpConnection:
    """One connection to a receiver; used by one thread at a time."""

    _socket: socket.socket
    _frames: FrameReader = field(default_factory=lambda: FrameReader(MAX_ANSWER_BYTES))

    @classmethod
    def open(cls, host: str, port: int, context: ssl.SSLContext | None = None) -> "MllpConnection":
        """Connect; raises `OSError`, of which `ssl.SSLError` is one."""
        plain = socket.create_connection((host, port), CONNECT_S)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                return cls(context.wrap_socket(plain, server_hostname=host))
        except BaseException:
            plain.close()
            raise
        return cls(plain)

    def ask(self, content: bytes, deadline: float) -> bytes:
        """Send a message, and wait for the next frame.

        Parameters
        ----------
        deadline
            On the clock of `time.monotonic`, s.

        Raises
        ------
        OSError
            `TimeoutError` where no answer came in time, `ConnectionError` where the connection
            ended before: in both, nobody knows whether the receiver has the message.
        FrameRefused
            If the answer is no frame.
        """
        self._socket.settimeout(_left(deadline))
        self._socket.sendall(framed(content))
        while True:
            self._socket.settimeout(_left(deadline))
            data = self._socket.recv(CHUNK_BYTES)
            if not data:
                raise ConnectionResetError("the connection ended before the answer")
            if answers := list(self._frames.feed(data)):
                return answers[0]

    def is_quiet(self) -> bool:
        """Whether it is open, and nothing came that nobody asked for."""
        waiting = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
        readable, _, _ = select.select([self._socket], [], [], 0)
        return not readable and not waiting and not self._frames.is_open

    def close(self) -> None:
        """End it."""
        self._socket.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left
