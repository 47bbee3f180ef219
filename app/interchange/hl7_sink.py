"""Sends results to HL7 peers, and takes their word for it: AA, AE or AR."""

import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from uuid import UUID

import structlog

from app.domain.hl7_peer import Hl7PeerConfig
from app.domain.message import Message, message
from app.domain.outbox import DeliveryFailed, FailureKind, OutboxEvent
from app.interchange.hl7v2 import MalformedMessage
from app.interchange.hl7v2_ack import Answer, control_id, read_answer
from app.interchange.hl7v2_refusal import Acknowledgement
from app.interchange.hl7v2_result import CannotBeWritten
from app.interchange.mllp import FrameRefused
from app.interchange.mllp_client import MllpConnection
from app.ports import Clock, Outgoing

# With the making of the message, below what the deliverer grants to one.
ANSWER_S = 15.0
MAX_REASON_LENGTH = 500

WriteMessage = Callable[[OutboxEvent, Hl7PeerConfig, str], bytes]
"""Writes the message of an event for a peer, under a control id."""

_log = structlog.get_logger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Hl7Sink:
    """`Sink` of HL7 peers. A connection is kept from one message to the next.

    Parameters
    ----------
    identity
        Certificate and key (PEM) that are shown to peers that ask for one.
    """

    def __init__(
        self,
        write: WriteMessage,
        identity: tuple[Path, Path] | None = None,
        *,
        now: Clock = _utc_now,
    ) -> None:
        self._write, self._identity, self._now = write, identity, now
        self._kept: dict[UUID, tuple[Hl7PeerConfig, MllpConnection]] = {}
        self._lock = Lock()

    def send(self, outgoing: Outgoing) -> None:
        """Send a message, under the same MSH-10 however often; AA confirms it."""
        config = Hl7PeerConfig.of(outgoing.destination.config)
        number = control_id(str(outgoing.event.id))
        try:
            content = self._write(outgoing.event, config, number)
        except CannotBeWritten as error:
            raise DeliveryFailed(FailureKind.IMPOSSIBLE, error.detail) from error
        self._refuse_late(outgoing)
        answer = self._answer(outgoing.destination.id, config, content)
        _judge(answer, number)
        _log.info("HL7 result sent", message_id=str(outgoing.event.id), control_id=number)

    def _refuse_late(self, outgoing: Outgoing) -> None:
        """What took long to make may be another process's by now, or be before it is answered."""
        ends = self._now() + timedelta(seconds=ANSWER_S)
        if outgoing.leased_until is not None and ends >= outgoing.leased_until:
            reason = message("The message took too long to make, and was not sent.")
            raise DeliveryFailed(FailureKind.REFUSED, reason)

    def close(self) -> None:
        """Close what is kept open."""
        with self._lock:
            for _, connection in self._kept.values():
                connection.close()
            self._kept.clear()

    def _answer(self, peer_id: UUID, config: Hl7PeerConfig, content: bytes) -> Answer:
        deadline = time.monotonic() + ANSWER_S
        try:
            return read_answer(self._ask(peer_id, config, content, deadline))
        except (MalformedMessage, FrameRefused) as error:
            # It has answered, but not in HL7: this is no receiver of results.
            reason = message("The peer's answer cannot be read. {reason}", reason=error.detail)
            raise DeliveryFailed(FailureKind.UNAVAILABLE, reason) from error
        except OSError as error:
            raise DeliveryFailed(FailureKind.UNAVAILABLE, _explained(error)) from error

    def _ask(self, peer_id: UUID, config: Hl7PeerConfig, content: bytes, deadline: float) -> bytes:
        """On the connection that is kept, if it holds; else on a new one."""
        if kept := self._take(peer_id, config):
            try:
                return self._ask_on(kept, peer_id, config, content, deadline)
            except ConnectionError:
                # The peer closed it meanwhile, which is its right: nothing was refused.
                pass
        opened = MllpConnection.open(config.host, config.port, self._context(config))
        return self._ask_on(opened, peer_id, config, content, deadline)

    def _ask_on(
        self,
        connection: MllpConnection,
        peer_id: UUID,
        config: Hl7PeerConfig,
        content: bytes,
        deadline: float,
    ) -> bytes:
        """A connection that failed is closed: a late answer on it would be taken for another's."""
        try:
            answer = connection.ask(content, deadline)
        except BaseException:
            connection.close()
            raise
        with self._lock:
            replaced = self._kept.pop(peer_id, None)
            self._kept[peer_id] = config, connection
        if replaced:
            replaced[1].close()
        return answer

    def _take(self, peer_id: UUID, config: Hl7PeerConfig) -> MllpConnection | None:
        with self._lock:
            kept = self._kept.pop(peer_id, None)
        if kept is None:
            return None
        if kept[0] == config and kept[1].is_quiet():
            return kept[1]
        kept[1].close()
        return None

    def _context(self, config: Hl7PeerConfig) -> ssl.SSLContext | None:
        if not config.tls:
            return None
        context = ssl.create_default_context(cafile=config.authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._identity:
            context.load_cert_chain(*self._identity)
        return context


def _judge(answer: Answer, number: str) -> None:
    """Raise `DeliveryFailed` unless the answer confirms the message."""
    if answer.control_id != number:
        reason = message("The peer answered another message than the one that was sent.")
        raise DeliveryFailed(FailureKind.UNAVAILABLE, reason)
    if answer.acknowledgement is Acknowledgement.ACCEPTED:
        return
    kind = FailureKind.REFUSED
    if answer.is_transient:
        kind = FailureKind.UNAVAILABLE
    elif answer.is_hopeless:
        kind = FailureKind.IMPOSSIBLE
    reason = message(
        "The peer answered {code}. {reason}",
        code=answer.acknowledgement.value,
        reason=answer.reason[:MAX_REASON_LENGTH],
    )
    raise DeliveryFailed(kind, reason)


def _explained(error: OSError) -> Message:
    if isinstance(error, ssl.SSLCertVerificationError):
        return message("The peer's certificate is not trusted, or of another name.")
    if isinstance(error, ssl.SSLError):
        return message("No TLS connection to the peer could be made.")
    if isinstance(error, TimeoutError):
        return message("The peer did not answer in time.")
    if isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError):
        return message("The connection ended before the peer answered.")
    return message("The peer cannot be connected to.")
