"""A case is classified by another bundle: a new version, and the old one is kept."""

from dataclasses import replace

import pytest

from app.bootstrap import build
from app.domain.abnormality import Abnormality
from app.domain.errors import Conflict, Forbidden
from app.domain.review import Act, Reading
from app.domain.signing import Meaning
from app.jobs.worker import classify_job
from app.services.reading import bundle_of
from app.services.reclassifying import reclassify
from app.services.report_content import read_version
from app.services.reporting import report_on
from app.services.reviewing import finish, relabel
from app.services.second_reading import give_to_second_reader
from app.services.signing import sign
from app.services.switching import Switcher, activate
from tests.bundles import write_bundle
from tests.conftest import make_settings
from tests.interchange.hl7_messages import make_placed
from tests.jobs.test_worker import accept
from tests.services.reading_room import LATER, ReadingRoom, open_room


@pytest.fixture
def room(database_url, tmp_path, small_bundle):
    """Two readers, a case of four stored images that the first bundle has read, a second bundle."""
    write_bundle(tmp_path / "bundles" / "second", manifest={"version": "0.0.2"}, bias=-2)
    settings = make_settings(
        tmp_path / "data",
        database_url=database_url,
        bundle=small_bundle,
        bundles_dir=tmp_path / "bundles",
    )
    container = build(settings)
    container.remember_bundle()
    people = open_room(container, cell_count=1)
    case_id, cells = accept(container, range(4), "A-9")
    classify_job(container, case_id, [cell.id for cell in cells])
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
    yield ReadingRoom(container, case, cells, people.ann, people.bob, people.rule)
    container.close()


def second(room):
    return room.container.shelf.installed()[1].bundle.manifest.digest


def given(room, user=None, reason="Measured better."):
    """Give the case to the second bundle, and let that read it."""
    candidate = room.container.candidate(second(room))
    with room.container.transactions() as transaction:
        return reclassify(transaction, room.reader(user or room.ann), candidate, reason, LATER)


def read_all(room):
    classify_job(room.container, room.case.id, [cell.id for cell in room.cells])


def report(room):
    with room.container.transactions() as transaction:
        return report_on(transaction, room.case, room.container.bundle, room.rule, LATER)


def signed(room):
    with room.container.transactions() as transaction:
        reader = room.reader(room.ann)
        relabel(transaction, reader, [cell.id for cell in room.cells], Act.CONFIRM, None, LATER)
        last = transaction.reviews.last_sequence(room.case.id)
        return sign(transaction, reader, last, LATER)


def queued(room):
    jobs = room.container.queue_client.list_queued_workflows(load_input=True)
    return [job for job in jobs if str(room.case.id) in str(job.input)]


def test_an_unsigned_case_is_read_anew_and_the_old_findings_are_kept(room):
    first, before = room.container.bundle.manifest.digest, report(room)
    made = given(room)
    assert (made.from_digest, made.to_digest) == (first, second(room))
    waiting = report(room)
    assert not waiting.complete
    assert waiting.bundle.digest == second(room)
    assert len(queued(room)) == 2
    read_all(room)
    after = report(room)
    assert after.complete
    assert after.bundle.digest == second(room)
    ids = [cell.id for cell in room.cells]
    with room.container.transactions() as transaction:
        old = transaction.cells.findings(ids, first)
        new = transaction.cells.findings(ids, second(room))
        assert transaction.case_bundles.reclassifications(room.case.id) == [made]
    assert len(old) == len(new) == 4
    assert old != new
    assert {line.cell_id for line in before.cells} == {line.cell_id for line in after.cells}


def test_a_chosen_bundle_stays_whatever_is_activated_and_whatever_comes(room):
    given(room)
    read_all(room)
    container = room.container
    with container.transactions() as transaction:
        # Away from the default and back: neither moves the case.
        for digest in (second(room), container.default_digest):
            activate(
                transaction,
                container.candidate(digest),
                Switcher("Dr Ann"),
                "a test",
                container.default_digest,
                container.now(),
            )
    container.active.forget()
    _, cells = accept(container, [9], "A-9")
    with container.transactions() as transaction:
        bundle = bundle_of(transaction, room.case.id, container.bundle)
        assert bundle.manifest.digest == second(room)
        assert transaction.cells.progress(room.case.id, second(room)).pending_count == 1
    classify_job(container, room.case.id, [cell.id for cell in cells])
    assert report(room).complete


def test_a_signed_case_is_amended_and_its_version_stays_as_signed(room):
    version = signed(room)
    given(room, reason="The new bundle knows granules.")
    read_all(room)
    with room.container.transactions() as transaction:
        assert transaction.versions.amendment(room.case.id).reason == (
            "The new bundle knows granules."
        )
        assert transaction.versions.get(room.case.id, 1) == version
    again = signed(room)
    assert (again.number, again.signature.meaning) == (2, Meaning.AMENDED)
    assert read_version(again).bundle.digest == second(room)
    assert read_version(version).bundle.digest == room.container.default_digest


def test_what_readers_decided_stays_beside_and_the_reading_goes_on(room):
    ids = [cell.id for cell in room.cells]
    with room.container.transactions() as transaction:
        reader = room.reader(room.ann)
        relabel(transaction, reader, ids, Act.CONFIRM, None, LATER)
        relabel(transaction, reader, ids[:1], Act.CALL, Abnormality.VACUOLE, LATER)
        finish(transaction, reader, LATER)
    given(room)
    read_all(room)
    as_read = room.read(room.ann)
    assert as_read.readings[Reading.FIRST].finished_at is None
    event = as_read.events[ids[0]]
    assert event.bundle_digest == room.container.default_digest
    assert Abnormality.VACUOLE in as_read.cells[0].abnormalities


def test_while_a_second_reading_goes_on_the_bundle_stays(room):
    ids = [cell.id for cell in room.cells]
    with room.container.transactions() as transaction:
        reader = room.reader(room.ann)
        relabel(transaction, reader, ids, Act.CONFIRM, None, LATER)
        give_to_second_reader(transaction, reader, room.bob, LATER)
    with pytest.raises(Conflict, match="second reading"):
        given(room)
    with pytest.raises(Forbidden):
        given(room, user=room.bob)


def test_a_cancelled_case_keeps_its_bundle(room):
    with room.container.transactions() as transaction:
        transaction.orders.put(room.case.id, replace(make_placed(), cancelled_at=LATER))
    with pytest.raises(Conflict, match="has cancelled the order"):
        given(room)
    with room.container.transactions() as transaction:
        assert not transaction.case_bundles.reclassifications(room.case.id)


def test_the_bundle_that_has_read_the_case_is_not_asked_again(room):
    candidate = room.container.candidate(room.container.default_digest)
    with (
        pytest.raises(Conflict, match="read the case already"),
        room.container.transactions() as transaction,
    ):
        reclassify(transaction, room.reader(room.ann), candidate, "again", LATER)
