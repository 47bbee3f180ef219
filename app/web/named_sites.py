"""Whether what the path of a request names belongs to a site that the account sees."""

from collections.abc import Mapping
from uuid import UUID

from app.bootstrap import Container
from app.domain.errors import OfAnotherSite
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
        self._found: list[CasePlace] | None = [] if names_none else None

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
        found = (place_of[name](self._keys[name]) for name in place_of if name in self._keys)
        self._found = [place for place in found if place]

    def look_up(self, container: Container) -> None:
        """Look them up in a transaction of their own, unless it is done."""
        if self._found is None:
            with container.transactions() as transaction:
                self.look(transaction)

    def check(self, user: User) -> None:
        """Raise `OfAnotherSite` where one of them is of a site that the account does not see.

        As if it were not there: who does not see a case does not learn that it exists. The audit
        does.
        """
        assert self._found is not None, "look them up first"  # noqa: S101
        places = self._found
        if places:
            concerns_case(places[0].case_id)
        if not all(user.sees(place.site_id) for place in places):
            raise OfAnotherSite(message("There is no such case, or it belongs to another site."))


def key_of(text: str | None) -> UUID | None:
    """The key that a part of a path is; None where it is none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
