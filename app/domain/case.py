"""Patients, cases (one accession each) and uploads."""

import unicodedata
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.errors import Conflict, InvalidInput, RefusedFile
from app.domain.message import message
from app.domain.site import DEFAULT_SITE_ID

MAX_NAME_LENGTH = 200
# Controls, format marks, lone surrogates, line and paragraph separators: what cannot be seen and
# yet changes a line. Spaces of every width are text.
REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class Sex(StrEnum):
    """Administrative sex, as in FHIR's AdministrativeGender."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class CaseOrigin(StrEnum):
    """Where the images of a case come from; shown on every page that is not of a patient."""

    LABORATORY = "laboratory"
    SYNTHETIC = "synthetic"
    OPEN_DATA = "open_data"

    @property
    def notice(self) -> str | None:
        """The warning that pages and reports carry; none for a laboratory's own case."""
        return _ORIGIN_NOTICES[self]


_ORIGIN_NOTICES = {
    CaseOrigin.LABORATORY: None,
    CaseOrigin.SYNTHETIC: message(
        "Synthetic demonstration: every cell was drawn by a program. Not a patient."
    ),
    CaseOrigin.OPEN_DATA: message(
        "Demonstration with published images of healthy donors, some with lesions drawn by a "
        "program. Not a patient."
    ),
}


@dataclass(frozen=True)
class ClinicalContext:
    """What the requester knows of the patient; each value may be absent.

    Parameters
    ----------
    haemoglobin_g_dl, mcv_fl, platelets_10e9_l, neutrophils_10e9_l
        In the units of their names.
    known_cytopenia, question
        Free text of the requester.
    """

    age_years: int | None = None
    sex: Sex | None = None
    haemoglobin_g_dl: float | None = None
    mcv_fl: float | None = None
    platelets_10e9_l: float | None = None
    neutrophils_10e9_l: float | None = None
    known_cytopenia: str | None = None
    question: str | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in CONTEXT_RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InvalidInput(
                    message(
                        "{name} is {value:g}; it must lie between {low:g} and {high:g}. "
                        "Check the value and its unit.",
                        name=name,
                        value=value,
                        low=low,
                        high=high,
                    )
                )

    @property
    def is_empty(self) -> bool:
        """Whether nothing was given."""
        return all(getattr(self, item.name) is None for item in fields(self))


# Wider than any patient: they catch a wrong unit (g/L for g/dL), not an unusual result.
CONTEXT_RANGES: dict[str, tuple[float, float]] = {
    "age_years": (0, 130),
    "haemoglobin_g_dl": (1, 30),
    "mcv_fl": (40, 180),
    "platelets_10e9_l": (0, 5000),
    "neutrophils_10e9_l": (0, 500),
}


@dataclass(frozen=True)
class Patient:
    """A person under a pseudonymous identifier; the name is optional."""

    id: UUID
    identifier: str
    name: str | None = None


def refuse_other_name(stored: str | None, given: str | None) -> None:
    """Raise `Conflict` where a name is not the stored one: somebody else is meant."""
    if given and stored is not None and given != stored:
        raise Conflict(
            message(
                "The patient with this identifier is stored under another name. "
                "Check the identifier; leave the name out to keep the stored one."
            )
        )


@dataclass(frozen=True)
class Case:
    """One accession of one patient."""

    id: UUID
    patient: Patient
    accession_number: str
    context: ClinicalContext
    origin: CaseOrigin
    created_at: datetime
    site_id: UUID = DEFAULT_SITE_ID


@dataclass(frozen=True)
class NewCase:
    """What is needed to open a case."""

    accession_number: str
    patient_identifier: str
    patient_name: str | None = None
    context: ClinicalContext = ClinicalContext()
    origin: CaseOrigin = CaseOrigin.LABORATORY
    site_id: UUID = DEFAULT_SITE_ID

    def __post_init__(self) -> None:
        for name in ("accession_number", "patient_identifier"):
            _require_text(name, getattr(self, name))
        if self.patient_name is not None:
            _require_text("patient_name", self.patient_name)


def _require_text(name: str, value: str) -> None:
    if not value.strip() or len(value) > MAX_NAME_LENGTH:
        raise InvalidInput(
            message(
                "{name} must have between 1 and {most} characters.", name=name, most=MAX_NAME_LENGTH
            )
        )
    if any(unicodedata.category(char) in REFUSED_CATEGORIES for char in value):
        raise InvalidInput(message("{name} holds a control character. Remove it.", name=name))


@dataclass(frozen=True)
class Upload:
    """One delivery of images to a case: what was accepted, what was not.

    Parameters
    ----------
    duplicates
        Names of images that the case had already.
    file_name
        Of the one file that it came in, an archive for example; None where it came in several.
    size_bytes
        Of that file.
    """

    id: UUID
    case_id: UUID
    created_at: datetime
    accepted_count: int
    duplicates: tuple[str, ...]
    refused: tuple[RefusedFile, ...]
    file_name: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True)
class Progress:
    """How far classification is, in cells."""

    cell_count: int
    classified_count: int
    failed_count: int

    @property
    def pending_count(self) -> int:
        """Cells that still wait."""
        return max(0, self.cell_count - self.classified_count - self.failed_count)

    @property
    def done(self) -> bool:
        """Whether nothing waits."""
        return self.pending_count == 0
