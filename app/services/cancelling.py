"""A case whose order was taken back: it is kept, and nothing is added to it."""

from uuid import UUID

from app.domain.errors import Conflict
from app.domain.message import Message, message
from app.ports import Transaction

CANCELLED: Message = message(
    "Whoever ordered this case has cancelled the order. Nothing can be added, and it is not "
    "signed; a new order under the same accession number opens it again."
)


def is_cancelled(transaction: Transaction, case_id: UUID) -> bool:
    """Whether the order of a case was taken back."""
    placed = transaction.orders.of_case(case_id)
    return placed is not None and placed.cancelled_at is not None


def refuse_cancelled(transaction: Transaction, case_id: UUID) -> None:
    """Raise `Conflict` where the order of a case was taken back."""
    if is_cancelled(transaction, case_id):
        raise Conflict(CANCELLED)
