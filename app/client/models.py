"""What the server answers. Proportions and probabilities are 0-1, times have their zone.

A field that a newer server adds is passed over.
"""

from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ClinicalContext(BaseModel):
    """What the requester knows of the patient; every field may be left out.

    Parameters
    ----------
    age_years
        Age in years.
    sex
        `female`, `male`, `other` or `unknown`.
    haemoglobin_g_dl, mcv_fl, platelets_10e9_l, neutrophils_10e9_l
        In the units of their names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    age_years: int | None = None
    sex: str | None = None
    haemoglobin_g_dl: float | None = None
    mcv_fl: float | None = None
    platelets_10e9_l: float | None = None
    neutrophils_10e9_l: float | None = None
    known_cytopenia: str | None = None
    question: str | None = None


class Progress(_Answer):
    """How far classification is, in cells."""

    cell_count: int
    classified_count: int
    failed_count: int
    pending_count: int

    @property
    def is_done(self) -> bool:
        """Whether no cell waits."""
        return self.pending_count == 0


class Case(_Answer):
    """A case: one accession of one patient."""

    id: UUID
    accession_number: str
    patient_id: UUID
    patient_identifier: str
    patient_name: str | None
    created_at: datetime
    progress: Progress


class RefusedFile(_Answer):
    """A file that was kept out: `reason` is a stable code, `detail` a sentence."""

    file: str
    reason: str
    detail: str


class Upload(_Answer):
    """What became of the files of one request."""

    id: UUID
    case_id: UUID
    status: str
    accepted_count: int
    duplicates: tuple[str, ...]
    refused: tuple[RefusedFile, ...]


class Cell(_Answer):
    """A cell and what was found in it; `findings` is None until it is classified."""

    id: UUID
    ordinal: int
    file: str
    state: str
    pmn_probability: float | None
    probabilities: dict[str, float] | None
    findings: tuple[str, ...] | None
    counted: bool
    exclusion: str | None


class Bundle(_Answer):
    """The classifier behind a result."""

    name: str
    version: str
    digest: str


class Abnormality(_Answer):
    """One abnormality among the counted PMN, with its Wilson 95 % interval."""

    label: str
    count: int
    total: int
    proportion: float | None
    interval_low: float | None
    interval_high: float | None


class Score(_Answer):
    """The screening score; it ranks cases and is no probability of VEXAS."""

    value: float
    interval_low: float
    interval_high: float
    cut_off: float


class Signature(_Answer):
    """Who vouches for a version, and for what."""

    printed_name: str
    at: datetime
    meaning: str
    meaning_code: str
    reason: str | None


class SignedVersion(_Answer):
    """A signed version of a report; it never changes."""

    number: int
    signature: Signature
    sha256: str


class Happening(_Answer):
    """What happened to a case: the message that a webhook brings.

    Parameters
    ----------
    type
        `classified`, `signed` or `amended`.
    data
        `event_id`, `case_id`, `version` (None for `classified`), `links` and more.
    """

    type: str
    timestamp: datetime
    data: dict[str, Any]

    @property
    def case_id(self) -> UUID:
        """Of which case."""
        return UUID(self.data["case_id"])

    @property
    def version(self) -> int | None:
        """Of the signed report; None for `classified`."""
        return cast("int | None", self.data["version"])


class Happenings(_Answer):
    """What happened, oldest first. Keep `next_cursor`, and ask with it for what comes after."""

    items: tuple[Happening, ...]
    next_cursor: str
    has_more: bool


class Report(_Answer):
    """What was read on one case. Show `notice` with every figure.

    Parameters
    ----------
    complete
        False while cells wait: then there is neither score nor recommendation.
    version
        Number of a signed version; None for the report as it stands.
    content
        All of the answer, for what has no field here.
    """

    notice: str
    case: Case
    created_at: datetime
    complete: bool
    pmn_count: int
    abnormalities: tuple[Abnormality, ...]
    score: Score | None
    recommendation: str | None
    recommendation_code: str | None
    warnings: tuple[str, ...]
    version: int | None
    signature: Signature | None
    bundle: Bundle
    content: Annotated[dict[str, Any], Field(default_factory=dict, repr=False)]

    @model_validator(mode="before")
    @classmethod
    def _keep(cls, content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "content": content}
