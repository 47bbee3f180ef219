"""Reviewing: readers relabel cells, and finish their readings; `undoing` takes it back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.access import Permission
from app.domain.case import Case
from app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from app.domain.message import Message, message
from app.domain.review import (
    LABELLED_ACTS,
    Act,
    CellReview,
    Decision,
    Reading,
    ReviewRule,
    changed_by_others,
    decide,
    latest,
    reviewed,
)
from app.domain.signing import not_reviewed
from app.domain.user import User
from app.ports import Bundle, Transaction
from app.services.cancelling import CANCELLED, is_cancelled
from app.services.reading import CaseAsRead, read_case
from app.services.worklist import write_line

SIGNED = message("The case is signed. Open an amendment, with its reason, to change it.")
MOST_CELLS = 5000
EXCLUDING_ACTS = {Act.EXCLUDE, Act.INCLUDE}


@dataclass(frozen=True)
class Reader:
    """Who reviews, on which case, and under which rule."""

    user: User
    case: Case
    active: Bundle
    rule: ReviewRule


@dataclass(frozen=True)
class Reviewed:
    """What an action did.

    Parameters
    ----------
    as_read
        The case as it stands after it.
    events
        What was stored; empty where there was nothing to do.
    kept
        Cells that were not undone or confirmed, because somebody has changed them since.
    """

    as_read: CaseAsRead
    events: tuple[CellReview, ...]
    kept: tuple[UUID, ...] = ()


def relabel(
    transaction: Transaction,
    reader: Reader,
    cell_ids: Sequence[UUID],
    act: Act,
    label: Abnormality | None,
    now: datetime,
    action_id: UUID | None = None,
    *,
    seen_sequence: int | None = None,
) -> Reviewed:
    """Do one thing to some cells of a case, as one action.

    With an `action_id` that is stored already nothing is done: who had no answer may ask again.

    The case is held meanwhile. An act changes one thing of what holds by then: two readers who
    call two abnormalities on one cell at the same time leave a cell with both. But nobody confirms
    what they have not seen: cells that another reader has changed after `seen_sequence`, the last
    event that the reader was shown, are kept as they are.

    Raises
    ------
    InvalidInput
        If the act does not fit its label, or there are no cells, or too many.
    NotFound
        If a cell is not one of the case's, or is not read yet.
    Conflict
        If the case is signed, or the reading is finished.
    Forbidden
        If the reader has finished the second reading and waits for the first; or who may only
        exclude does something else, or comes when a reader is at work.
    """
    _check(act, label, cell_ids)
    _check_permitted(reader.user, act)
    as_read, reading = begin(transaction, reader, now)
    if is_done(as_read, action_id):
        return Reviewed(as_read, ())
    holding = latest(as_read.reviews, reading)
    if reading is Reading.SETTLED:
        holding = as_read.events
    cells = {item.cell.id: item for item in reviewed(as_read.read, holding)}
    if unknown := [cell_id for cell_id in cell_ids if cell_id not in cells]:
        raise NotFound(
            message("{count} cells are not in this case, or not read yet.", count=len(unknown))
        )
    unseen = _unseen(as_read, reader, act, seen_sequence)
    kept = tuple(cell_id for cell_id in dict.fromkeys(cell_ids) if cell_id in unseen)
    decisions = {
        cell_id: decide(act, label, cells[cell_id])
        for cell_id in dict.fromkeys(cell_ids)
        if cell_id not in unseen
    }
    event = events_of(reader, as_read, reading, now, action_id or uuid7())
    events = tuple(
        event(cell_id, act, label, decision, offset)
        for offset, (cell_id, decision) in enumerate(decisions.items())
    )
    transaction.reviews.add(events)
    note_events(transaction, "review.change", events)
    after = replace(as_read, reviews=[*as_read.reviews, *events])
    write_line(transaction, after)
    return Reviewed(after, events, kept)


def note_events(transaction: Transaction, action: str, events: Sequence[CellReview]) -> None:
    """Tell the audit of one action; what it changed on each cell stands in its events."""
    if not events:
        return
    first, last = events[0], events[-1]
    after = {
        "act": first.act.value,
        "label": first.label.value if first.label else None,
        "reading": first.reading.value,
        "cells": len(events),
        "events": [first.sequence, last.sequence],
    }
    transaction.audit.note(action, case_id=first.case_id, after=after)


def _check_permitted(user: User, act: Act) -> None:
    """Who may only exclude says nothing else of a cell."""
    if act not in EXCLUDING_ACTS and not user.may(Permission.REVIEW):
        raise Forbidden(message("Your account may only exclude cells, and put them back."))


def _unseen(
    as_read: CaseAsRead, reader: Reader, act: Act, seen_sequence: int | None
) -> frozenset[UUID]:
    """What an act may not certify; every other act says itself what shall hold."""
    if act is not Act.CONFIRM or seen_sequence is None:
        return frozenset()
    return changed_by_others(as_read.visible_reviews, reader.user.id, seen_sequence)


def reading_of(as_read: CaseAsRead) -> Reading:
    """The reading that the viewer's actions belong to."""
    if as_read.is_blinded:
        return Reading.SECOND
    return Reading.SETTLED if as_read.both_finished else Reading.FIRST


def finish(transaction: Transaction, reader: Reader, now: datetime) -> CaseAsRead:
    """Finish the reader's reading.

    Raises
    ------
    Conflict
        If cells wait for classification, or cells of low confidence are not looked at.
    """
    as_read, reading = begin(transaction, reader, now)
    if not as_read.progress.done:
        raise Conflict(message("Cells wait for classification. Finish the reading after it."))
    if as_read.unreviewed:
        raise Conflict(not_reviewed(len(as_read.unreviewed)))
    transaction.reviews.finish(reader.case.id, reading, now)
    after = {"reading": reading.value}
    transaction.audit.note("reading.finish", case_id=reader.case.id, after=after)
    return _written(transaction, reader)


def reopen(transaction: Transaction, reader: Reader) -> CaseAsRead:
    """Go on with a reading that was finished.

    Raises
    ------
    Conflict
        If the case is signed, or if both readings are finished: each has been shown to the other.
    """
    transaction.cases.lock(reader.case.id)
    refuse_closed(transaction, reader.case.id)
    as_read = _read(transaction, reader)
    if as_read.both_finished:
        raise Conflict(
            message("Both readings are finished and known to both readers. Settle what differs.")
        )
    reading = reading_of(as_read)
    transaction.reviews.finish(reader.case.id, reading, None)
    after = {"reading": reading.value}
    transaction.audit.note("reading.reopen", case_id=reader.case.id, after=after)
    return _written(transaction, reader)


def is_closed(transaction: Transaction, case_id: UUID) -> bool:
    """Whether a case is signed, and no amendment is open."""
    versions = transaction.versions
    return bool(versions.count(case_id)) and versions.amendment(case_id) is None


def refuse_closed(transaction: Transaction, case_id: UUID) -> None:
    """Raise `Conflict` where a case is signed and no amendment is open, or is cancelled."""
    if why := why_closed(transaction, case_id):
        raise Conflict(why)


def why_closed(transaction: Transaction, case_id: UUID) -> Message | None:
    """Why nothing can be added to a case: it is cancelled, or signed; None where it is open."""
    if is_cancelled(transaction, case_id):
        return CANCELLED
    return SIGNED if is_closed(transaction, case_id) else None


def _check(act: Act, label: Abnormality | None, cell_ids: Sequence[UUID]) -> None:
    if act is Act.UNDO:
        raise InvalidInput(message("Undo takes no cells."))
    if (label is not None) != (act in LABELLED_ACTS):
        raise InvalidInput(message("Give an abnormality with call and uncall, and only there."))
    if not 1 <= len(cell_ids) <= MOST_CELLS:
        raise InvalidInput(message("Give between 1 and {most} cells.", most=MOST_CELLS))


def is_done(as_read: CaseAsRead, action_id: UUID | None) -> bool:
    """Whether an action is stored already: who had no answer has asked again."""
    return action_id is not None and any(event.action_id == action_id for event in as_read.reviews)


def begin(transaction: Transaction, reader: Reader, now: datetime) -> tuple[CaseAsRead, Reading]:
    """Hold the case, and make sure that the reader may change something now.

    Raises
    ------
    Conflict
        If the case is signed, or the reading is finished.
    Forbidden
        If the reader has finished the second reading and waits for the first.
    """
    transaction.cases.lock(reader.case.id)
    refuse_closed(transaction, reader.case.id)
    as_read = _read(transaction, reader)
    reading = reading_of(as_read)
    if not reader.user.may(Permission.REVIEW):
        return _prepare(as_read), Reading.FIRST
    if reading is Reading.SETTLED:
        return as_read, reading
    state = as_read.readings.get(reading)
    if state is None:
        transaction.reviews.assign(reader.case.id, reading, reader.user, reader.user, now)
    elif state.finished_at is not None:
        _go_on(transaction, as_read, reading)
    else:
        return as_read, reading
    return _read(transaction, reader), reading


def _prepare(as_read: CaseAsRead) -> CaseAsRead:
    """Who may only exclude prepares a case for its readers, and is done once they are."""
    first = as_read.readings.get(Reading.FIRST)
    if Reading.SECOND in as_read.readings or (first and first.finished_at):
        raise Forbidden(message("The case has been read. Ask its reader to exclude the cell."))
    return as_read


def _go_on(transaction: Transaction, as_read: CaseAsRead, reading: Reading) -> None:
    """A finished reading goes on by itself where nobody waits for it."""
    if reading is Reading.SECOND:
        raise Forbidden(
            message("You have finished the second reading. The first one is not finished yet.")
        )
    if Reading.SECOND in as_read.readings:
        raise Conflict(
            message("The first reading is finished. Open it again before you change it.")
        )
    transaction.reviews.finish(as_read.case.id, reading, None)


def _written(transaction: Transaction, reader: Reader) -> CaseAsRead:
    """The case as it stands now, which the worklist then shows too."""
    as_read = _read(transaction, reader)
    write_line(transaction, as_read)
    return as_read


def _read(transaction: Transaction, reader: Reader) -> CaseAsRead:
    return read_case(transaction, reader.case, reader.active, reader.rule, reader.user.id)


Event = Callable[[UUID, Act, Abnormality | None, Decision | None, int], CellReview]


def events_of(
    reader: Reader,
    as_read: CaseAsRead,
    reading: Reading,
    now: datetime,
    action_id: UUID,
    undoes: UUID | None = None,
) -> Event:
    """Make the function that makes the events of one action."""
    last = max((item.sequence for item in as_read.reviews), default=0)

    def event(
        cell_id: UUID,
        act: Act,
        label: Abnormality | None,
        decision: Decision | None,
        offset: int,
    ) -> CellReview:
        return CellReview(
            id=uuid7(),
            case_id=reader.case.id,
            sequence=last + 1 + offset,
            cell_id=cell_id,
            reading=reading,
            reader_id=reader.user.id,
            reader_name=reader.user.printed_name,
            at=now,
            act=act,
            label=label,
            decision=decision,
            action_id=action_id,
            undoes=undoes,
            bundle_digest=as_read.bundle.manifest.digest,
        )

    return event
