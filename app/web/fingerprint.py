"""A digest of a request that is sent again: equal for the same content, computed as it passes."""

import hashlib
from urllib.parse import parse_qsl, urlencode

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.types import Scope

# How long to wait for the answer, not what is asked for.
_OF_THE_CALLER = {"wait"}
_BOUNDARY = b"\r\nboundary\r\n"


class Fingerprint:
    """SHA-256 over method, path, query, kind of body and body, however large.

    Clients draw a new boundary for each multipart body: it is left out, or nobody could send the
    same files twice.
    """

    def __init__(self, scope: Scope) -> None:
        kind, options = parse_options_header(Headers(scope=scope).get("content-type", ""))
        self._boundary = options.get(b"boundary", b"") if kind.startswith(b"multipart/") else b""
        self._rest = b""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        asked = sorted(pair for pair in query if pair[0] not in _OF_THE_CALLER)
        head = "\n".join([scope["method"], scope["path"], urlencode(asked), kind.decode("latin-1")])
        self._digest = hashlib.sha256(head.encode() + b"\n\n")

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        if not self._boundary:
            self._digest.update(chunk)
            return
        *whole, rest = (self._rest + chunk).split(self._boundary)
        for piece in whole:
            self._digest.update(piece + _BOUNDARY)
        # A boundary may begin in this chunk and end in the next.
        kept = len(self._boundary) - 1
        self._digest.update(rest[: len(rest) - kept] if len(rest) > kept else b"")
        self._rest = rest[-kept:] if kept else b""

    def hexdigest(self) -> str:
        """Of what has come so far."""
        digest = self._digest.copy()
        digest.update(self._rest)
        return digest.hexdigest()
