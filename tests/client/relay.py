"""A connection that breaks at the worst moment: when the server has done its work."""

import socket
import threading
from contextlib import suppress

CHUNK = 65536


class BreakingRelay:
    """Passes everything to a server, but the answers on the first connections are lost."""

    def __init__(self, port: int, breaks: int) -> None:
        self._target, self._breaks = port, breaks
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                breaks = self.lost < self._breaks
                threading.Thread(target=self._serve, args=(near, breaks), daemon=True).start()

    def _serve(self, near: socket.socket, breaks: object) -> None:
        with near, socket.create_connection(("127.0.0.1", self._target)) as far:
            threading.Thread(target=_pump, args=(near, far), daemon=True).start()
            with suppress(OSError):
                while answer := far.recv(CHUNK):
                    if breaks:
                        self.lost += 1
                        # Closing alone would wait for the thread that reads from it.
                        near.shutdown(socket.SHUT_RDWR)
                        return
                    near.sendall(answer)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while sent := source.recv(CHUNK):
            target.sendall(sent)
        target.shutdown(socket.SHUT_WR)
