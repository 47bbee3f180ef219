"""ServiceRequest: the order behind a case, and the UBA1 test that its report proposes."""

from uuid import UUID

from fastapi import APIRouter

from app.interchange.fhir_case import order
from app.interchange.fhir_types import Element
from app.ports import Transaction
from app.services.reviewing import is_closed
from app.web.dependencies import ContainerDep
from app.web.fhir.answers import FhirAnswer
from app.web.fhir.reading import ReportsDep, found

router = APIRouter(prefix="/ServiceRequest")


@router.get("/{case_id}.{part}")
def read_proposal(case_id: UUID, part: str, reports: ReportsDep) -> FhirAnswer:
    """The UBA1 test, where the report that holds now recommends it."""
    return FhirAnswer(found(reports.view(case_id), "ServiceRequest", f"{case_id}.{part}"))


@router.get("/{case_id}")
def read_order(case_id: UUID, container: ContainerDep) -> FhirAnswer:
    """What was asked of the laboratory."""
    with container.transactions() as transaction:
        return FhirAnswer(_order(transaction, case_id))


def _order(transaction: Transaction, case_id: UUID) -> Element:
    case = transaction.cases.get(case_id)
    return order(case, is_done=is_closed(transaction, case_id))
