"""The edge of the HL7 listener: a message in, one transaction, an answer out."""

import hashlib
from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from app.bootstrap import Container
from app.domain.access import Role
from app.domain.audit import Actor, ActorKind, Outcome
from app.domain.errors import Conflict, SettingsRefused, StorageUnavailable, VexascopeError
from app.domain.order import Order, ReceivedMessage
from app.domain.site import DEFAULT_SITE_ID
from app.interchange.hl7v2 import MalformedMessage, Message, Segment, read_header, read_message
from app.interchange.hl7v2_ack import Names, acknowledge, control_id
from app.interchange.hl7v2_order import Reception, check_header, read_order
from app.interchange.hl7v2_refusal import (
    Condition,
    Location,
    MessageRefused,
    rejected,
    to_mend,
)
from app.ports import Transaction
from app.services.acting import acting_as
from app.services.ordering import place

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Hl7Reception:
    """Answers messages (`app.interchange.mllp_server.Respond`).

    Parameters
    ----------
    site_name
        Of the site that cases are opened in; None: the main one.
    """

    container: Container
    own: Names
    reception: Reception
    site_name: str | None = None

    def message(self, content: bytes, peer: str) -> bytes:
        """Take an order, or say why not; whatever happens, the sender gets an answer."""
        header = self._header(content)
        with acting_as(_actor(header, peer)):
            try:
                return self._taken(header, content)
            except MessageRefused as refusal:
                return self._refuse(header, refusal, peer)

    def refusal(self, begin: bytes, detail: str, peer: str) -> bytes:
        """Answer a frame that could not be read to its end."""
        header = self._header(begin)
        with acting_as(_actor(header, peer)):
            return self._refuse(header, rejected(Condition.SEGMENT_SEQUENCE, detail), peer)

    def check(self) -> None:
        """Whether orders can be taken; raises `SettingsRefused` where their site is not there."""
        with self.container.transactions() as transaction:
            if self._site(transaction) is None:
                raise SettingsRefused(
                    f"VEXASCOPE_HL7_SITE: no open site is named {self.site_name}."
                )

    def _header(self, content: bytes) -> Segment | None:
        """MSH, where there is one."""
        try:
            return read_header(content, self.reception.charset)
        except MalformedMessage:
            return None

    def _taken(self, header: Segment | None, content: bytes) -> bytes:
        """The answer to an order that was taken; raises `MessageRefused` in every other case."""
        try:
            check_header(header or read_header(content), self.reception)
            return self._take(read_message(content, self.reception.charset))
        except MessageRefused:
            raise
        except MalformedMessage as error:
            raise _malformed(error) from error
        except StorageUnavailable as error:
            raise _later("The database does not answer.") from error
        # Whatever one message does to us, its sender gets an answer.
        except Exception as error:
            _log.exception("an HL7 message could not be taken")
            raise _later("The product failed.") from error

    def _take(self, message: Message) -> bytes:
        """Open the case, unless this very message did so before: then answer the same again."""
        if known := self._known(message):
            return known
        try:
            return self._open(message)
        except Conflict as error:
            # The same message on two connections at once: one of them opened the case.
            if known := self._known(message):
                return known
            raise to_mend(Condition.DUPLICATE_KEY, error.detail) from error
        except StorageUnavailable:
            raise
        except VexascopeError as error:
            raise to_mend(Condition.DATA_TYPE, error.detail) from error

    def _open(self, message: Message) -> bytes:
        now = self.container.now()
        order = read_order(message, self.reception, now)
        answer = acknowledge(message.header, self.own, control_id(str(uuid7())), now)
        with self.container.transactions() as transaction:
            case = place(transaction, self._at_site(transaction, order), now)
            transaction.received.add(
                ReceivedMessage(
                    sender=_sender(message.header),
                    control_id=message.header.text(10),
                    sha256=_digest(message),
                    answer=answer.decode(),
                    case_id=case.id,
                    received_at=now,
                )
            )
            transaction.audit.note(
                "order.accept",
                case_id=case.id,
                after={"control_id": message.header.text(10), "protocol": "HL7 v2"},
            )
        _log.info("an HL7 order was taken", control_id=message.header.text(10), case=str(case.id))
        return answer

    def _at_site(self, transaction: Transaction, order: Order) -> Order:
        site_id = self._site(transaction)
        if site_id is None:
            raise rejected(Condition.INTERNAL, "The site of orders is closed. Tell the laboratory.")
        return replace(order, new_case=replace(order.new_case, site_id=site_id))

    def _site(self, transaction: Transaction) -> UUID | None:
        """The site that cases are opened in; None where it is not there, or is closed."""
        for site in transaction.sites.all():
            is_meant = site.id == DEFAULT_SITE_ID
            if self.site_name is not None:
                is_meant = site.name == self.site_name
            if is_meant and site.is_active:
                return site.id
        return None

    def _known(self, message: Message) -> bytes | None:
        """The answer that this message had."""
        number = message.header.text(10)
        with self.container.transactions() as transaction:
            known = transaction.received.find(_sender(message.header), number)
        if known is None:
            return None
        if known.sha256 != _digest(message):
            raise to_mend(
                Condition.DUPLICATE_KEY,
                "Another message came under this MSH-10 before. Give each message its own.",
                Location("MSH", 10),
            )
        _log.info("an HL7 order came again", control_id=number, case=str(known.case_id))
        return known.answer.encode()

    def _refuse(self, header: Segment | None, refusal: MessageRefused, peer: str) -> bytes:
        _log.warning(
            "an HL7 message was refused",
            peer=peer,
            answer=refusal.answer.value,
            condition=refusal.condition.wording,
            location=refusal.location.as_erl if refusal.location else None,
            reason=refusal.detail,
        )
        self._note_refusal(refusal)
        now = self.container.now()
        return acknowledge(header, self.own, control_id(str(uuid7())), now, refusal)

    def _note_refusal(self, refusal: MessageRefused) -> None:
        after = {
            "answer": refusal.answer.value,
            "condition": refusal.condition.value,
            "location": refusal.location.as_erl if refusal.location else None,
        }
        try:
            with self.container.transactions() as transaction:
                transaction.audit.note("order.refuse", after=after, outcome=Outcome.REFUSED)
        except StorageUnavailable:
            _log.warning("the refusal could not be written to the audit")


def _actor(header: Segment | None, peer: str) -> Actor:
    """The program that sends, by the name that it gives itself, and its address."""
    name = (header.text(3) if header else "")[:100]
    return Actor(ActorKind.CLIENT, f"HL7 {name}".strip(), role=Role.SYSTEM, address=peer)


def _sender(header: Segment) -> str:
    """Application and facility, as they name themselves."""
    return f"{header.raw(3)}|{header.raw(4)}"[:500]


def _digest(message: Message) -> str:
    """Of all but MSH, which holds the time of sending: that may be another the second time."""
    lines = ["|".join(segment.fields) for segment in message.segments[1:]]
    return hashlib.sha256("\r".join(lines).encode()).hexdigest()


def _malformed(error: MalformedMessage) -> MessageRefused:
    if error.charset_refused:
        return to_mend(Condition.DATA_TYPE, error.detail, Location("MSH", 18))
    return to_mend(Condition.SEGMENT_SEQUENCE, error.detail)


def _later(detail: str) -> MessageRefused:
    """Chapter 2.9.2: a receiver's own trouble is AR; the same message may be taken later."""
    return rejected(Condition.INTERNAL, f"{detail} Send the same message again later.")
