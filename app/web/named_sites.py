"""Whether what the path of a request names belongs to a site that the account sees."""

from collections.abc import Mapping
from uuid import UUID

from app.bootstrap import Container
from app.domain.errors import NotFound, OfAnotherSite
from app.domain.message import message
from app.domain.user import User
from app.ports import CasePlace, Transaction
from app.services.acting import concerns_case


class NamedSites:
    """Where the case, the cell and the delivery belong that a path names.

    They are looked up once: by who has a transaction open when it asks who is there, or in one of
    their own.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = {name: key for name, text in keys.items() if (key := key_of(text))}
        names_none = not self._keys.keys() & {"case_id", "cell_id", "upload_id"}
        self._found: dict[str, CasePlace | None] | None = {} if names_none else None

    def look(self, transaction: Transaction) -> None:
        """Look them up, unless it is done."""
        if self._found is not None:
            return
        cases = transaction.cases
        place_of = {
            "case_id": cases.place,
            "cell_id": cases.place_of_cell,
            "upload_id": cases.place_of_upload,
        }
        named = [name for name in place_of if name in self._keys]
        self._found = {name: place_of[name](self._keys[name]) for name in named}

    def look_up(self, container: Container) -> None:
        """Look them up in a transaction of their own, unless it is done."""
        if self._found is None:
            with container.transactions() as transaction:
                self.look(transaction)

    def check(self, user: User) -> None:
        """Raise where one of them is not there, or of a site that the account does not see.

        In the same words: who does not see a case does not learn that it exists. The audit does.

        Raises
        ------
        NotFound
        OfAnotherSite
        """
        assert self._found is not None, "look them up first"  # noqa: S101
        if first := next(filter(None, self._found.values()), None):
            concerns_case(first.case_id)
        for name, place in self._found.items():
            if place is None:
                raise NotFound(_absent(name, self._keys[name]))
            if not user.sees(place.site_id):
                raise OfAnotherSite(_absent(name, self._keys[name]))


def _absent(name: str, key: UUID) -> str:
    """That there is no such case, cell or upload, as the repositories say it."""
    match name:
        case "case_id":
            return message("There is no case {case}.", case=key)
        case "cell_id":
            return message("There is no cell {cell}.", cell=key)
        case _:
            return message("There is no upload {upload}.", upload=key)


def key_of(text: str | None) -> UUID | None:
    """The key that a part of a path is; None where it is none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
