"""Comments on cells and cases, and the interpretation under the numbers."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.discussion import MAX_COMMENT_LENGTH, Comment, written
from app.domain.errors import Conflict, Forbidden, NotFound
from app.domain.message import message
from app.domain.review import Reading
from app.ports import Transaction
from app.services.reading import CaseAsRead
from app.services.reviewing import Reader, refuse_closed


def comment(
    transaction: Transaction, reader: Reader, cell_id: UUID | None, text: str, now: datetime
) -> Comment:
    """Write about a case, or about one of its cells; signed cases too.

    Raises
    ------
    InvalidInput
        If the text is empty or too long.
    NotFound
        If the cell is not the case's.
    Gone
        If the case was erased meanwhile.
    """
    transaction.cases.lock(reader.case.id)
    if cell_id is not None and transaction.cells.get(cell_id).case_id != reader.case.id:
        raise NotFound(message("There is no such cell in this case."))
    user = reader.user
    made = Comment(uuid7(), reader.case.id, cell_id, user.id, user.printed_name, now, written(text))
    transaction.discussion.add_comment(made)
    subject = f"cell:{cell_id}" if cell_id else None
    after = {"characters": len(made.text)}
    transaction.audit.note("comment.write", case_id=reader.case.id, subject=subject, after=after)
    return made


def comments_for(
    transaction: Transaction, as_read: CaseAsRead, viewer_id: UUID
) -> Sequence[Comment]:
    """What the viewer may read: until both readings are finished, neither reader sees the other's.

    The blinded second reader sees only what is of their own hand; everybody else sees all but what
    the second reader wrote since the reading was given.
    """
    found = transaction.discussion.comments(as_read.case.id)
    if as_read.is_blinded:
        return [item for item in found if item.author_id == viewer_id]
    second = as_read.readings.get(Reading.SECOND)
    if second is None or as_read.both_finished:
        return found
    hidden = second.reader_id
    return [item for item in found if item.author_id != hidden or item.at < second.assigned_at]


def interpret(
    transaction: Transaction,
    reader: Reader,
    text: str,
    seen_at: datetime | None,
    now: datetime,
    *,
    is_blinded: bool,
) -> None:
    """Write what stands under the numbers; an empty text takes it away.

    Parameters
    ----------
    seen_at
        When the interpretation was written that is to be replaced; None where there was none.

    Raises
    ------
    InvalidInput
        If it is too long.
    Conflict
        If the case is signed, or somebody else has written since `seen_at`.
    Forbidden
        For the blinded second reader.
    """
    if is_blinded:
        raise Forbidden(message("The second reader does not write the interpretation."))
    transaction.cases.lock(reader.case.id)
    refuse_closed(transaction, reader.case.id)
    current = transaction.discussion.interpretation(reader.case.id)
    cleaned = written(text, MAX_COMMENT_LENGTH) if text.strip() else ""
    if seen_at != (current.at if current else None):
        raise Conflict(message("The interpretation has been changed since you opened it."))
    transaction.discussion.add_interpretation(reader.case.id, cleaned, reader.user, now)
    after = {"characters": len(cleaned)}
    transaction.audit.note("interpretation.write", case_id=reader.case.id, after=after)
