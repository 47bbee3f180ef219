"""A second reader, blinded to the first."""

from datetime import datetime

from app.domain.errors import Conflict, InvalidInput
from app.domain.message import message
from app.domain.review import Reading
from app.domain.user import User
from app.ports import Transaction
from app.services.reviewing import Reader, refuse_signed
from app.services.worklist import refresh


def give_to_second_reader(
    transaction: Transaction, reader: Reader, chosen: User, now: datetime
) -> None:
    """Give the second reading of a case to somebody who had no part in the first.

    Raises
    ------
    Conflict
        If the case is signed, or the second reading has begun.
    InvalidInput
        If the chosen one has the first reading, or took part in it.
    """
    case_id = reader.case.id
    transaction.cases.lock(case_id)
    refuse_signed(transaction, case_id)
    reviews = transaction.reviews.of_case(case_id)
    if any(event.reading is Reading.SECOND for event in reviews):
        raise Conflict(message("The second reading has begun. It stays with its reader."))
    first = transaction.reviews.readings(case_id).get(Reading.FIRST)
    took_part = {event.reader_id for event in reviews}
    if first is not None:
        took_part.add(first.reader_id)
    if chosen.id in took_part:
        raise InvalidInput(
            message("This reader knows the first reading. Choose somebody who does not.")
        )
    if first is None:
        # Else whoever opens the case next would have the first one, the chosen reader too.
        _keep_first(transaction, reader, chosen, now)
    transaction.reviews.assign(case_id, Reading.SECOND, chosen, reader.user, now)
    refresh(transaction, case_id, reader.active, reader.rule)


def _keep_first(transaction: Transaction, reader: Reader, chosen: User, now: datetime) -> None:
    if chosen.id == reader.user.id:
        raise InvalidInput(
            message(
                "You would read first and second. Let the first reader begin, or choose another."
            )
        )
    transaction.reviews.assign(reader.case.id, Reading.FIRST, reader.user, reader.user, now)


def withdraw_second_reader(transaction: Transaction, reader: Reader) -> None:
    """Take a second reading back that has not begun.

    Raises
    ------
    Conflict
        If the case is signed, or the second reading has begun.
    """
    case_id = reader.case.id
    transaction.cases.lock(case_id)
    refuse_signed(transaction, case_id)
    if any(event.reading is Reading.SECOND for event in transaction.reviews.of_case(case_id)):
        raise Conflict(message("The second reading has begun. It stays with its reader."))
    transaction.reviews.withdraw(case_id, Reading.SECOND)
    refresh(transaction, case_id, reader.active, reader.rule)
