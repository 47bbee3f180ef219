"""A second reader, blinded to the first; and whether one is needed."""

from datetime import datetime
from uuid import UUID

from app.domain.errors import Conflict, InvalidInput
from app.domain.finding import tally
from app.domain.message import message
from app.domain.review import Reading, SecondReading
from app.domain.screening import Recommendation, recommend, screen
from app.domain.signing import ReviewState
from app.domain.user import User
from app.ports import Transaction
from app.services.reading import CaseAsRead
from app.services.reviewing import Reader, refuse_signed


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


def _keep_first(transaction: Transaction, reader: Reader, chosen: User, now: datetime) -> None:
    if chosen.id == reader.user.id:
        raise InvalidInput(
            message(
                "You would read first and second. Let the first reader begin, or choose another."
            )
        )
    transaction.reviews.assign(reader.case.id, Reading.FIRST, reader.user, reader.user, now)


def withdraw_second_reader(transaction: Transaction, case_id: UUID) -> None:
    """Take a second reading back that has not begun.

    Raises
    ------
    Conflict
        If the case is signed, or the second reading has begun.
    """
    transaction.cases.lock(case_id)
    refuse_signed(transaction, case_id)
    if any(event.reading is Reading.SECOND for event in transaction.reviews.of_case(case_id)):
        raise Conflict(message("The second reading has begun. It stays with its reader."))
    transaction.reviews.withdraw(case_id, Reading.SECOND)


def review_state(as_read: CaseAsRead) -> ReviewState:
    """What a signature of the case depends on."""
    return ReviewState(
        first=as_read.readings.get(Reading.FIRST),
        second=as_read.readings.get(Reading.SECOND),
        unreviewed_count=len(as_read.unreviewed),
        second_required=second_required(as_read),
        unsettled_count=len(as_read.unsettled),
    )


def second_required(as_read: CaseAsRead) -> bool:
    """Whether the laboratory's rule asks for a second reader.

    Where it asks for recommended cases: those that the classifier or the reader recommends.
    """
    match as_read.rule.second_reading:
        case SecondReading.ALWAYS:
            return True
        case SecondReading.RECOMMENDED:
            return Recommendation.TEST_UBA1 in _recommendations(as_read)
        case _:
            return False


def _recommendations(as_read: CaseAsRead) -> set[Recommendation]:
    if not as_read.progress.done:
        return set()
    readings = (as_read.cells, as_read.read)
    return {recommend(screen(tally(cells), as_read.bundle.rule)) for cells in readings}
