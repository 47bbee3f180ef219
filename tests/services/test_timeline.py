"""The timeline tells the whole life of a case, what is over and what the audit alone knows too."""

from datetime import timedelta

import pytest

from app.domain.abnormality import Abnormality
from app.domain.audit import Actor, ActorKind
from app.domain.review import Reading
from app.services.acting import acting_as
from app.services.discussing import interpret
from app.services.reviewing import finish
from app.services.second_reading import give_to_second_reader, withdraw_second_reader
from app.services.signing import amend, sign
from app.services.timeline import timeline
from tests.services.reading_room import open_room


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_amendment_and_what_was_written_stay_on_the_timeline(container):
    room = open_room(container, shown=[{Abnormality.VACUOLE}])
    ann, now = room.reader(room.ann), container.now()
    with container.transactions() as transaction:
        give_to_second_reader(transaction, ann, room.bob, now)
    with container.transactions() as transaction:
        withdraw_second_reader(transaction, ann)
    for minute, text in ((1, "first"), (3, "second")):
        with container.transactions() as transaction:
            shown = transaction.discussion.interpretation(room.case.id)
            seen_at = shown.at if shown else None
            at = now + timedelta(minutes=minute)
            interpret(transaction, ann, text, seen_at, at, is_blinded=False)
        with container.transactions() as transaction:
            sign(transaction, ann, 0, at + timedelta(seconds=1))
        if minute == 1:
            with container.transactions() as transaction:
                amend(transaction, ann, "a mistake", at + timedelta(seconds=2))
    viewer = Actor(ActorKind.PERSON, "carl")
    for _ in range(2):
        with acting_as(viewer), container.transactions() as transaction:
            transaction.audit.note("report.view", case_id=room.case.id)
    with container.transactions() as transaction:
        events = timeline(transaction, room.case.id)
    told = [event.what for event in events]
    for once in (
        "give a second reading",
        "take a second reading back",
        "signed version 1",
        "opened an amendment",
        "signed version 2, an amendment",
        "view the report, 2 times",
    ):
        assert told.count(once) == 1, (once, told)
    assert told.count("wrote the interpretation") == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_reading_that_was_finished_elsewhere_is_told_beside_one_that_was_finished_here(container):
    room = open_room(container, shown=[{Abnormality.VACUOLE}])
    ann, bob, now = room.reader(room.ann), room.reader(room.bob), container.now()
    with container.transactions() as transaction:
        give_to_second_reader(transaction, ann, room.bob, now)
    with container.transactions() as transaction:
        # As an import leaves it: the audit here knows nothing of it.
        transaction.reviews.finish(room.case.id, Reading.FIRST, now)
    with container.transactions() as transaction:
        finish(transaction, bob, now)
    with container.transactions() as transaction:
        told = [event.what for event in timeline(transaction, room.case.id)]
    assert told.count("finished the first reading") == 1
    assert told.count("finish a reading") == 1
    assert "finished the second reading" not in told
