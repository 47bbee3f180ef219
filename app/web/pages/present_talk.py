"""What readers did with a cell and wrote about it or its case, in words."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from app.domain.cell import Cell
from app.domain.discussion import Comment
from app.domain.message import message
from app.domain.review import Act, CellReview
from app.services.reading import CaseAsRead
from app.web.language import gettext, translated
from app.web.pages import wording
from app.web.pages.contexts import CellTalk, Comments, HistoryLine, Remark
from app.web.pages.present import case_path
from app.web.pages.present_cells import cell_path

_ACTS = {
    Act.NORMAL: message("normal"),
    Act.EXCLUDE: message("left out"),
    Act.INCLUDE: message("counted"),
    Act.CONFIRM: message("confirmed"),
    Act.UNDO: message("took back"),
}


def cell_talk(
    as_read: CaseAsRead, cell: Cell, comments: Iterable[Comment], now: datetime
) -> CellTalk:
    """Decisions on a cell that the viewer may see, latest first, and the comments on it."""
    events = [event for event in as_read.visible_reviews if event.cell_id == cell.id]
    own = [item for item in comments if item.cell_id == cell.id]
    return CellTalk(
        history=tuple(_history_line(event, now) for event in reversed(events)),
        comments=comments_part(own, cell.case_id, cell.id, now),
        similar_path=f"{cell_path(cell)}/similar",
    )


def comments_part(
    comments: Iterable[Comment], case_id: UUID, cell_id: UUID | None, now: datetime
) -> Comments:
    """The comments on a case itself or on one of its cells, oldest first."""
    return Comments(
        remarks=tuple(
            Remark(item.author_name, wording.moment(item.at, now), item.text)
            for item in comments
            if item.cell_id == cell_id
        ),
        path=f"{case_path(case_id)}/comments",
        cell_id=str(cell_id) if cell_id else "",
    )


def _history_line(event: CellReview, now: datetime) -> HistoryLine:
    return HistoryLine(event.reader_name, wording.moment(event.at, now), _act(event))


def _act(event: CellReview) -> str:
    if event.label is None:
        return translated(_ACTS[event.act])
    label = translated(event.label.wording)
    said = gettext("{label}: yes") if event.act is Act.CALL else gettext("{label}: no")
    return said.format(label=label)
