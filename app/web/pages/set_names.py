"""Names of what a set was frozen from, for who may see them."""

from collections.abc import Iterable
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.user import User
from app.ports import Transaction


def accessions_of(transaction: Transaction, groups: Iterable[str], user: User) -> dict[str, str]:
    """Accession numbers by the case's key; cases that are gone or of another site have none."""
    found = {}
    for group in groups:
        try:
            case = transaction.cases.get(UUID(group))
        except (ValueError, NotFound):
            continue
        if user.sees(case.site_id):
            found[group] = case.accession_number
    return found


def lines(text: str) -> list[str]:
    """What was typed, one a line, without empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]
