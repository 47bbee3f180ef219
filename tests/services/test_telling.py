"""What is told of a case: once when it is read, and each time that it is signed."""

import pytest
from uuid_utils.compat import uuid7

from app.domain.errors import Conflict
from app.domain.outbox import DeliveryState, EventType
from app.domain.user import Role, User
from app.jobs.worker import classify_job, give_up_job
from app.services.signing import amend, sign
from app.services.telling import tell_if_classified
from app.services.uploading import new_part
from tests.db.test_outbox import make_destination
from tests.db.test_repositories import open_case
from tests.factories import NOW
from tests.jobs.test_worker import accept
from tests.services.reading_room import LATER, open_room


@pytest.fixture
def destination(container):
    with container.transactions() as transaction:
        return make_destination(transaction)


def told(container, destination):
    with container.transactions() as transaction:
        found = transaction.destinations.deliveries(destination.id, DeliveryState, None, 100)
    return [item.event for item in reversed(found)]


def read(container, case_id, cells):
    classify_job(container, case_id, [cell.id for cell in cells])


def test_a_case_is_told_of_once_all_of_it_is_read(container, destination):
    case_id, cells = accept(container, range(4))
    read(container, case_id, cells[:2])
    assert told(container, destination) == []
    read(container, case_id, cells[2:])
    read(container, case_id, cells)
    [event] = told(container, destination)
    assert (event.type, event.case_id, event.version) == (EventType.CLASSIFIED, case_id, None)
    assert (event.read_count, event.bundle_digest) == (4, container.bundle.manifest.digest)


def test_cells_that_came_later_are_told_of_under_another_key(container, destination):
    case_id, cells = accept(container, range(2))
    read(container, case_id, cells)
    _, cells = accept(container, range(3))
    read(container, case_id, cells)
    first, second = told(container, destination)
    assert (first.read_count, second.read_count) == (2, 3)
    assert first.id != second.id
    assert (first.sequence, second.sequence) == (1, 2)


def test_a_case_whose_cells_were_given_up_is_read_too(container, destination):
    case_id, cells = accept(container, range(2))
    give_up_job(container, case_id, [cell.id for cell in cells])
    [event] = told(container, destination)
    assert event.read_count == 2


def test_a_file_that_is_on_its_way_is_waited_for(container, destination):
    case_id, cells = accept(container, range(2))
    with container.transactions() as transaction:
        user = User(uuid7(), "ann", Role.ADMINISTRATOR, "hash")
        transaction.users.add(user, NOW)
        part = new_part(case_id, user.id, "a.png", 100, NOW)
        transaction.parts.add(part)
    read(container, case_id, cells)
    assert told(container, destination) == []
    with container.transactions() as transaction:
        transaction.parts.remove(part.id)
        tell_if_classified(transaction, case_id, container.bundle, NOW)
        tell_if_classified(transaction, case_id, container.bundle, NOW)
    assert len(told(container, destination)) == 1


def test_a_case_without_cells_is_not_read(container, destination):
    with container.transactions() as transaction:
        case = open_case(transaction)
        tell_if_classified(transaction, case.id, container.bundle, NOW)
    assert told(container, destination) == []


def test_versions_are_told_of_as_they_are_signed(container, destination):
    room = open_room(container)

    def signed():
        with container.transactions() as transaction:
            last = transaction.reviews.last_sequence(room.case.id)
            sign(transaction, room.reader(room.ann), last, LATER)

    signed()
    with container.transactions() as transaction:
        # Nothing was read since: a signed case is told of no more.
        tell_if_classified(transaction, room.case.id, container.bundle, NOW)
        amend(transaction, room.reader(room.ann), "a second look", LATER)
    signed()
    found = [(event.type, event.version) for event in told(container, destination)]
    assert found == [(EventType.SIGNED, 1), (EventType.AMENDED, 2)]


def test_a_signature_that_is_refused_tells_nothing(container, destination):
    room = open_room(container, unsure={2: 0.6})
    with pytest.raises(Conflict), container.transactions() as transaction:
        sign(transaction, room.reader(room.ann), 0, LATER)
    assert told(container, destination) == []
