"""What a reader decided on one cell, as JSON."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from app.domain.abnormality import Abnormality
from app.domain.finding import Exclusion
from app.domain.review import CellReview


class CellReviewRead(BaseModel):
    """What a reader holds a cell for."""

    exclusion: Exclusion | None = Field(description="Why it is left out; null where counted.")
    abnormalities: list[Abnormality] = Field(description="What it shows.")
    reader: str = Field(description="Printed name of who decided.")
    at: datetime = Field(description="When, UTC.")

    @classmethod
    def of(cls, event: CellReview | None) -> Self | None:
        """From the domain; None where nobody has decided."""
        if event is None or event.decision is None:
            return None
        shown = event.decision.abnormalities
        return cls(
            exclusion=event.decision.exclusion,
            abnormalities=[label for label in Abnormality if label in shown],
            reader=event.reader_name,
            at=event.at,
        )
