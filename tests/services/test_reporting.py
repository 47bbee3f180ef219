"""A report is of one moment, whatever lands while it is compiled."""

import pytest

from app.domain.case import Progress
from app.domain.review import ReviewRule
from app.services.reporting import report_on
from tests.db.test_repositories import add_cells, open_case
from tests.factories import NOW, make_findings


class Busy:
    """The real repository, but a worker lands something after one of its reads."""

    def __init__(self, cells, after, land):
        self._cells, self._after, self._land = cells, after, land

    def __getattr__(self, name):
        method = getattr(self._cells, name)

        def call(*arguments):
            answer = method(*arguments)
            if name == self._after:
                self._land()
            return answer

        return call


@pytest.mark.parametrize("after", ["of_case", "failures", "findings", "progress"])
@pytest.mark.parametrize("kind", ["finding", "failure"])
def test_a_complete_report_holds_every_cell(container, after, kind):
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        case = open_case(transaction)
        _, cells = add_cells(transaction, case, 3)
        transaction.cells.add_findings(
            [make_findings(cell, digest=digest) for cell in cells[:2]], NOW
        )

    with container.transactions() as transaction:
        repository = transaction.cells

        def land():
            if kind == "finding":
                repository.add_findings([make_findings(cells[2], digest=digest)], NOW)
            else:
                repository.add_failure(cells[2].id, digest, "damaged", NOW)

        transaction.cells = Busy(repository, after, land)
        report = report_on(transaction, case, container.bundle, ReviewRule(), NOW)
    listed = report.pmn_count + sum(line.count for line in report.exclusions)
    assert report.progress.cell_count == 3
    assert listed == 3 - report.progress.pending_count
    assert report.complete == (listed == 3)


def test_a_cell_that_was_found_and_given_up_counts_once_as_found(container):
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        case = open_case(transaction)
        _, cells = add_cells(transaction, case, 3)
        transaction.cells.add_findings([make_findings(cells[0], digest=digest)], NOW)
        for cell in cells[:2]:
            transaction.cells.add_failure(cell.id, digest, "given up", NOW)
    with container.transactions() as transaction:
        assert transaction.cells.progress(case.id, digest) == Progress(3, 1, 1)
        assert transaction.cells.failures(case.id, digest) == {cells[1].id: "given up"}
        report = report_on(transaction, case, container.bundle, ReviewRule(), NOW)
    assert report.progress == Progress(3, 1, 1)
    assert not report.complete


def test_no_fewer_than_no_cells_wait():
    assert Progress(2, 2, 1).pending_count == 0
