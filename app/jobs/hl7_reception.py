"""The edge of the HL7 listener: a message in, one transaction, an answer out."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from app.bootstrap import Container
from app.domain.access import Role
from app.domain.audit import Actor, ActorKind, Outcome
from app.domain.case import Case
from app.domain.errors import Conflict, NotFound, StorageUnavailable, VexascopeError
from app.domain.order import Order, ReceivedMessage
from app.interchange.hl7v2 import MalformedMessage, Message, Segment, read_header, read_message
from app.interchange.hl7v2_ack import Names, acknowledge, control_id
from app.interchange.hl7v2_control import Control, control_of, read_key
from app.interchange.hl7v2_order import Reception, check_header, read_order
from app.interchange.hl7v2_refusal import (
    Condition,
    Location,
    MessageRefused,
    rejected,
    to_mend,
)
from app.jobs.hl7_sites import OrderSites
from app.ports import Transaction
from app.services.acting import acting_as
from app.services.cancelling import is_cancelled
from app.services.ordering import Desk, cancel, change, place

Act = Callable[[Transaction, UUID], Case]
P = ParamSpec("P")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Hl7Reception:
    """Answers messages (`app.interchange.mllp_server.Respond`)."""

    container: Container
    own: Names
    reception: Reception
    sites: OrderSites

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
            self.sites.check(transaction)

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
        """Do what it asks for, unless this very message did so before: then answer the same."""
        if known := self._known(message):
            return known
        try:
            return self._done(message)
        except Conflict as error:
            # The same message on two connections at once: one of them opened the case.
            if known := self._known(message):
                return known
            raise to_mend(Condition.DUPLICATE_KEY, error.detail) from error
        except StorageUnavailable:
            raise
        except VexascopeError as error:
            raise to_mend(Condition.DATA_TYPE, error.detail) from error

    def _done(self, message: Message) -> bytes:
        """Do what the message asks for, and write it down with its answer."""
        header, now = message.header, self.container.now()
        control = control_of(message)
        act = self._act(
            control, message, Desk(self.container.bundle, self.container.review_rule, now)
        )
        answer = acknowledge(header, self.own, control_id(str(uuid7())), now)
        with self.container.transactions() as transaction:
            case = act(transaction, self.sites.chosen(transaction, header))
            transaction.received.add(
                ReceivedMessage(
                    sender=_sender(header),
                    control_id=header.text(10),
                    sha256=_digest(message),
                    answer=answer.decode(),
                    case_id=case.id,
                    received_at=now,
                )
            )
            after = {"control_id": header.text(10), "protocol": "HL7 v2", "control": control.value}
            transaction.audit.note("order.accept", case_id=case.id, after=after)
        _log.info("an HL7 order was taken", control_id=header.text(10), case=str(case.id))
        return answer

    def _act(self, control: Control, message: Message, desk: Desk) -> Act:
        """What is to be done in the transaction, in a site; the message is read before it."""
        if control is Control.CANCEL:
            key = read_key(message)
            return lambda transaction, site_id: _kept(cancel, transaction, key, site_id, desk)
        order = read_order(message, self.reception, desk.now)
        if control is Control.CHANGE:
            return lambda transaction, site_id: _kept(change, transaction, order.at(site_id), desk)
        digest = _digest(message)
        return lambda transaction, site_id: _placed(transaction, order.at(site_id), digest, desk)

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


def _placed(transaction: Transaction, order: Order, digest: str, desk: Desk) -> Case:
    """The case of a new order; the one that is open where this order came before.

    Some senders give a message that had no answer another MSH-10 when they send it again.
    """
    new = order.new_case
    known = transaction.cases.find(new.accession_number, [new.site_id])
    if known is None or is_cancelled(transaction, known.id):
        return place(transaction, order, desk)
    if digest in transaction.received.contents_of(known.id):
        return known
    return place(transaction, order, desk)


def _kept(do: Callable[P, Case], *given: P.args, **named: P.kwargs) -> Case:
    """Change an order that is here, or say why not."""
    try:
        return do(*given, **named)
    except NotFound as error:
        raise to_mend(Condition.UNKNOWN_KEY, error.detail, Location("ORC", 2)) from error
    except Conflict as error:
        raise to_mend(Condition.LOCKED, error.detail) from error


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
