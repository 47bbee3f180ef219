"""A second reader, blinded to the first; and what both settle once they have finished."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.access import Permission
from app.domain.errors import Conflict, Forbidden, InvalidInput
from app.domain.finding import ReadCell
from app.domain.message import message
from app.domain.review import Act, CellReview, Decision, Reading, in_force, reviewed
from app.domain.user import User
from app.ports import Transaction
from app.services.reading import CaseAsRead, read_case
from app.services.reviewing import Reader, events_of, note_events, refuse_closed
from app.services.worklist import refresh, write_line


@dataclass(frozen=True)
class Disagreement:
    """A cell as each of two readers holds it; `settled` is None while nobody has settled it."""

    first: ReadCell
    second: ReadCell
    settled: CellReview | None

    def held_by(self, whose: Reading) -> ReadCell:
        """The cell as the first or the second reader holds it."""
        return self.first if whose is Reading.FIRST else self.second


def give_to_second_reader(
    transaction: Transaction, reader: Reader, chosen: User, now: datetime
) -> None:
    """Give the second reading of a case to somebody who had no part in the first.

    Raises
    ------
    Conflict
        If the case is signed, or the second reading has begun or is finished.
    InvalidInput
        If the chosen one took part in the first reading, or cannot sign in.
    Forbidden
        If the second reader asks: nobody may see the first reading and read second after it.
    """
    case_id = reader.case.id
    _may_change(transaction, reader)
    took_part = knows_first(transaction, case_id)
    if chosen.id in took_part:
        raise InvalidInput(
            message("This reader knows the first reading. Choose somebody who does not.")
        )
    if not chosen.may(Permission.REVIEW) or not chosen.sees(reader.case.site_id):
        raise InvalidInput(message("This account may not review this case. Choose a reader."))
    if not chosen.can_sign_in:
        raise InvalidInput(message("This account cannot sign in. Choose somebody who can."))
    first = transaction.reviews.readings(case_id).get(Reading.FIRST)
    if first is None:
        # Else whoever opens the case next would have the first one, the chosen reader too.
        _keep_first(transaction, reader, chosen, now)
    transaction.reviews.assign(case_id, Reading.SECOND, chosen, reader.user, now)
    transaction.audit.note(
        "reading.give", case_id=case_id, after={"reading": "second", "reader": str(chosen.id)}
    )
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
    Conflict, Forbidden
        As for `give_to_second_reader`.
    """
    _may_change(transaction, reader)
    transaction.reviews.withdraw(reader.case.id, Reading.SECOND)
    before = {"reading": "second"}
    transaction.audit.note("reading.withdraw", case_id=reader.case.id, before=before)
    refresh(transaction, reader.case.id, reader.active, reader.rule)


def _may_change(transaction: Transaction, reader: Reader) -> None:
    """Hold the case, and make sure that its second reading can still go to another reader."""
    case_id = reader.case.id
    transaction.cases.lock(case_id)
    refuse_closed(transaction, case_id)
    second = transaction.reviews.readings(case_id).get(Reading.SECOND)
    if second is not None and second.reader_id == reader.user.id:
        raise Forbidden(
            message("The second reading is yours. Ask somebody else to give it to another reader.")
        )
    if has_begun(transaction, case_id):
        raise Conflict(message("The second reading has begun. It stays with its reader."))


def has_begun(transaction: Transaction, case_id: UUID) -> bool:
    """Whether the second reader has decided on a cell, or finished without a decision."""
    second = transaction.reviews.readings(case_id).get(Reading.SECOND)
    return bool(second and second.finished_at) or any(
        event.reading is Reading.SECOND for event in transaction.reviews.of_case(case_id)
    )


def knows_first(transaction: Transaction, case_id: UUID) -> frozenset[UUID]:
    """Accounts that cannot read second: they have the first reading, or took part in it.

    Who has written a comment has looked at the case, with what the first reader wrote beside it.
    """
    took_part = {
        event.reader_id
        for event in transaction.reviews.of_case(case_id)
        if event.reading is not Reading.SECOND
    }
    took_part.update(
        version.signature.signer_id for version in transaction.versions.of_case(case_id)
    )
    took_part |= transaction.discussion.interpreters(case_id)
    took_part.update(item.author_id for item in transaction.discussion.comments(case_id))
    if amendment := transaction.versions.amendment(case_id):
        took_part.add(amendment.opened_by)
    first = transaction.reviews.readings(case_id).get(Reading.FIRST)
    return frozenset(took_part if first is None else {*took_part, first.reader_id})


def disagreements(as_read: CaseAsRead) -> Sequence[Disagreement]:
    """What the two readers hold for different things, by ordinal; empty until both are finished."""
    if as_read.agreement is None:
        return ()
    first, second = (
        {item.cell.id: item for item in reviewed(as_read.read, in_force(as_read.reviews, reading))}
        for reading in (Reading.FIRST, Reading.SECOND)
    )
    settled = in_force(as_read.reviews, Reading.SETTLED)
    return [
        Disagreement(first[cell_id], second[cell_id], settled.get(cell_id))
        for cell_id in as_read.agreement.disagreements
    ]


def settle(
    transaction: Transaction, reader: Reader, cell_id: UUID, whose: Reading, now: datetime
) -> CaseAsRead:
    """Hold a cell for what the first or the second reader holds it for, from now on.

    It is an event like any other: it can be taken back, and another one can follow.

    Raises
    ------
    InvalidInput
        If `whose` is neither the first nor the second reading.
    Conflict
        If the case is signed, one of the readings is not finished, or the readers agree here.
    """
    if whose not in {Reading.FIRST, Reading.SECOND}:
        raise InvalidInput(message("Choose the first or the second reader's decision."))
    transaction.cases.lock(reader.case.id)
    refuse_closed(transaction, reader.case.id)
    as_read = read_case(transaction, reader.case, reader.active, reader.rule, reader.user.id)
    if not as_read.both_finished:
        raise Conflict(message("Cells are settled once both readings are finished."))
    found = {item.first.cell.id: item for item in disagreements(as_read)}.get(cell_id)
    if found is None:
        raise Conflict(message("The two readers do not differ on this cell."))
    held = found.held_by(whose)
    decision = Decision(held.exclusion, held.abnormalities)
    make = events_of(reader, as_read, Reading.SETTLED, now, uuid7())
    event = make(cell_id, Act.CONFIRM, None, decision, 0)
    transaction.reviews.add([event])
    note_events(transaction, "review.settle", [event])
    after = replace(as_read, reviews=[*as_read.reviews, event])
    write_line(transaction, after)
    return after
