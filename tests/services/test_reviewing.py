"""Relabelling, undoing, two readers, blinding: on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from app.domain.finding import Exclusion
from app.domain.review import Act, Reading, ReviewRule, SecondReading
from app.services.discussing import comment, comments_for, interpret
from app.services.readiness import review_state
from app.services.reviewing import finish, reading_of, relabel, reopen
from app.services.second_reading import give_to_second_reader, withdraw_second_reader
from app.services.undoing import undo
from tests.services.reading_room import LATER, open_room

VACUOLE, SPIKE = Abnormality.VACUOLE, Abnormality.NUCLEAR_SPIKE


def act(room, user, ordinals, kind, label=None):
    with room.container.transactions() as transaction:
        ids = room.ids(*ordinals)
        return relabel(transaction, room.reader(user), ids, kind, label, LATER)


def take_back(room, user):
    with room.container.transactions() as transaction:
        return undo(transaction, room.reader(user), LATER)


def done(room, user):
    with room.container.transactions() as transaction:
        return finish(transaction, room.reader(user), LATER)


def give(room, user, chosen):
    with room.container.transactions() as transaction:
        give_to_second_reader(transaction, room.reader(user), chosen, LATER)


def held(room, viewer=None):
    """What each cell is held for, by number."""
    return {
        item.cell.ordinal: item.exclusion or {label.value for label in item.abnormalities}
        for item in room.read(viewer).cells
    }


def test_a_relabel_is_kept_with_who_and_when_beside_the_finding(container):
    room = open_room(container, shown=[{VACUOLE}])
    act(room, room.ann, [1, 2], Act.CALL, SPIKE)
    as_read = room.read()
    assert held(room)[1] == {"vacuole", "nuclear_spike"}
    assert as_read.read[0].abnormalities == {VACUOLE}
    first, second = as_read.reviews
    assert (first.sequence, second.sequence) == (1, 2)
    assert first.action_id == second.action_id
    assert (first.reader_id, first.reader_name, first.at) == (room.ann.id, "Dr Ann", LATER)
    assert first.bundle_digest == container.bundle.manifest.digest
    assert as_read.readings[Reading.FIRST].reader_id == room.ann.id


def test_two_readers_at_once_lose_nothing(container):
    room = open_room(container)
    labels = list(Abnormality)
    with ThreadPoolExecutor(4) as pool:
        futures = [
            pool.submit(act, room, room.ann if index % 2 else room.bob, [1], Act.CALL, label)
            for index, label in enumerate(labels)
        ]
        for future in futures:
            future.result()
    assert held(room)[1] == {label.value for label in labels}
    assert sorted(item.sequence for item in room.read().reviews) == [1, 2, 3, 4]


def test_undo_takes_a_whole_action_back_and_then_the_one_before(container):
    room = open_room(container, shown=[{VACUOLE}])
    act(room, room.ann, [1, 2, 3], Act.NORMAL)
    act(room, room.ann, [2], Act.EXCLUDE)
    assert held(room)[2] is Exclusion.BY_READER
    take_back(room, room.ann)
    assert held(room)[2] == set()
    take_back(room, room.ann)
    assert held(room)[1] == {"vacuole"}
    assert not any(item.is_reviewed for item in room.read().cells)
    assert take_back(room, room.ann).events == ()


def test_undo_leaves_alone_what_somebody_changed_since(container):
    room = open_room(container)
    act(room, room.ann, [1, 2], Act.EXCLUDE)
    act(room, room.bob, [2], Act.CALL, VACUOLE)
    undone = take_back(room, room.ann)
    assert undone.kept == tuple(room.ids(2))
    assert held(room) == {1: set(), 2: {"vacuole"}, 3: set(), 4: set(), 5: set(), 6: set()}
    assert take_back(room, room.ann).events == ()


def test_undo_is_ones_own(container):
    room = open_room(container)
    act(room, room.ann, [1], Act.EXCLUDE)
    assert take_back(room, room.bob).events == ()
    assert held(room)[1] is Exclusion.BY_READER


@pytest.mark.parametrize(
    ("kind", "label"), [(Act.CALL, None), (Act.NORMAL, VACUOLE), (Act.UNDO, None)]
)
def test_an_act_that_fits_not_is_refused_and_leaves_nothing(container, kind, label):
    room = open_room(container)
    with pytest.raises(InvalidInput):
        act(room, room.ann, [1], kind, label)
    assert room.read().reviews == []
    assert room.read().readings == {}


def test_a_cell_of_another_case_is_refused(container):
    room = open_room(container)
    with pytest.raises(NotFound), container.transactions() as transaction:
        relabel(transaction, room.reader(room.ann), [uuid7()], Act.NORMAL, None, LATER)


def test_a_reading_ends_only_when_low_confidence_is_looked_at(container):
    room = open_room(container, unsure={2: 0.6, 3: 0.4})
    with pytest.raises(Conflict, match="2 cells of low confidence"):
        done(room, room.ann)
    act(room, room.ann, [2, 3], Act.CONFIRM)
    assert room.read().unreviewed == frozenset()
    assert done(room, room.ann).readings[Reading.FIRST].finished_at == LATER


def test_without_a_second_reader_a_finished_reading_goes_on_by_itself(container):
    room = open_room(container)
    act(room, room.ann, [1], Act.CONFIRM)
    done(room, room.ann)
    act(room, room.bob, [1], Act.EXCLUDE)
    assert room.read().readings[Reading.FIRST].finished_at is None


def test_the_second_reader_sees_nothing_of_the_first(container):
    room = open_room(container, shown=[{VACUOLE}])
    act(room, room.ann, [1, 2], Act.EXCLUDE)
    give(room, room.ann, room.bob)
    with container.transactions() as transaction:
        comment(transaction, room.reader(room.ann), None, "I hold 1 for a smudge", LATER)
        comment(transaction, room.reader(room.bob), None, "mine", LATER)
    assert held(room, room.bob)[1] == {"vacuole"}
    act(room, room.bob, [3], Act.CALL, SPIKE)
    assert held(room, room.bob)[3] == {"nuclear_spike"}
    assert held(room, room.ann)[3] == set()
    with container.transactions() as transaction:
        seen = comments_for(transaction, room.read(room.bob), room.bob.id)
    assert [item.text for item in seen] == ["mine"]
    assert room.read(room.ann).agreement is None


def test_both_finished_show_their_agreement_and_settle_what_differs(container):
    room = open_room(container, shown=[{VACUOLE}])
    act(room, room.ann, [1], Act.EXCLUDE)
    give(room, room.ann, room.bob)
    act(room, room.bob, [1], Act.CONFIRM)
    act(room, room.bob, [2], Act.CONFIRM)
    done(room, room.bob)
    with pytest.raises(Forbidden):
        act(room, room.bob, [2], Act.EXCLUDE)
    done(room, room.ann)
    as_read = room.read(room.bob)
    assert not as_read.is_blinded
    assert as_read.agreement.disagreements == tuple(room.ids(1))
    assert as_read.unsettled == tuple(room.ids(1))
    assert reading_of(as_read) is Reading.SETTLED
    # The second reader looked at cell 2, and agreed with the classifier as the first one did.
    assert as_read.cells[1].is_reviewed
    assert held(room)[1] is Exclusion.BY_READER
    act(room, room.bob, [1], Act.INCLUDE)
    assert room.read().unsettled == ()
    assert held(room)[1] == {"vacuole"}
    take_back(room, room.bob)
    assert room.read().unsettled == tuple(room.ids(1))
    assert held(room)[1] is Exclusion.BY_READER
    with pytest.raises(Conflict), container.transactions() as transaction:
        reopen(transaction, room.reader(room.ann))


def test_the_second_reader_is_somebody_else_and_stays_once_begun(container):
    room = open_room(container)
    act(room, room.ann, [1], Act.CONFIRM)
    with pytest.raises(InvalidInput, match="knows the first"):
        give(room, room.bob, room.ann)
    give(room, room.ann, room.bob)
    act(room, room.bob, [1], Act.CONFIRM)
    with pytest.raises(Conflict, match="begun"), container.transactions() as transaction:
        withdraw_second_reader(transaction, room.reader(room.ann))
    with pytest.raises(Conflict, match="begun"):
        give(room, room.ann, room.bob)


def test_who_gives_a_case_away_unread_keeps_the_first_reading(container):
    room = open_room(container)
    with pytest.raises(InvalidInput, match="first and second"):
        give(room, room.ann, room.ann)
    give(room, room.ann, room.bob)
    readings = room.read().readings
    assert readings[Reading.FIRST].reader_id == room.ann.id
    assert readings[Reading.SECOND].reader_id == room.bob.id


def test_a_finished_first_reading_waits_for_the_second_unless_it_is_opened_again(container):
    room = open_room(container)
    give(room, room.ann, room.bob)
    done(room, room.ann)
    with pytest.raises(Conflict, match="Open it again"):
        act(room, room.ann, [1], Act.EXCLUDE)
    with container.transactions() as transaction:
        reopen(transaction, room.reader(room.ann))
    act(room, room.ann, [1], Act.EXCLUDE)


@pytest.mark.parametrize(
    ("second_reading", "required"),
    [(SecondReading.NEVER, False), (SecondReading.RECOMMENDED, True), (SecondReading.ALWAYS, True)],
)
def test_the_rule_asks_for_a_second_reader_where_testing_is_recommended(
    container, second_reading, required
):
    # The rule of the small bundle needs 50 PMN; all with vacuoles are far above its cut-off.
    shown = [{VACUOLE}] * 60
    rule = ReviewRule(second_reading=second_reading)
    room = open_room(container, shown=shown, cell_count=60, rule=rule)
    assert review_state(room.read()).second_required is required
    act(room, room.ann, range(1, 61), Act.NORMAL)
    # The reader sees no vacuole; the classifier still recommends, and that is worth another look.
    assert review_state(room.read()).second_required is required


def test_an_interpretation_is_not_written_over_unseen(container):
    room = open_room(container)
    with container.transactions() as transaction:
        interpret(transaction, room.reader(room.ann), "First", None, LATER, is_blinded=False)
    with container.transactions() as transaction:
        seen = transaction.discussion.interpretation(room.case.id)
    assert (seen.text, seen.author_name) == ("First", "Dr Ann")
    with pytest.raises(Conflict), container.transactions() as transaction:
        interpret(transaction, room.reader(room.bob), "Mine", None, LATER, is_blinded=False)
    with container.transactions() as transaction:
        interpret(transaction, room.reader(room.bob), "  ", seen.at, LATER, is_blinded=False)
    with container.transactions() as transaction:
        assert transaction.discussion.interpretation(room.case.id) is None
    with pytest.raises(Forbidden), container.transactions() as transaction:
        interpret(transaction, room.reader(room.bob), "Mine", None, LATER, is_blinded=True)


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 4001, "bell\a"])
def test_a_comment_that_cannot_be_kept_is_refused(container, text):
    room = open_room(container)
    with pytest.raises(InvalidInput), container.transactions() as transaction:
        comment(transaction, room.reader(room.ann), None, text, LATER)


def test_a_comment_stays_on_its_cell(container):
    room = open_room(container)
    with container.transactions() as transaction:
        comment(transaction, room.reader(room.ann), room.ids(2)[0], " Döhle?\r\nLook ", LATER)
    with container.transactions() as transaction:
        [kept] = transaction.discussion.comments(room.case.id)
    assert (kept.cell_id, kept.text, kept.author_name) == (
        room.ids(2)[0],
        "Döhle?\nLook",
        "Dr Ann",
    )
