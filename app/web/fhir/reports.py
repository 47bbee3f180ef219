"""DiagnosticReport: read, with all that it points to, and by version."""

from uuid import UUID

from fastapi import APIRouter

from app.interchange.fhir_history import history
from app.interchange.fhir_report import bundle, diagnostic_report
from app.services.signing import refuse_blinded
from app.web.dependencies import ContainerDep, UserDep
from app.web.fhir.answers import FhirAnswer
from app.web.fhir.reading import PathVersion, ReportsDep

router = APIRouter(prefix="/DiagnosticReport")


@router.get("/{case_id}")
def read_report(case_id: UUID, reports: ReportsDep) -> FhirAnswer:
    """What holds now: the latest version of a signed case, else the report as it stands."""
    return FhirAnswer(diagnostic_report(reports.view(case_id)))


@router.get("/{case_id}/$everything")
def read_everything(case_id: UUID, reports: ReportsDep) -> FhirAnswer:
    """The same with all that it points to."""
    return FhirAnswer(bundle(reports.view(case_id)))


@router.get("/{case_id}/_history")
def list_versions(
    case_id: UUID, reports: ReportsDep, container: ContainerDep, user: UserDep
) -> FhirAnswer:
    """The signed versions, newest first."""
    with container.transactions() as transaction:
        transaction.cases.get(case_id)
        refuse_blinded(transaction, case_id, user.id)
        count = transaction.versions.count(case_id)
        views = [reports.view_in(transaction, case_id, n) for n in range(count, 0, -1)]
    return FhirAnswer(history(views, container.now()))


@router.get("/{case_id}/_history/{version}")
def read_version(case_id: UUID, version: PathVersion, reports: ReportsDep) -> FhirAnswer:
    """A signed version, as it was signed."""
    return FhirAnswer(diagnostic_report(reports.view(case_id, version)))


@router.get("/{case_id}/_history/{version}/$everything")
def read_everything_of_version(
    case_id: UUID, version: PathVersion, reports: ReportsDep
) -> FhirAnswer:
    """A signed version with all that it points to."""
    return FhirAnswer(bundle(reports.view(case_id, version)))
