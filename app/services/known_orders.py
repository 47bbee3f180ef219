"""Orders of other systems: one order, one case, however often it is sent."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.case import Case
from app.domain.errors import NotFound
from app.domain.message import message
from app.domain.user import User
from app.ports import Transaction


@dataclass(frozen=True)
class KnownOrder:
    """A case that was opened for an accession number, and whose it is."""

    case: Case
    is_same_patient: bool


def known_order(
    transaction: Transaction, site_id: UUID, accession_number: str, patient_identifier: str
) -> KnownOrder | None:
    """The case of an accession number in a site: each laboratory counts by itself."""
    case = transaction.cases.find(accession_number, [site_id])
    if case is None:
        return None
    return KnownOrder(case, case.patient.identifier == patient_identifier)


def identifier_of(transaction: Transaction, user: User, patient_id: UUID) -> str:
    """The identifier of a patient who is here.

    Raises
    ------
    NotFound
        Also where none of the patient's cases is in a site that the account sees.
    """
    cases = transaction.cases.of_patient(patient_id)
    if not any(user.sees(case.site_id) for case in cases):
        raise NotFound(message("There is no such patient, or no case of them in your sites."))
    return cases[0].patient.identifier
