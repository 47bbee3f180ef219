"""Undo: a reader takes the last action back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.review import Act, CellReview, Decision, standing, to_undo
from app.ports import Transaction
from app.services.reviewing import Reader, Reviewed, begin, events_of, is_done, note_events
from app.services.worklist import write_line


def undo(
    transaction: Transaction, reader: Reader, now: datetime, request_id: UUID | None = None
) -> Reviewed:
    """Take the reader's last action back, on each cell that nobody has changed since.

    With a `request_id` that is stored already nothing is done, as for `relabel`.

    Raises
    ------
    Conflict, Forbidden
        As for `relabel`.
    """
    as_read, reading = begin(transaction, reader, now)
    if is_done(as_read, request_id):
        return Reviewed(as_read, ())
    action_id = to_undo(as_read.reviews, reader.user.id, reading)
    if action_id is None:
        return Reviewed(as_read, ())
    stacks = standing(as_read.reviews, reading)
    done = [item.cell_id for item in as_read.reviews if item.action_id == action_id]
    undone = [cell_id for cell_id in done if _is_last(stacks[cell_id], action_id)]
    kept = tuple(cell_id for cell_id in done if cell_id not in undone)
    event = events_of(reader, as_read, reading, now, request_id or uuid7(), undoes=action_id)
    # Where nothing of it stands any more, a mark: else it would be found again and again.
    events = [
        event(cell_id, Act.UNDO, None, _beneath(stacks[cell_id], action_id), offset)
        for offset, cell_id in enumerate(undone or done[:1])
    ]
    transaction.reviews.add(events)
    note_events(transaction, "review.undo", events)
    after = replace(as_read, reviews=[*as_read.reviews, *events])
    write_line(transaction, after)
    return Reviewed(after, tuple(events), kept)


def _is_last(stack: Sequence[CellReview], action_id: UUID) -> bool:
    return bool(stack) and stack[-1].action_id == action_id


def _beneath(stack: Sequence[CellReview], action_id: UUID) -> Decision | None:
    """What holds once the action is taken back, where it stands last; else what holds now."""
    left = stack[:-1] if _is_last(stack, action_id) else stack
    return left[-1].decision if left else None
