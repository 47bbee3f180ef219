"""Erasing a patient: what goes, what stays, and the proof of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.case import Case
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.domain.naming_people import is_named

MAX_REASON_LENGTH = 500


class ErasureCause(StrEnum):
    """Why a case was erased."""

    REQUEST = "request"
    """A person asked for it."""
    RETENTION = "retention"
    """Its time was over."""


@dataclass(frozen=True)
class ErasedCase:
    """What stays of a case: keys, times and counts, and nothing that leads to a person.

    Parameters
    ----------
    counts
        Of cells, PMN and each abnormality as they were reported last; empty without a report.
    versions
        Number and SHA-256 of each signed version, whose text is gone.
    """

    case_id: UUID
    opened_at: datetime
    counts: Mapping[str, int]
    recommendation: str | None
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Erasure:
    """One erasure, and how far it is.

    Parameters
    ----------
    patient_id
        The key under which the patient was known; None where other cases of the patient stay.
    image_count, shared_count
        Images that are removed, and those that stay since another patient's case has the same.
    removed_at
        When the last image was gone from the object store, looked up there; None until then.
    """

    id: UUID
    patient_id: UUID | None
    cases: tuple[ErasedCase, ...]
    cause: ErasureCause
    reason: str
    erased_by: str
    erased_at: datetime
    image_count: int
    shared_count: int
    removed_at: datetime | None = None


@dataclass(frozen=True)
class RetentionRule:
    """For how long cases are kept; None: for ever.

    Parameters
    ----------
    signed
        Since the last signature of a case.
    unsigned
        Since a case without a signature was opened.
    """

    signed: timedelta | None = None
    unsigned: timedelta | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is erased by itself."""
        return self.signed is None and self.unsigned is None

    def is_over(self, opened_at: datetime, signed_at: datetime | None, now: datetime) -> bool:
        """Whether the time of a case is over."""
        kept = self.unsigned if signed_at is None else self.signed
        return kept is not None and (signed_at or opened_at) + kept <= now


def checked_reason(text: str, cases: Collection[Case]) -> str:
    """The reason of an erasure; it is kept for ever, so it must not name the patient.

    Raises
    ------
    InvalidInput
        If it is empty or too long, or holds what is to be erased.
    """
    reason = " ".join(text.split())
    if not 0 < len(reason) <= MAX_REASON_LENGTH or not reason.isprintable():
        raise InvalidInput(
            message("Give a reason of 1 to {most} characters.", most=MAX_REASON_LENGTH)
        )
    if any(is_named(reason, _numbers(case), case.patient.name) for case in cases):
        raise InvalidInput(
            message(
                "The reason names the patient or a case. It is kept when they are gone: leave out "
                "name, identifier and accession number."
            )
        )
    return reason


def _numbers(case: Case) -> tuple[str, str]:
    return case.accession_number, case.patient.identifier
