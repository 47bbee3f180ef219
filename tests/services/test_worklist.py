"""Each case's line says what the case's report says, whatever happens to the case."""

from datetime import timedelta

from sqlalchemy import delete
from uuid_utils.compat import uuid7

from app.bootstrap import migrate
from app.db.worklist_tables import WorklistRow
from app.domain.abnormality import Abnormality
from app.domain.access import Role
from app.domain.case_state import CaseState
from app.domain.review import Act, ReviewRule, SecondReading
from app.domain.screening import Recommendation
from app.domain.user import User
from app.jobs.worker import classify_job, give_up_job
from app.services.reporting import report_on
from app.services.reviewing import Reader, finish, relabel
from app.services.second_reading import give_to_second_reader, withdraw_second_reader
from app.services.signing import amend, sign
from app.services.undoing import undo
from app.services.worklist import refresh
from tests.db.test_repositories import add_cells, open_case
from tests.factories import NOW, make_findings
from tests.jobs.test_worker import accept

LATER = NOW + timedelta(hours=1)


def line(container, case_id):
    with container.transactions() as transaction:
        return transaction.worklist.get(case_id)


def test_a_case_is_on_the_list_from_its_opening(container):
    with container.transactions() as transaction:
        case = open_case(transaction)
    entry = line(container, case.id)
    assert (entry.state, entry.cell_count, entry.pmn_count) == (CaseState.EMPTY, 0, None)
    assert (entry.accession_number, entry.patient_identifier) == ("A-1", "P-1")
    assert entry.opened_at == NOW


def test_a_case_goes_from_classifying_to_review(container):
    case_id, cells = accept(container, range(4))
    entry = line(container, case_id)
    assert (entry.state, entry.cell_count, entry.pending_count) == (CaseState.CLASSIFYING, 4, 4)
    classify_job(container, case_id, [cell.id for cell in cells[:3]])
    entry = line(container, case_id)
    # A part of the cells has no numbers: they would look like the whole.
    assert (entry.state, entry.pending_count) == (CaseState.CLASSIFYING, 1)
    assert (entry.pmn_count, entry.abnormality_counts, entry.recommendation) == (None, None, None)
    give_up_job(container, case_id, [cells[3].id])
    entry = line(container, case_id)
    assert (entry.state, entry.pending_count, entry.failed_count) == (CaseState.TO_REVIEW, 0, 1)
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        report = report_on(transaction, case, container.bundle, container.review_rule, LATER)
    assert entry.pmn_count == report.pmn_count
    assert entry.recommendation is report.recommendation is Recommendation.INSUFFICIENT_CELLS
    assert entry.score is entry.cut_off is None


def read_case(container, number, **counts):
    """A case with as many counted PMN; each abnormality on the first so many of them."""
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        case = open_case(transaction)
        _, cells = add_cells(transaction, case, number)
        found = [
            make_findings(
                cell,
                [label for label in Abnormality if index < counts.get(label.value, 0)],
                digest=digest,
            )
            for index, cell in enumerate(cells)
        ]
        transaction.cells.add_findings(found, NOW)
        refresh(transaction, case.id, container.bundle, container.review_rule)
        return case, report_on(transaction, case, container.bundle, container.review_rule, LATER)


def test_the_line_holds_the_numbers_of_the_report(container):
    case, report = read_case(container, 120, vacuole=50, nuclear_spike=7)
    entry = line(container, case.id)
    assert (entry.state, entry.reader_name) == (CaseState.TO_REVIEW, None)
    assert entry.pmn_count == report.pmn_count == 120
    assert entry.abnormality_counts[Abnormality.VACUOLE] == 50
    assert entry.abnormality_counts[Abnormality.NUCLEAR_SPIKE] == 7
    assert entry.abnormality_counts[Abnormality.HYPOGRANULARITY] == 0
    assert entry.score == report.score.value
    assert entry.cut_off == report.score.cut_off
    assert entry.recommendation is report.recommendation


def test_more_images_take_the_numbers_away_until_they_are_read(container):
    case, _ = read_case(container, 120, vacuole=50)
    accept(container, range(2), number=case.accession_number)
    entry = line(container, case.id)
    assert (entry.state, entry.cell_count, entry.pending_count) == (CaseState.CLASSIFYING, 122, 2)
    assert (entry.pmn_count, entry.score, entry.recommendation) == (None, None, None)


def test_migrating_fills_in_the_cases_of_before(container):
    case, _ = read_case(container, 120, vacuole=50)
    with container.transactions() as transaction:
        open_case(transaction, number="A-2")
    written = line(container, case.id)
    with container.engine.begin() as connection:
        connection.execute(delete(WorklistRow))
    migrate(container)
    assert line(container, case.id) == written
    with container.transactions() as transaction:
        assert transaction.worklist.count_missing() == 0


def reader_of(container, case, name="ann", rule=None):
    with container.transactions() as transaction:
        user = transaction.users.by_name(name)
        if user is None:
            user = User(uuid7(), name, Role.HAEMATOLOGIST, "hash")
            transaction.users.add(user, NOW)
    return Reader(user, case, container.bundle, rule or container.review_rule)


def test_a_reader_changes_the_numbers_and_signs(container):
    case, _ = read_case(container, 60, vacuole=10)
    ann = reader_of(container, case)
    with container.transactions() as transaction:
        cells = transaction.cells.of_case(case.id)
        call = [cell.id for cell in cells[10:15]]
        relabel(transaction, ann, call, Act.CALL, Abnormality.VACUOLE, NOW)
    entry = line(container, case.id)
    assert entry.abnormality_counts[Abnormality.VACUOLE] == 15
    assert (entry.state, entry.reader_name) == (CaseState.TO_REVIEW, "ann")
    with container.transactions() as transaction:
        undo(transaction, ann, NOW)
    assert line(container, case.id).abnormality_counts[Abnormality.VACUOLE] == 10
    with container.transactions() as transaction:
        finish(transaction, ann, NOW)
    assert line(container, case.id).state is CaseState.REVIEWED
    with container.transactions() as transaction:
        sign(transaction, ann, transaction.reviews.last_sequence(case.id), NOW)
    assert line(container, case.id).state is CaseState.SIGNED
    with container.transactions() as transaction:
        amend(transaction, ann, "A cell was missed.", NOW)
    assert line(container, case.id).state is CaseState.REVIEWED
    with container.transactions() as transaction:
        relabel(transaction, ann, [cells[0].id], Act.EXCLUDE, None, NOW)
    assert line(container, case.id).pmn_count == 59
    with container.transactions() as transaction:
        sign(transaction, ann, transaction.reviews.last_sequence(case.id), NOW)
    entry = line(container, case.id)
    assert (entry.state, entry.needs_second) == (CaseState.AMENDED, False)


def test_the_list_tells_the_second_reader_nothing(container):
    case, _ = read_case(container, 60, vacuole=10)
    ann, bob = reader_of(container, case), reader_of(container, case, "bob")
    with container.transactions() as transaction:
        give_to_second_reader(transaction, ann, bob.user, NOW)
    entry = line(container, case.id)
    assert entry.needs_second
    assert (entry.pmn_count, entry.score, entry.recommendation) == (None, None, None)
    with container.transactions() as transaction:
        cell = transaction.cells.of_case(case.id)[0]
        relabel(transaction, ann, [cell.id], Act.NORMAL, None, NOW)
        relabel(transaction, bob, [cell.id], Act.CONFIRM, None, NOW)
        finish(transaction, ann, NOW)
    entry = line(container, case.id)
    assert (entry.reader_name, entry.pmn_count, entry.state) == ("ann", None, CaseState.TO_REVIEW)
    with container.transactions() as transaction:
        finish(transaction, bob, NOW)
    entry = line(container, case.id)
    # They disagree on one cell, which is still to be settled.
    assert (entry.needs_second, entry.state) == (False, CaseState.TO_REVIEW)
    assert entry.abnormality_counts[Abnormality.VACUOLE] == 9


def test_a_second_reader_can_be_asked_for_and_withdrawn(container):
    case, _ = read_case(container, 60)
    rule = ReviewRule(second_reading=SecondReading.ALWAYS)
    ann, bob = reader_of(container, case, rule=rule), reader_of(container, case, "bob")
    with container.transactions() as transaction:
        assert refresh(transaction, case.id, container.bundle, rule).needs_second
    other = reader_of(container, case)
    with container.transactions() as transaction:
        give_to_second_reader(transaction, other, bob.user, NOW)
        withdraw_second_reader(transaction, other)
    entry = line(container, case.id)
    assert (entry.needs_second, entry.pmn_count) == (False, 60)
    with container.transactions() as transaction:
        finish(transaction, ann, NOW)
    entry = line(container, case.id)
    assert (entry.needs_second, entry.state) == (True, CaseState.TO_REVIEW)
