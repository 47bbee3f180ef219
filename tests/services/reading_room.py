"""A case that is read, and two readers, for the tests of reviewing and signing."""

from dataclasses import dataclass
from datetime import timedelta

from uuid_utils.compat import uuid7

from app.bootstrap import Container
from app.domain.access import Role
from app.domain.case import Case
from app.domain.cell import Cell
from app.domain.review import ReviewRule
from app.domain.user import User
from app.services.reading import CaseAsRead, read_case
from app.services.reviewing import Reader
from tests.db.test_repositories import add_cells, open_case
from tests.factories import NOW, make_findings

LATER = NOW + timedelta(hours=1)


@dataclass(frozen=True)
class ReadingRoom:
    """A case with its cells, and who may read it."""

    container: Container
    case: Case
    cells: list[Cell]
    ann: User
    bob: User
    rule: ReviewRule

    def reader(self, user: User) -> Reader:
        """One of them at work on the case."""
        return Reader(user, self.case, self.container.bundle, self.rule)

    def read(self, viewer: User | None = None) -> CaseAsRead:
        """The case as it stands."""
        with self.container.transactions() as transaction:
            return read_case(
                transaction,
                self.case,
                self.container.bundle,
                self.rule,
                viewer.id if viewer else None,
            )

    def ids(self, *ordinals: int) -> list:
        """Keys of cells by their number."""
        return [self.cells[ordinal - 1].id for ordinal in ordinals]


def open_room(
    container: Container,
    shown=(),
    cell_count: int = 6,
    rule: ReviewRule | None = None,
    mark: str = "",
    **unsure,
) -> ReadingRoom:
    """Every cell is a PMN; `shown` lists what the first ones show, the rest nothing.

    ``unsure={3: 0.5}`` gives the third cell this PMN probability. With a mark of its
    own each, there may be several in one database.
    """
    digest = container.bundle.manifest.digest
    pmn = unsure.get("unsure", {})
    with container.transactions() as transaction:
        people = [
            User(uuid7(), name + mark, Role.HAEMATOLOGIST, "x", full_name=f"Dr {name.title()}")
            for name in ("ann", "bob")
        ]
        for user in people:
            transaction.users.add(user, NOW)
        case = open_case(transaction, f"A-1{mark}")
        _, cells = add_cells(transaction, case, cell_count)
        transaction.cells.add_findings(
            [
                make_findings(
                    cell,
                    shown[index] if index < len(shown) else (),
                    digest=digest,
                    pmn=pmn.get(index + 1, 0.99),
                )
                for index, cell in enumerate(cells)
            ],
            NOW,
        )
    return ReadingRoom(container, case, cells, *people, rule or ReviewRule())
