"""REST: a case is classified by another bundle."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app.domain.bundle_switch import Reclassification
from app.domain.signing import MAX_REASON_LENGTH
from app.services.reclassifying import reclassify
from app.services.signing import refuse_blinded
from app.web.api.problems import problems
from app.web.dependencies import ContainerDep, UserDep, reader_on

router = APIRouter(prefix="/cases", tags=["cases"])

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ReclassificationCreate(BaseModel):
    """Which bundle is to read the case, and why."""

    bundle: Digest = Field(
        description="Digest of an installed bundle.", examples=["5ad9a8be27f0" + "0" * 52]
    )
    reason: str = Field(
        min_length=1,
        max_length=MAX_REASON_LENGTH,
        description="Why; of a signed case it is the reason of the amendment.",
        examples=["Measured better on hypogranular cells."],
    )


class ReclassificationRead(BaseModel):
    """A case was given to another bundle."""

    id: UUID = Field(description="Its key.")
    case_id: UUID = Field(description="Key of the case.")
    from_bundle: str | None = Field(description="Digest of the bundle that it stood on.")
    to_bundle: str = Field(description="Digest of the bundle that it stands on from then.")
    by: str = Field(description="Printed name of who asked for it.")
    at: datetime = Field(description="When, UTC.")
    reason: str = Field(description="Why.")

    @classmethod
    def of(cls, made: Reclassification) -> Self:
        """From the domain."""
        return cls(
            id=made.id,
            case_id=made.case_id,
            from_bundle=made.from_digest,
            to_bundle=made.to_digest,
            by=made.by_name,
            at=made.at,
            reason=made.reason,
        )


class ReclassificationList(BaseModel):
    """Every time that a case was given to another bundle, oldest first."""

    items: list[ReclassificationRead] = Field(description="Oldest first.")


@router.post(
    "/{case_id}/reclassifications",
    status_code=201,
    responses=problems(403, 404, 409, 413, 422),
    summary="Have a case classified by another bundle",
)
def create_reclassification(
    case_id: UUID,
    new: ReclassificationCreate,
    container: ContainerDep,
    user: UserDep,
    response: Response,
) -> ReclassificationRead:
    """Let an installed bundle read all cells of the case; what the one before found is kept.

    A signed case is opened by an amendment with the same reason: its signed version stays as it
    is. Follow `progress` of the case until it is read.
    """
    candidate = container.candidate(new.bundle)
    with container.transactions() as transaction:
        reader = reader_on(container, transaction, user, case_id)
        made = reclassify(transaction, reader, candidate, new.reason, container.now())
    response.headers["Location"] = f"/api/v1/cases/{case_id}/reclassifications"
    return ReclassificationRead.of(made)


@router.get(
    "/{case_id}/reclassifications",
    responses=problems(403, 404, 422),
    summary="The bundles that a case was given to",
)
def list_reclassifications(
    case_id: UUID, container: ContainerDep, user: UserDep
) -> ReclassificationList:
    """Who gave the case to another bundle, when and why."""
    with container.transactions() as transaction:
        transaction.cases.get(case_id)
        refuse_blinded(transaction, case_id, user.id)
        found = transaction.case_bundles.reclassifications(case_id)
    return ReclassificationList(items=[ReclassificationRead.of(made) for made in found])
