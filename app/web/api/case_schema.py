"""Cases in the lists of systems, and changes of them."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.domain.case import ClinicalContext
from app.domain.case_state import CaseState
from app.domain.screening import Recommendation
from app.services.history import StandingCase
from app.web.api.schemas import CaseRead, ClinicalContextCreate, ShortText


class CaseStandingRead(CaseRead):
    """A case and where it stands in the work."""

    state: CaseState = Field(description="From the first image to the signature.")
    recommendation_code: Recommendation | None = Field(
        description="As the report has it; null while cells wait, and while a second reader reads."
    )
    # Not the name: a second reader, who looks at the case blinded, would read it there.
    reader_id: UUID | None = Field(description="Account of the first reader; null without one.")
    needs_second: bool = Field(description="Whether a second reader must read it, or reads it.")

    @classmethod
    def standing(cls, item: StandingCase) -> Self:
        """From the domain."""
        read = CaseRead.of(item.case, item.progress)
        return cls(
            **{name: getattr(read, name) for name in CaseRead.model_fields},
            state=item.line.state,
            recommendation_code=item.line.recommendation,
            reader_id=item.line.reader_id,
            needs_second=item.line.needs_second,
        )


class CaseList(BaseModel):
    """A page of cases, newest first."""

    items: list[CaseStandingRead] = Field(description="Cases, newest first.")
    next_cursor: str | None = Field(
        description="Pass as `cursor` for older cases; null at the end. `Link` has it too."
    )
    next_before: UUID | None = Field(
        description="Pass as `before` for older cases; `next_cursor` does the same.",
        deprecated=True,
    )


class CaseSearch(BaseModel):
    """What a case is found by. In a body: no address names a sample or a patient."""

    model_config = ConfigDict(extra="forbid")

    accession_number: ShortText = Field(description="The laboratory's number, exactly.")


class CaseChange(BaseModel):
    """What is to be changed of a case; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    clinical_context: ClinicalContextCreate = Field(
        description="A merge patch (RFC 7396): null empties a field, one left out stays."
    )

    def applied_to(self, context: ClinicalContext) -> ClinicalContext:
        """The context with the changes; raises `InvalidInput`."""
        changes = self.clinical_context.model_dump(exclude_unset=True)
        return ClinicalContext(**{**vars(context), **changes})
