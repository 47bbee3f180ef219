"""What goes in and out of the API. Proportions and probabilities are 0-1, times UTC."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest
from app.domain.case import (
    CONTEXT_RANGES,
    MAX_NAME_LENGTH,
    Case,
    CaseOrigin,
    ClinicalContext,
    NewCase,
    Progress,
    Sex,
)
from app.domain.cell import Framing, QualityFlag
from app.domain.finding import Exclusion, ReadCell
from app.domain.review import CellReview
from app.web.api.cell_review_schema import CellReviewRead

MAX_TEXT_LENGTH = 2000

ShortText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_LENGTH)
]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT_LENGTH)]
Probability = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    """An input: an unknown field is an error, so that a misspelt one is not lost."""

    model_config = ConfigDict(extra="forbid")


def _range(name: str, text: str) -> Any:
    low, high = CONTEXT_RANGES[name]
    return Field(None, ge=low, le=high, description=text)


class ClinicalContextCreate(_Strict):
    """What the requester knows of the patient; every field may be left out."""

    age_years: int | None = _range("age_years", "Age in years.")
    sex: Sex | None = Field(None, description="Administrative sex.")
    haemoglobin_g_dl: float | None = _range("haemoglobin_g_dl", "Haemoglobin in g/dL.")
    mcv_fl: float | None = _range("mcv_fl", "Mean corpuscular volume in fL.")
    platelets_10e9_l: float | None = _range("platelets_10e9_l", "Platelets in 10^9/L.")
    neutrophils_10e9_l: float | None = _range("neutrophils_10e9_l", "Neutrophils in 10^9/L.")
    known_cytopenia: LongText | None = Field(None, description="Known cytopenia, free text.")
    question: LongText | None = Field(None, description="The clinical question, free text.")

    def to_domain(self) -> ClinicalContext:
        """The domain's value."""
        return ClinicalContext(**self.model_dump())


class CaseCreate(_Strict):
    """A new case."""

    accession_number: ShortText = Field(description="The laboratory's number of the sample.")
    patient_identifier: ShortText = Field(
        description="Pseudonymous identifier; the patient is found by it, or made."
    )
    patient_name: ShortText | None = Field(None, description="Optional; leave out if you can.")
    clinical_context: ClinicalContextCreate = Field(
        default_factory=ClinicalContextCreate, description="What the requester knows."
    )
    site_id: UUID | None = Field(
        None, description="The laboratory that it belongs to; left out: the account's own."
    )

    def to_domain(self, site_id: UUID) -> NewCase:
        """The domain's value, in a site."""
        return NewCase(
            accession_number=self.accession_number,
            patient_identifier=self.patient_identifier,
            patient_name=self.patient_name,
            context=self.clinical_context.to_domain(),
            site_id=site_id,
        )


class ProgressRead(BaseModel):
    """How far classification is."""

    cell_count: int = Field(description="Accepted cells.")
    classified_count: int = Field(description="Cells with findings.")
    failed_count: int = Field(description="Cells that could not be classified.")
    pending_count: int = Field(description="Cells that still wait.")

    @classmethod
    def of(cls, progress: Progress) -> Self:
        """From the domain."""
        return cls(
            cell_count=progress.cell_count,
            classified_count=progress.classified_count,
            failed_count=progress.failed_count,
            pending_count=progress.pending_count,
        )


class CaseRead(BaseModel):
    """A case."""

    id: UUID = Field(description="Key of the case.")
    accession_number: str = Field(description="The laboratory's number of the sample.")
    patient_id: UUID = Field(description="Key of the patient.")
    patient_identifier: str = Field(description="Pseudonymous identifier of the patient.")
    patient_name: str | None = Field(description="Name of the patient, if one was given.")
    origin: CaseOrigin = Field(description="`laboratory`, or a demonstration's kind of images.")
    clinical_context: ClinicalContextCreate = Field(description="What the requester knows.")
    created_at: datetime = Field(description="When the case was opened, UTC.")
    site_id: UUID = Field(description="The laboratory that the case belongs to.")
    progress: ProgressRead = Field(description="How far classification is.")

    @classmethod
    def of(cls, case: Case, progress: Progress) -> Self:
        """From the domain."""
        return cls(
            id=case.id,
            accession_number=case.accession_number,
            patient_id=case.patient.id,
            patient_identifier=case.patient.identifier,
            patient_name=case.patient.name,
            origin=case.origin,
            clinical_context=ClinicalContextCreate(**vars(case.context)),
            created_at=case.created_at,
            site_id=case.site_id,
            progress=ProgressRead.of(progress),
        )


class CellState(StrEnum):
    """How far a cell is."""

    PENDING = "pending"
    CLASSIFIED = "classified"
    FAILED = "failed"


class QualityRead(BaseModel):
    """The verdict on a picture."""

    acceptable: bool = Field(description="Whether the cell may be counted.")
    flags: list[QualityFlag] = Field(description="Why not; empty if it may.")
    measures: dict[str, float] = Field(description="The numbers behind; names carry the unit.")


class CropRead(BaseModel):
    """What the classifier reads, in pixels of the upright image; right and bottom exclusive."""

    left: int = Field(description="First column, px.")
    top: int = Field(description="First row, px.")
    right: int = Field(description="Column after the last, px.")
    bottom: int = Field(description="Row after the last, px.")


class CellRead(BaseModel):
    """A cell and what was found in it."""

    id: UUID = Field(description="Key of the cell.")
    ordinal: int = Field(description="1, 2, ... in the order of acceptance.")
    file: str = Field(description="Name as sent.")
    sha256: str = Field(description="Of the bytes as sent.")
    width_px: int = Field(description="Width of the upright image, px.")
    height_px: int = Field(description="Height of the upright image, px.")
    framing: Framing = Field(description="How the leukocyte lies in the image.")
    crop: CropRead = Field(description="The part that the classifier reads.")
    quality: QualityRead = Field(description="The verdict on the picture.")
    state: CellState = Field(description="How far the cell is.")
    pmn_probability: Probability | None = Field(description="That the cell is a PMN.")
    probabilities: dict[Abnormality, Probability] | None = Field(
        description="That the cell shows each abnormality; each is judged by itself."
    )
    findings: list[Abnormality] | None = Field(
        description="Labels at or above their thresholds; counted only where `counted`."
    )
    novelty: float | None = Field(
        description="How unlike the learnt neutrophils the cell is, in the classifier's own unit; "
        "null where it measures none."
    )
    novelty_threshold: float | None = Field(
        description="Novelty from which a cell is not counted; null where none is measured."
    )
    counted: bool = Field(description="Whether the cell stands in the report's denominator.")
    exclusion: Exclusion | None = Field(description="Why it is not counted.")
    review: CellReviewRead | None = Field(
        description="What a reader holds it for, which counts instead of the findings; null where "
        "nobody has looked."
    )

    @classmethod
    def of(
        cls,
        read: ReadCell,
        state: CellState,
        manifest: BundleManifest,
        event: CellReview | None = None,
    ) -> Self:
        """From the domain; `read` is as the classifier says, `event` what holds of the reviews."""
        cell, found = read.cell, read.findings
        decision = event.decision if event else None
        exclusion = decision.exclusion if decision else read.exclusion
        return cls(
            id=cell.id,
            ordinal=cell.ordinal,
            file=cell.file_name,
            sha256=cell.content_sha256,
            width_px=cell.width_px,
            height_px=cell.height_px,
            framing=cell.location.framing,
            crop=CropRead(**vars(cell.location.crop)),
            quality=QualityRead(
                acceptable=cell.quality.acceptable,
                flags=list(cell.quality.flags),
                measures=cell.quality.measures,
            ),
            state=state,
            pmn_probability=found.pmn_probability if found else None,
            probabilities=dict(found.probabilities) if found else None,
            findings=[label for label in Abnormality if label in read.abnormalities]
            if found
            else None,
            novelty=found.novelty if found else None,
            novelty_threshold=manifest.novelty_threshold,
            counted=state is not CellState.PENDING and exclusion is None,
            exclusion=None if state is CellState.PENDING else exclusion,
            review=CellReviewRead.of(event),
        )


class CellList(BaseModel):
    """The cells of a case by ordinal."""

    items: list[CellRead] = Field(description="Cells by ordinal.")
    next_cursor: str | None = Field(description="Pass as `cursor` for more; null at the end.")
    bundle: str = Field(description="Digest of the bundle that the findings come from.")


class BundleRead(BaseModel):
    """The classifier that made a result."""

    name: str = Field(description="Name of the bundle.")
    version: str = Field(description="Version of the bundle.")
    digest: str = Field(description="SHA-256 that names every weight, threshold and coefficient.")

    @classmethod
    def of(cls, manifest: BundleManifest) -> Self:
        """From the domain."""
        return cls(name=manifest.name, version=manifest.version, digest=manifest.digest)


class TokenRead(BaseModel):
    """A bearer token; it is shown once."""

    token: str = Field(description="Send as `Authorization: Bearer TOKEN`.")
    expires_at: datetime = Field(description="When it ends, UTC.")
