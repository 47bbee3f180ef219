"""REST: what readers decided, event by event, and what holds now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.domain.abnormality import Abnormality
from app.domain.finding import Exclusion
from app.domain.review import Act, CellReview, Reading
from app.services.reading import CaseAsRead, read_case
from app.web.api.cell_review_schema import CellReviewRead
from app.web.api.paging import Cursor, link_next, to_cursor, whole_number_from
from app.web.api.problems import problems
from app.web.dependencies import ContainerDep, UserDep

router = APIRouter(prefix="/cases", tags=["reviews"])

MAX_EVENTS = 10_000


class ReviewEventRead(BaseModel):
    """One act of a reader on one cell; it is never changed."""

    id: UUID = Field(description="Key of the event.")
    sequence: int = Field(description="1, 2, ... among the events that you may see.")
    cell_id: UUID = Field(description="Key of the cell.")
    reading: Reading = Field(description="The first, the blinded second, or what both settled.")
    reader: str = Field(description="Printed name of who acted.")
    at: datetime = Field(description="When, UTC.")
    act: Act = Field(description="What was done.")
    label: Abnormality | None = Field(description="With `call` and `uncall`: which abnormality.")
    decided: bool = Field(description="False where the act leaves the classifier's word standing.")
    exclusion: Exclusion | None = Field(description="Why it is left out from then on.")
    abnormalities: list[Abnormality] = Field(description="What it shows from then on.")
    action_id: UUID = Field(description="Shared by the events of one action on many cells.")
    undoes: UUID | None = Field(description="The action that it takes back.")
    bundle: str = Field(description="Digest of the bundle whose findings the reader saw.")

    @classmethod
    def of(cls, event: CellReview) -> Self:
        """From the domain."""
        decision = event.decision
        shown = decision.abnormalities if decision else frozenset()
        return cls(
            id=event.id,
            sequence=event.sequence,
            cell_id=event.cell_id,
            reading=event.reading,
            reader=event.reader_name,
            at=event.at,
            act=event.act,
            label=event.label,
            decided=decision is not None,
            exclusion=decision.exclusion if decision else None,
            abnormalities=[label for label in Abnormality if label in shown],
            action_id=event.action_id,
            undoes=event.undoes,
            bundle=event.bundle_digest,
        )


class DecisionRead(CellReviewRead):
    """What a cell is held for now."""

    cell_id: UUID = Field(description="Key of the cell.")


class ReviewList(BaseModel):
    """The review of a case."""

    events: list[ReviewEventRead] = Field(description="In the order in which they happened.")
    decisions: list[DecisionRead] = Field(
        description="What holds for each cell that a reader has looked at, by ordinal."
    )
    unreviewed: list[UUID] = Field(description="Cells that a reader must still look at.")
    next_cursor: str | None = Field(
        description="Pass as `cursor` for later events; null at the end."
    )


@router.get("/{case_id}/reviews", responses=problems(404, 422), summary="The review of a case")
def list_reviews(
    request: Request,
    response: Response,
    case_id: UUID,
    container: ContainerDep,
    user: UserDep,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MAX_EVENTS, description="Most events.")] = 1000,
) -> ReviewList:
    """Events as far as you may see them: a second reader sees nothing of the first reading.

    The decisions are the same on each page: as they stand now.
    """
    after = whole_number_from(cursor)
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        as_read = read_case(transaction, case, container.bundle, container.review_rule, user.id)
    later = [event for event in as_read.visible_reviews if event.sequence > after]
    following = to_cursor(str(later[limit - 1].sequence)) if len(later) > limit else None
    link_next(request, response, following)
    return ReviewList(
        events=[ReviewEventRead.of(event) for event in later[:limit]],
        decisions=_decisions(as_read),
        unreviewed=_by_ordinal(as_read, as_read.unreviewed),
        next_cursor=following,
    )


def _decisions(as_read: CaseAsRead) -> list[DecisionRead]:
    held = {cell_id: CellReviewRead.of(event) for cell_id, event in as_read.events.items()}
    return [
        DecisionRead(cell_id=cell_id, **vars(decision))
        for cell_id in _by_ordinal(as_read, frozenset(held))
        if (decision := held[cell_id]) is not None
    ]


def _by_ordinal(as_read: CaseAsRead, cell_ids: frozenset[UUID]) -> Sequence[UUID]:
    return [item.cell.id for item in as_read.read if item.cell.id in cell_ids]
