"""Opening a case from another system's order."""

from datetime import datetime

from app.domain.case import Case
from app.domain.order import Order
from app.ports import Transaction
from app.services.opening import open_case


def place(transaction: Transaction, order: Order, now: datetime) -> Case:
    """Open the case, and keep the numbers under which its results go back.

    Raises
    ------
    Conflict
        If the accession number is in use, or the patient is stored under another name.
    """
    case = open_case(transaction, order.new_case, now)
    transaction.orders.add(case.id, order, now)
    return case
