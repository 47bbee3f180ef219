"""Giving a second reading away, keeping it blind, and settling what differs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.access import Role
from app.domain.errors import Conflict, Forbidden, InvalidInput, NotSignedIn
from app.domain.finding import Exclusion
from app.domain.review import Act, Reading
from app.domain.user import NO_PASSWORD, User
from app.services.discussing import comment, comments_for
from app.services.identity import check_password
from app.services.reviewing import finish, relabel
from app.services.second_reading import (
    disagreements,
    give_to_second_reader,
    settle,
    withdraw_second_reader,
)
from app.services.undoing import undo
from tests.factories import NOW
from tests.services.reading_room import LATER, open_room

VACUOLE, SPIKE = Abnormality.VACUOLE, Abnormality.NUCLEAR_SPIKE


def do(room, what, user, *args):
    with room.container.transactions() as transaction:
        return what(transaction, room.reader(user), *args)


def act(room, user, ordinal, kind, label=None):
    return do(room, relabel, user, room.ids(ordinal), kind, label, LATER)


@pytest.fixture
def room(container):
    """Bob reads second; the readers differ on cells 1 and 2."""
    room = open_room(container, shown=[{VACUOLE}])
    do(room, give_to_second_reader, room.ann, room.bob, NOW)
    act(room, room.ann, 1, Act.NORMAL)
    act(room, room.ann, 3, Act.CONFIRM)
    act(room, room.bob, 2, Act.EXCLUDE)
    return room


def both_finish(room):
    do(room, finish, room.ann, LATER)
    do(room, finish, room.bob, LATER)


def test_a_cell_is_settled_as_one_of_the_readers_holds_it(room):
    both_finish(room)
    first, second = room.ids(1, 2)
    assert room.read().unsettled == (first, second)
    do(room, settle, room.ann, first, Reading.SECOND, LATER)
    after = do(room, settle, room.bob, second, Reading.SECOND, LATER)
    assert after.unsettled == ()
    cells = room.read().cells
    assert cells[0].abnormalities == {VACUOLE}
    assert cells[1].exclusion is Exclusion.BY_READER
    found = disagreements(room.read())
    assert [item.settled.reader_name for item in found] == ["Dr Ann", "Dr Bob"]
    event = room.read().reviews[-1]
    assert (event.reading, event.sequence, event.at) == (Reading.SETTLED, 5, LATER)


def test_what_was_settled_can_be_settled_again_and_taken_back(room):
    both_finish(room)
    [first] = room.ids(1)
    do(room, settle, room.ann, first, Reading.SECOND, LATER)
    do(room, settle, room.ann, first, Reading.FIRST, LATER)
    assert room.read().cells[0].abnormalities == set()
    do(room, undo, room.ann, LATER)
    assert room.read().cells[0].abnormalities == {VACUOLE}
    do(room, undo, room.ann, LATER)
    assert first in room.read().unsettled


def test_nothing_is_settled_before_both_have_finished(room):
    do(room, finish, room.ann, LATER)
    with pytest.raises(Conflict, match="once both"):
        do(room, settle, room.bob, room.ids(1)[0], Reading.FIRST, LATER)
    assert disagreements(room.read()) == ()


def test_where_the_readers_agree_there_is_nothing_to_settle(room):
    both_finish(room)
    for cell_id in (room.ids(3)[0], uuid7()):
        with pytest.raises(Conflict, match="do not differ"):
            do(room, settle, room.ann, cell_id, Reading.FIRST, LATER)
    with pytest.raises(InvalidInput):
        do(room, settle, room.ann, room.ids(1)[0], Reading.SETTLED, LATER)


def test_who_reads_second_cannot_look_at_the_first_reading_and_come_back(container):
    room = open_room(container)
    act(room, room.ann, 1, Act.EXCLUDE)
    do(room, give_to_second_reader, room.ann, room.bob, NOW)
    with pytest.raises(Forbidden, match="yours"):
        do(room, withdraw_second_reader, room.bob)
    with pytest.raises(Forbidden, match="yours"):
        do(room, give_to_second_reader, room.bob, room.ann, NOW)
    assert room.read(room.bob).is_blinded
    do(room, withdraw_second_reader, room.ann)
    assert Reading.SECOND not in room.read().readings


def test_a_second_reading_that_is_finished_without_a_decision_has_begun(container):
    room = open_room(container)
    do(room, give_to_second_reader, room.ann, room.bob, NOW)
    do(room, finish, room.bob, LATER)
    with pytest.raises(Conflict, match="has begun"):
        do(room, withdraw_second_reader, room.ann)


def test_an_account_that_cannot_sign_in_does_not_read(container):
    room = open_room(container)
    gone = User(uuid7(), "gone", Role.HAEMATOLOGIST, NO_PASSWORD)
    with container.transactions() as transaction:
        transaction.users.add(gone, NOW)
    with pytest.raises(InvalidInput, match="cannot sign in"):
        do(room, give_to_second_reader, room.ann, gone, NOW)
    for password in ("", NO_PASSWORD):
        with pytest.raises(NotSignedIn), container.transactions() as transaction:
            check_password(transaction, "gone", password)


def test_until_both_have_finished_neither_reads_what_the_other_writes(room):
    for user, text in ((room.ann, "of the first"), (room.bob, "of the second")):
        do(room, comment, user, room.ids(1)[0], text, LATER + timedelta(minutes=1))
    do(room, comment, room.bob, None, "before it was given", NOW - timedelta(days=1))
    other = replace(room.bob, id=uuid7())

    def read(user):
        with room.container.transactions() as transaction:
            found = comments_for(transaction, room.read(user), user.id)
        return [item.text for item in found]

    assert read(room.ann) == read(other) == ["of the first", "before it was given"]
    assert read(room.bob) == ["of the second", "before it was given"]
    both_finish(room)
    assert len(read(room.ann)) == len(read(room.bob)) == 3


def test_who_has_written_about_the_case_does_not_read_it_second(container):
    room = open_room(container)
    do(room, relabel, room.ann, room.ids(1), Act.CONFIRM, None, LATER)
    do(room, comment, room.bob, None, "I have looked at it", LATER)
    with pytest.raises(InvalidInput, match="knows the first reading"):
        do(room, give_to_second_reader, room.ann, room.bob, LATER)
