"""Orders and received messages in SQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.db.order_tables import OrderRow, ReceivedMessageRow
from app.domain.errors import Conflict
from app.domain.message import message
from app.domain.order import Order, PlacedOrder, ReceivedMessage


class SqlOrderRepository:
    """`OrderRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, case_id: UUID, order: Order, received_at: datetime) -> None:
        """Insert at once."""
        self._session.add(
            OrderRow(
                case_id=case_id,
                placer_number=order.placer_number,
                filler_number=order.filler_number,
                collected_at=order.collected_at,
                echo=dict(order.echo),
                received_at=received_at,
            )
        )
        self._session.flush()

    def of_case(self, case_id: UUID) -> PlacedOrder | None:
        """By the case's key."""
        row = self._session.get(OrderRow, case_id)
        if row is None:
            return None
        return PlacedOrder(
            placer_number=row.placer_number,
            filler_number=row.filler_number,
            collected_at=row.collected_at,
            echo=row.echo,
            received_at=row.received_at,
        )


class SqlReceivedMessageRepository:
    """`ReceivedMessageRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, sender: str, control_id: str) -> ReceivedMessage | None:
        """By the two that name it."""
        row = self._session.scalar(
            select(ReceivedMessageRow).where(
                ReceivedMessageRow.sender == sender, ReceivedMessageRow.control_id == control_id
            )
        )
        if row is None:
            return None
        return ReceivedMessage(
            sender=row.sender,
            control_id=row.control_id,
            sha256=row.sha256,
            answer=row.answer,
            case_id=row.case_id,
            received_at=row.received_at,
        )

    def add(self, received: ReceivedMessage) -> None:
        """Insert at once: the answer is sent only if this is stored."""
        self._session.add(
            ReceivedMessageRow(
                id=uuid7(),
                sender=received.sender,
                control_id=received.control_id,
                sha256=received.sha256,
                answer=received.answer,
                case_id=received.case_id,
                received_at=received.received_at,
            )
        )
        try:
            self._session.flush()
        except IntegrityError as error:
            raise Conflict(message("This message was accepted already.")) from error
