"""Deliveries of images, as JSON."""

from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.domain.case import Upload
from app.web.api.problems import RefusedFileRead
from app.web.api.schemas import CellRead, CellState


class UploadStatus(StrEnum):
    """How far a delivery is."""

    CLASSIFYING = "classifying"
    DONE = "done"


class UploadRead(BaseModel):
    """One delivery of images and what became of them."""

    id: UUID = Field(description="Key of the delivery.")
    case_id: UUID = Field(description="Key of its case.")
    created_at: datetime = Field(description="When it was accepted, UTC.")
    status: UploadStatus = Field(description="`done` once no cell of it waits.")
    accepted_count: int = Field(description="New cells.")
    duplicates: list[str] = Field(description="Files whose image the case had already.")
    refused: list[RefusedFileRead] = Field(description="Files that were kept out, and why.")
    cells: list[CellRead] = Field(description="The new cells; findings as far as they are there.")

    @classmethod
    def of(cls, upload: Upload, cells: list[CellRead]) -> Self:
        """From the domain."""
        pending = any(cell.state is CellState.PENDING for cell in cells)
        return cls(
            id=upload.id,
            case_id=upload.case_id,
            created_at=upload.created_at,
            status=UploadStatus.CLASSIFYING if pending else UploadStatus.DONE,
            accepted_count=upload.accepted_count,
            duplicates=list(upload.duplicates),
            refused=[RefusedFileRead(**vars(item)) for item in upload.refused],
            cells=cells,
        )
