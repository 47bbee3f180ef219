"""Orders of other systems, and the messages that they came in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.order import Order, PlacedOrder, ReceivedMessage


class OrderRepository(Protocol):
    """What is kept of an order beside its case."""

    def add(self, case_id: UUID, order: Order, received_at: datetime) -> None:
        """Keep the order that a case was opened from."""

    def put(self, case_id: UUID, placed: PlacedOrder) -> None:
        """Keep an order as it is by now, in place of what was kept."""

    def find(self, placer_number: str, site_id: UUID) -> Sequence[UUID]:
        """The cases of a site that were ordered under a number, erased ones left out."""

    def of_case(self, case_id: UUID) -> PlacedOrder | None:
        """The order of a case; None where nobody ordered it by message."""


class ReceivedMessageRepository(Protocol):
    """Messages that were accepted: the same one again gets the same answer."""

    def find(self, sender: str, control_id: str) -> ReceivedMessage | None:
        """What was answered to this message."""

    def contents_of(self, case_id: UUID) -> frozenset[str]:
        """Digests of the messages that opened a case, or were about it."""

    def add(self, received: ReceivedMessage) -> None:
        """Keep an answer; raises `Conflict` where the message was accepted meanwhile."""
