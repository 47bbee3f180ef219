"""Orders at their edges: two changes at once, ordered anew, and what is told of it."""

from dataclasses import replace

import pytest

from app.domain.case import ClinicalContext, NewCase
from app.domain.errors import Conflict
from app.domain.order import Order, OrderKey
from app.domain.outbox import EventType
from app.domain.site import DEFAULT_SITE_ID
from app.domain.statistics import StatisticsFilter
from app.services.changing_context import change_context
from app.services.ordering import Desk, cancel, change, place
from app.services.signing import amend
from app.services.statistics import statistics
from app.services.telling import tell_if_classified
from tests.db.test_repositories import add_cells
from tests.factories import NOW, make_findings
from tests.interchange.hl7_messages import make_placed
from tests.services.reading_room import LATER, open_room
from tests.web.fhir.test_reading import signed

KEY = OrderKey("PL-1", "P-1", "S-1")


def order(number="PL-1", **context):
    return Order(NewCase("S-1", "P-1", context=ClinicalContext(**context)), number)


def desk(container):
    return Desk(container.bundle, container.review_rule, container.now())


def done(container, act, *args):
    with container.transactions() as transaction:
        return act(transaction, *args, desk(container))


def cancelled(container):
    return done(container, cancel, KEY, DEFAULT_SITE_ID)


def classified(container, case, cells):
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        found = [make_findings(cell, (), digest=digest) for cell in cells]
        transaction.cells.add_findings(found, NOW)
        tell_if_classified(transaction, case.id, container.bundle, container.now())


def told(container, case):
    with container.transactions() as transaction:
        return transaction.outbox.last(case.id, EventType.CLASSIFIED)


def ordered_cells(container):
    case = done(container, place, order())
    with container.transactions() as transaction:
        return case, add_cells(transaction, case, 2)[1]


def test_a_change_keeps_what_was_changed_while_it_waited_for_the_case(container):
    case = done(container, place, order(age_years=70))

    def correct():
        with container.transactions() as transaction:
            transaction.cases.lock(case.id)
            now = transaction.cases.get(case.id)
            change_context(transaction, now, replace(now.context, question="Anaemia"))

    with container.transactions() as transaction:
        lock, first = transaction.cases.lock, [correct]

        def lock_late(case_id):
            while first:
                first.pop()()
            lock(case_id)

        transaction.cases.lock = lock_late
        change(transaction, order(age_years=71), desk(container))
    with container.transactions() as transaction:
        context = transaction.cases.get(case.id).context
    assert (context.age_years, context.question) == (71, "Anaemia")


def test_what_was_read_while_an_order_was_cancelled_is_told_once_it_is_ordered_again(container):
    case, cells = ordered_cells(container)
    cancelled(container)
    classified(container, case, cells)
    assert told(container, case) is None
    done(container, place, order("PL-2"))
    assert told(container, case).read_count == 2


def test_who_orders_a_case_that_is_read_is_told_of_it_once(container):
    case, cells = ordered_cells(container)
    classified(container, case, cells)
    first = told(container, case)
    # Its message may still have waited, and was then overtaken by the cancellation.
    cancelled(container)
    done(container, place, order("PL-2"))
    again = told(container, case)
    assert again.sequence == first.sequence + 1
    classified(container, case, [])
    assert told(container, case) == again


def test_an_order_is_not_changed_while_its_signed_report_is_amended(container):
    room = open_room(container)
    with container.transactions() as transaction:
        transaction.orders.put(room.case.id, make_placed())
    signed(room)
    with container.transactions() as transaction:
        amend(transaction, room.reader(room.ann), "a second look", LATER)
    patient = room.case.patient.identifier
    new = NewCase(room.case.accession_number, patient, context=ClinicalContext(question="late"))
    with pytest.raises(Conflict, match="is signed, and stands"):
        done(container, change, Order(new, make_placed().placer_number))


def test_a_cancelled_case_is_open_until_then_and_no_longer(container):
    case, _ = ordered_cells(container)
    cancelled(container)
    period = StatisticsFilter(NOW.date(), NOW.date(), frozenset({DEFAULT_SITE_ID}))
    with container.transactions() as transaction:
        at = transaction.orders.of_case(case.id).cancelled_at
        [times] = transaction.statistics.turnarounds(period)
        found = statistics(transaction, period, container.now()).turnaround
    assert times.watched_until(LATER) == at
    assert (found.all, found.open, found.erased, found.cancelled) == (1, 0, 0, 1)
    done(container, place, order("PL-2"))
    with container.transactions() as transaction:
        found = statistics(transaction, period, container.now()).turnaround
    assert (found.open, found.cancelled) == (1, 0)
