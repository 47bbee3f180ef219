"""An MLLP listener: frames in, one answer to each, over TCP or TLS.

What a message means is not known here: `Respond` answers each one, in a thread.
"""

import asyncio
import ssl
from asyncio import FIRST_COMPLETED
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Protocol

import structlog

from app.domain.errors import SettingsRefused
from app.interchange.mllp import FrameReader, FrameRefused, framed

Network = IPv4Network | IPv6Network
CHUNK_BYTES = 65536
STOP_S = 10.0

_log = structlog.get_logger(__name__)


class Respond(Protocol):
    """What answers; neither may raise."""

    def message(self, content: bytes, peer: str) -> bytes:
        """The answer to a message from an address."""

    def refusal(self, begin: bytes, detail: str, peer: str) -> bytes:
        """The last answer on a connection: the frame that began so cannot be taken."""


@dataclass(frozen=True)
class Tls:
    """Certificate and key in PEM; with a client CA, only its clients are let in."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True)
class Listening:
    """Where and how to listen.

    Parameters
    ----------
    peers
        Networks that may connect.
    idle_s
        Until a connection is closed on which no message is under way.
    frame_s
        Within which a message must arrive as a whole once it has begun, and its answer be taken:
        nobody holds a connection by sending a byte a minute.
    """

    host: str
    port: int
    peers: tuple[Network, ...]
    max_bytes: int = 1024 * 1024
    max_connections: int = 50
    idle_s: float = 600.0
    frame_s: float = 30.0
    tls: Tls | None = None


def server_context(tls: Tls) -> ssl.SSLContext:
    """TLS 1.2 or later; raises `SettingsRefused` where the files do not do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise SettingsRefused(
            f"The HL7 listener's certificate, key or client CA cannot be used: {error}. Check "
            "VEXASCOPE_HL7_TLS_CERTIFICATE, VEXASCOPE_HL7_TLS_KEY and "
            "VEXASCOPE_HL7_TLS_CLIENT_CA."
        ) from error
    return context


@dataclass
class MllpServer:
    """One listener; made and closed on one event loop."""

    listening: Listening
    respond: Respond
    _connections: set["asyncio.Task[None]"] = field(default_factory=set)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> int:
        """Listen; the port that was really bound.

        Raises
        ------
        SettingsRefused
            If the address cannot be listened on.
        """
        chosen = self.listening
        context = server_context(chosen.tls) if chosen.tls else None
        try:
            self._server = await asyncio.start_server(
                self._connected,
                chosen.host,
                chosen.port,
                ssl=context,
                ssl_handshake_timeout=chosen.frame_s if context else None,
            )
        except OSError as error:
            raise SettingsRefused(
                f"The HL7 listener cannot listen on {chosen.host}:{chosen.port}: {error}."
            ) from error
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Take no more; messages that have arrived as a whole are answered."""
        self._server.close()
        self._stopping.set()
        if self._connections:
            _, late = await asyncio.wait(self._connections, timeout=STOP_S)
            for task in late:
                task.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: this runs in a task
        self._connections.add(task)
        peer = str(writer.get_extra_info("peername")[0])
        try:
            if self._is_welcome(peer):
                await self._converse(reader, writer, peer)
        except (ConnectionError, TimeoutError, ssl.SSLError) as error:
            _log.info("an HL7 connection ended", peer=peer, reason=type(error).__name__)
        except Exception:
            _log.exception("an HL7 connection failed", peer=peer)
        finally:
            self._connections.discard(task)
            writer.close()

    def _is_welcome(self, peer: str) -> bool:
        address = ip_address(peer.split("%", maxsplit=1)[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if not any(address in network for network in self.listening.peers):
            _log.warning("an HL7 peer is not among VEXASCOPE_HL7_PEERS", peer=peer)
            return False
        if len(self._connections) > self.listening.max_connections:
            _log.warning("too many HL7 connections", peer=peer)
            return False
        return True

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str
    ) -> None:
        frames = FrameReader(self.listening.max_bytes)
        deadline = None
        try:
            while data := await self._more(reader, deadline):
                before = deadline
                for content in frames.feed(data):
                    await self._send(writer, await self._answer(content, peer))
                    before = None
                deadline = (before or self._soon()) if frames.is_open else None
        except FrameRefused as error:
            _log.warning("an HL7 frame was refused", peer=peer, reason=error.detail)
            answer = await asyncio.to_thread(self.respond.refusal, error.begin, error.detail, peer)
            await self._send(writer, answer)
            await self._drop_rest(reader)

    def _soon(self) -> float:
        """When a frame that begins now must be here, on the loop's clock."""
        return asyncio.get_running_loop().time() + self.listening.frame_s

    async def _answer(self, content: bytes, peer: str) -> bytes:
        return await asyncio.to_thread(self.respond.message, content, peer)

    async def _send(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        writer.write(framed(answer))
        # A peer that takes no answers must not fill our memory.
        await asyncio.wait_for(writer.drain(), self.listening.frame_s)

    async def _more(self, reader: asyncio.StreamReader, deadline: float | None) -> bytes:
        """The next bytes; none where the peer is done, or the server stops.

        Raises
        ------
        TimeoutError
        """
        now = asyncio.get_running_loop().time()
        limit_s = self.listening.idle_s if deadline is None else max(deadline - now, 0)
        read = asyncio.create_task(reader.read(CHUNK_BYTES))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({read, stopping}, timeout=limit_s, return_when=FIRST_COMPLETED)
        is_stopping = stopping.done()
        stopping.cancel()
        if read.done():
            return read.result()
        read.cancel()
        if not is_stopping:
            raise TimeoutError
        return b""

    async def _drop_rest(self, reader: asyncio.StreamReader) -> None:
        """Read on for a moment: closing with bytes unread would reset, and the answer be lost."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while await reader.read(CHUNK_BYTES):
                    pass
