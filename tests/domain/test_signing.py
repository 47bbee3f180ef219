"""What stands between a case and its signature."""

from uuid_utils.compat import uuid7

from app.domain.case import Progress
from app.domain.signing import ReadingState, ReviewState, missing
from tests.factories import NOW

DONE = Progress(10, 10, 0)


def reading(*, finished, name="Ann"):
    return ReadingState(uuid7(), name, NOW, NOW if finished else None)


def state(**changes):
    values = {
        "first": None,
        "second": None,
        "unreviewed_count": 0,
        "second_required": False,
        "unsettled_count": 0,
        **changes,
    }
    return ReviewState(**values)


def test_nothing_is_missing_once_every_low_confidence_cell_is_reviewed():
    assert missing(DONE, state()) == ()


def test_cells_and_classification_and_review_are_asked_for():
    assert missing(Progress(0, 0, 0), state()) == ("The case has no cells.",)
    assert missing(Progress(10, 7, 0), state(unreviewed_count=2)) == (
        "3 cells wait for classification.",
        "2 cells of low confidence are not reviewed.",
    )


def test_a_second_reader_is_asked_for_where_the_rule_does():
    [sentence] = missing(DONE, state(second_required=True))
    assert "second reader" in sentence


def test_both_readings_must_be_finished_before_what_differs_is_settled():
    begun = state(
        first=reading(finished=False),
        second=reading(finished=False, name="Bob"),
        unsettled_count=3,
    )
    assert missing(DONE, begun) == (
        "The first reading is not finished.",
        "The second reading, by Bob, is not finished.",
    )
    done = state(first=reading(finished=True), second=reading(finished=True), unsettled_count=3)
    [sentence] = missing(DONE, done)
    assert "differ on 3 cells" in sentence
    assert missing(DONE, state(first=done.first, second=done.second)) == ()
