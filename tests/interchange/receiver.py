"""A receiver of webhooks: a real HTTP server on loopback, which behaves as it is told."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    """What came."""

    path: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[BaseHTTPRequestHandler], None]


def answers(status: int, **headers: str) -> Behaviour:
    """Answer with a status."""

    def behave(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return behave


def hangs(seconds: float) -> Behaviour:
    """Take the message, and answer too late."""

    def behave(handler):
        time.sleep(seconds)
        answers(200)(handler)

    return behave


def hangs_up(handler) -> None:
    """Take the message, and lose the answer."""
    handler.close_connection = True


def drips(handler) -> None:
    """Confirm it at once, and go on with a body that never ends."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 20_000)
            time.sleep(0.01)
    except OSError:
        handler.close_connection = True


def whispers(handler) -> None:
    """Send the head of an answer, a byte at a time, and never come to its end."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.02)
    except OSError:
        handler.close_connection = True


@dataclass
class Receiver:
    """What came, and how to behave: the first behaviours once each, then 204."""

    port: int
    scheme: str = "http"
    requests: list[Request] = field(default_factory=list)
    behaviours: list[Behaviour] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"


@contextmanager
def receiving(context=None) -> Iterator[Receiver]:
    """A receiver, as long as it is needed; with an SSL context, over TLS."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with lock:
                receiver.requests.append(Request(self.path, headers, body))
                behave = receiver.behaviours.pop(0) if receiver.behaviours else answers(204)
            behave(self)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver = Receiver(server.server_port, "https" if context else "http")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
