"""Names of what a set was frozen from, for who may see them."""

import re
from collections.abc import Iterable
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.user import User
from app.ports import Transaction

# To the microsecond, so that no two sets have one name.
_MADE_AT = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.\d{6} ")


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


def set_title(name: str) -> str:
    """The name of a set; one that was made for a comparison is called by its moment."""
    return _MADE_AT.sub(r"\1 UTC, ", name)


def lines(text: str) -> list[str]:
    """What was typed, one a line, without empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]
