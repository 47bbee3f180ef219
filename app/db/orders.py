"""Orders and received messages in SQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.db.order_tables import OrderRow, ReceivedMessageRow
from app.db.tables import CaseRow
from app.domain.errors import Conflict
from app.domain.message import message
from app.domain.order import CollectionTime, Order, PlacedOrder, Precision, ReceivedMessage


class SqlOrderRepository:
    """`OrderRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, case_id: UUID, order: Order, received_at: datetime) -> None:
        """Insert at once."""
        placed = PlacedOrder(
            placer_number=order.placer_number,
            filler_number=order.filler_number,
            collected=order.collected,
            echo=order.echo,
            received_at=received_at,
        )
        self.put(case_id, placed)

    def put(self, case_id: UUID, placed: PlacedOrder) -> None:
        """Insert, or write over."""
        self._session.merge(from_placed(case_id, placed))
        self._session.flush()

    def find(self, placer_number: str, site_id: UUID) -> Sequence[UUID]:
        """By the index on the number; the order of an erased case is not there any more."""
        query = (
            select(OrderRow.case_id)
            .join(CaseRow, CaseRow.id == OrderRow.case_id)
            .where(OrderRow.placer_number == placer_number, CaseRow.site_id == site_id)
        )
        return self._session.scalars(query).all()

    def of_case(self, case_id: UUID) -> PlacedOrder | None:
        """By the case's key."""
        row = self._session.get(OrderRow, case_id)
        return to_placed(row) if row else None


def from_placed(case_id: UUID, placed: PlacedOrder) -> OrderRow:
    """The row of an order."""
    collected = placed.collected
    return OrderRow(
        case_id=case_id,
        placer_number=placed.placer_number,
        filler_number=placed.filler_number,
        collected_at=collected.at if collected else None,
        collected_precision=collected.precision.value if collected else None,
        echo=dict(placed.echo),
        received_at=placed.received_at,
        cancelled_at=placed.cancelled_at,
    )


def to_placed(row: OrderRow) -> PlacedOrder:
    """The order of a row."""
    precision = Precision(row.collected_precision or Precision.SECOND)
    return PlacedOrder(
        placer_number=row.placer_number,
        filler_number=row.filler_number,
        collected=CollectionTime(row.collected_at, precision) if row.collected_at else None,
        echo=row.echo,
        received_at=row.received_at,
        cancelled_at=row.cancelled_at,
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

    def contents_of(self, case_id: UUID) -> frozenset[str]:
        """By the index on the case."""
        query = select(ReceivedMessageRow.sha256).where(ReceivedMessageRow.case_id == case_id)
        return frozenset(self._session.scalars(query))

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
