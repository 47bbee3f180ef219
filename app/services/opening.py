"""Opening a case."""

from datetime import datetime

from app.domain.case import Case, NewCase
from app.ports import Transaction


def open_case(transaction: Transaction, new: NewCase, now: datetime) -> Case:
    """Open a case; raises `Conflict` where the accession number exists."""
    case = transaction.cases.add(new, now)
    after = {"origin": case.origin.value, "site": str(case.site_id)}
    transaction.audit.note("case.open", case_id=case.id, after=after)
    return case
