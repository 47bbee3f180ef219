"""The resources that a DiagnosticReport points to, each by its id."""

from uuid import UUID

from fastapi import APIRouter

from app.domain.errors import NotFound
from app.domain.message import message
from app.interchange import fhir_keys
from app.interchange.fhir_case import patient, specimen
from app.interchange.fhir_device import device
from app.web.dependencies import ContainerDep, UserDep
from app.web.fhir.answers import FhirAnswer
from app.web.fhir.reading import PathVersion, ReportsDep, found, names_of

router = APIRouter()


@router.get("/Observation/{case_id}.{part}")
def read_observation(case_id: UUID, part: str, reports: ReportsDep) -> FhirAnswer:
    """One result of the report that holds now."""
    return FhirAnswer(found(reports.view(case_id), "Observation", f"{case_id}.{part}"))


@router.get("/Observation/{case_id}.{part}/_history/{version}")
def read_observation_version(
    case_id: UUID, part: str, version: PathVersion, reports: ReportsDep
) -> FhirAnswer:
    """One result of a signed version."""
    return FhirAnswer(found(reports.view(case_id, version), "Observation", f"{case_id}.{part}"))


@router.get("/Provenance/{case_id}.{part}")
def read_provenance(case_id: UUID, part: str, reports: ReportsDep) -> FhirAnswer:
    """The signature of a version."""
    return _of_version("Provenance", case_id, part, reports)


@router.get("/Practitioner/{case_id}.{part}")
def read_practitioner(case_id: UUID, part: str, reports: ReportsDep) -> FhirAnswer:
    """Who signed a version."""
    return _of_version("Practitioner", case_id, part, reports)


def _of_version(kind: str, case_id: UUID, part: str, reports: ReportsDep) -> FhirAnswer:
    key = f"{case_id}.{part}"
    version = fhir_keys.version_of(key)
    if version is None:
        raise NotFound(message("The report has no such resource."))
    return FhirAnswer(found(reports.view(case_id, version), kind, key))


@router.get("/Media/{cell_id}")
def read_media(cell_id: UUID, container: ContainerDep, reports: ReportsDep) -> FhirAnswer:
    """The picture of a key cell of the report that holds now."""
    with container.transactions() as transaction:
        case_id = transaction.cells.get(cell_id).case_id
        view = reports.view_in(transaction, case_id)
    return FhirAnswer(found(view, "Media", str(cell_id)))


@router.get("/Media/{cell_id}/_history/{version}")
def read_media_version(
    cell_id: UUID, version: PathVersion, container: ContainerDep, reports: ReportsDep
) -> FhirAnswer:
    """The picture of a key cell of a signed version."""
    with container.transactions() as transaction:
        case_id = transaction.cells.get(cell_id).case_id
        view = reports.view_in(transaction, case_id, version)
    return FhirAnswer(found(view, "Media", str(cell_id)))


@router.get("/Specimen/{case_id}")
def read_specimen(case_id: UUID, container: ContainerDep) -> FhirAnswer:
    """The blood that a case's smear was made of."""
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        placed = transaction.orders.of_case(case_id)
    return FhirAnswer(specimen(case, names_of(container), placed))


@router.get("/Patient/{patient_id}")
def read_patient(patient_id: UUID, container: ContainerDep, user: UserDep) -> FhirAnswer:
    """A patient who has a case in one of the account's sites."""
    with container.transactions() as transaction:
        cases = transaction.cases.of_patient(patient_id)
    seen = [case for case in cases if user.sees(case.site_id)]
    if not seen:
        raise NotFound(message("There is no such patient, or no case of them in your sites."))
    return FhirAnswer(patient(seen[-1], names_of(container)))


@router.get("/Device/{digest}")
def read_device(digest: str, container: ContainerDep) -> FhirAnswer:
    """A classifier bundle that ever read a cell here."""
    with container.transactions() as transaction:
        bundle = transaction.bundles.get(digest)
    return FhirAnswer(device(bundle.manifest, bundle.rule))
