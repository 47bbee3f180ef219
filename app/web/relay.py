"""A request and its answer on their way through `app.web.idempotency`."""

from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from app.domain.idempotency import Answer
from app.web.fingerprint import Fingerprint

HEADER = "idempotency-key"
REPLAYED = (b"idempotency-replayed", b"true")
_KEPT_HEADERS = {"content-type", "location", "content-location", "etag", "link"}
# What belongs to the body and the conditions of another request.
_LEFT_OUT = (b"content-", b"if-", b"transfer-encoding", HEADER.encode())


class Body:
    """The body as it passes to the application, with its fingerprint."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._fingerprint = Fingerprint(scope)
        self._ended = False

    async def receive(self) -> Message:
        """Pass the next part on."""
        part = await self._receive()
        if part["type"] == "http.request" and not self._ended:
            self._fingerprint.feed(part.get("body", b""))
        self._ended = self._ended or not part.get("more_body", False)
        return part

    async def read_all(self) -> None:
        """Throw away what nobody has read, so that the digest is of all of it."""
        while not self._ended:
            await self.receive()

    def sha256(self) -> str:
        """The fingerprint of what was read so far."""
        return self._fingerprint.hexdigest()


@dataclass
class Sent:
    """What the application answered, held back until it is stored."""

    messages: list[Message] = field(default_factory=list)

    async def take(self, message: Message) -> None:
        """In place of the server's `send`."""
        self.messages.append(message)

    @property
    def status(self) -> int:
        """500 where there is none."""
        return int(self.messages[0]["status"]) if self.messages else 500

    def answer(self) -> Answer:
        """The whole of it, with the headers that belong to it."""
        raw = Headers(raw=self.messages[0]["headers"])
        headers = {name: value for name, value in raw.items() if name in _KEPT_HEADERS}
        return Answer(self.status, headers, b"".join(m.get("body", b"") for m in self.messages[1:]))


async def nothing() -> Message:
    """An empty body."""
    return {"type": "http.request", "body": b"", "more_body": False}


def reading(scope: Scope, location: str) -> Scope:
    """The same account's request to read a place."""
    headers = [pair for pair in scope["headers"] if not pair[0].startswith(_LEFT_OUT)]
    return {
        **scope,
        "method": "GET",
        "path": location,
        "raw_path": location.encode(),
        "query_string": b"",
        "headers": headers,
    }


async def send_again(known: Answer, send: Send) -> None:
    """Give an answer that is kept, and say that it is."""
    headers = [(name.encode(), value.encode()) for name, value in known.headers.items()]
    body = known.body or b""
    headers += [(b"content-length", str(len(body)).encode()), REPLAYED]
    await send({"type": "http.response.start", "status": known.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
