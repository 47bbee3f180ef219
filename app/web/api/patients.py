"""REST: patients. Their identifiers stand in bodies, never in addresses."""

from typing import Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain.case import Case, Patient
from app.domain.errors import NotFound
from app.domain.message import message
from app.domain.user import User
from app.ports import Transaction
from app.services.history import standing
from app.web.api.case_schema import CaseStandingRead
from app.web.api.paging import Cursor, Limit, key_from, link_next, to_cursor
from app.web.api.problems import problems
from app.web.api.schemas import ShortText
from app.web.dependencies import ContainerDep, UserDep

router = APIRouter(prefix="/patients", tags=["patients"])


class PatientRead(BaseModel):
    """A patient."""

    id: UUID = Field(description="Key of the patient.")
    identifier: str = Field(description="Pseudonymous identifier.")
    name: str | None = Field(description="Name, if one was given.")

    @classmethod
    def of(cls, patient: Patient) -> Self:
        """From the domain."""
        return cls(id=patient.id, identifier=patient.identifier, name=patient.name)


class PatientList(BaseModel):
    """A page of patients, newest first."""

    items: list[PatientRead] = Field(description="Patients, newest first.")
    next_cursor: str | None = Field(description="Pass as `cursor` for more; null at the end.")


class PatientSearch(BaseModel):
    """What a patient is found by."""

    model_config = ConfigDict(extra="forbid")

    identifier: ShortText = Field(description="Pseudonymous identifier, exactly.")


class PatientCases(BaseModel):
    """A page of a patient's cases, newest first."""

    items: list[CaseStandingRead] = Field(description="Cases, newest first.")
    next_cursor: str | None = Field(description="Pass as `cursor` for more; null at the end.")


@router.get("", responses=problems(422), summary="List patients")
def list_patients(
    request: Request,
    response: Response,
    container: ContainerDep,
    user: UserDep,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PatientList:
    """Patients with a case in one of your sites, newest first."""
    with container.transactions() as transaction:
        found = transaction.cases.patients(key_from(cursor), limit + 1, user.site_ids)
    following = to_cursor(str(found[limit - 1].id)) if len(found) > limit else None
    link_next(request, response, following)
    items = [PatientRead.of(patient) for patient in found[:limit]]
    return PatientList(items=items, next_cursor=following)


@router.post("/search", responses=problems(413, 422), summary="Find a patient")
def search_patients(wanted: PatientSearch, container: ContainerDep, user: UserDep) -> PatientList:
    """Patients with exactly this identifier in your sites, one at most in each.

    It is in the body, because an address ends up in logs.
    """
    with container.transactions() as transaction:
        known = transaction.archives.patients(wanted.identifier, user.site_ids)
        found = [patient for patient in known if _cases(transaction, user, patient.id)]
    items = [PatientRead.of(patient) for patient in found]
    return PatientList(items=items, next_cursor=None)


@router.get("/{patient_id}", responses=problems(404, 422), summary="One patient")
def read_patient(patient_id: UUID, container: ContainerDep, user: UserDep) -> PatientRead:
    """A patient by key."""
    with container.transactions() as transaction:
        return PatientRead.of(_seen_cases(transaction, user, patient_id)[0].patient)


@router.get("/{patient_id}/cases", responses=problems(404, 422), summary="Cases of a patient")
def list_patient_cases(
    request: Request,
    response: Response,
    patient_id: UUID,
    container: ContainerDep,
    user: UserDep,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PatientCases:
    """The patient's cases in your sites, newest first."""
    before = key_from(cursor)
    with container.transactions() as transaction:
        cases = _seen_cases(transaction, user, patient_id)
        older = [case for case in reversed(cases) if before is None or case.id < before]
        items = [standing(transaction, case, container.bundle) for case in older[:limit]]
    following = to_cursor(str(older[limit - 1].id)) if len(older) > limit else None
    link_next(request, response, following)
    return PatientCases(
        items=[CaseStandingRead.standing(item) for item in items], next_cursor=following
    )


def _cases(transaction: Transaction, user: User, patient_id: UUID) -> list[Case]:
    return [case for case in transaction.cases.of_patient(patient_id) if user.sees(case.site_id)]


def _seen_cases(transaction: Transaction, user: User, patient_id: UUID) -> list[Case]:
    """Of a patient of whom the account may know; raises `NotFound`."""
    found = _cases(transaction, user, patient_id)
    if not found:
        raise NotFound(message("There is no patient {patient}.", patient=patient_id))
    return found
