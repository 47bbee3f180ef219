"""The review room's groups, states and numbers, from domain values to what is shown."""

from dataclasses import replace
from uuid import uuid4

import pytest

from app.domain.abnormality import Abnormality
from app.domain.finding import read_cell
from app.domain.review import Act, Reading
from app.domain.signing import ReadingState
from app.services.cancelling import CANCELLED
from app.services.review_count import review_count, score_of
from app.web.pages.present_case import next_step, readers, review_status
from app.web.pages.present_gallery import Order, review_groups
from app.web.pages.present_references import references
from app.web.pages.present_review import initials, numbers, states
from tests.factories import NOW, make_findings, make_manifest, novelty_manifest
from tests.web.pages.examples import as_read_of, decision, example_cells, reviewed_example
from tests.web.pages.test_wording import plain


def groups(as_read, order=Order.LOOK):
    return {group.key: group for group in review_groups(as_read, order).groups}


def with_probability(cells, index, label, probability):
    """The same cells, one with another probability."""
    read = list(cells.read)
    cell = read[index].cell
    findings = make_findings(cell)
    changed = {**findings.probabilities, label: probability}
    read[index] = read_cell(cell, replace(findings, probabilities=changed), cells.manifest)
    return replace(cells, read=read)


def test_every_cell_stands_in_its_groups():
    found = groups(as_read_of(example_cells(10, 2, vacuole=4, nuclear_spike=2)))
    assert {key: len(group.cards) for key, group in found.items()} == {
        "low_confidence": 1,
        "pseudo_pelger": 0,
        "nuclear_spike": 2,
        "vacuole": 4,
        "hypogranularity": 0,
        "unremarkable": 6,
        "not_pmn": 1,
        "poor_quality": 1,
        "waiting": 2,
    }
    excluded = [key for key, group in found.items() if group.excluded]
    assert excluded == ["not_pmn", "poor_quality"]


def test_a_cell_of_low_confidence_stands_by_itself_until_somebody_has_looked():
    cells = with_probability(example_cells(10, 0), 3, Abnormality.VACUOLE, 0.55)
    fresh = as_read_of(cells)
    number = cells.read[3].cell.ordinal
    found = groups(fresh)
    assert number in [card.ordinal for card in found["low_confidence"].cards]
    assert found["vacuole"].cards == ()
    assert found["vacuole"].note.endswith("1 more above")
    seen = groups(as_read_of(cells, [decision(fresh, 3, Act.CONFIRM)]))
    assert [card.ordinal for card in seen["vacuole"].cards] == [number]


def test_what_needs_a_look_comes_first():
    cells = example_cells(5, 0)
    for index, probability in enumerate((0.02, 0.15, 0.1, 0.05, 0.12)):
        cells = with_probability(cells, index, Abnormality.VACUOLE, probability)
    fresh = as_read_of(cells)
    ordinals = [card.ordinal for card in groups(fresh)["unremarkable"].cards]
    assert ordinals[:1] == [2]
    as_read = as_read_of(cells, [decision(fresh, 1, Act.CONFIRM)])
    assert [card.ordinal for card in groups(as_read)["unremarkable"].cards][-1] == 2
    by_number = groups(fresh, Order.NUMBER)["unremarkable"].cards
    assert [card.ordinal for card in by_number] == [1, 2, 3, 4, 5]
    by_probability = groups(fresh, Order.PROBABILITY)["unremarkable"].cards
    assert by_probability[0].ordinal == 2


def test_unfamiliar_cells_have_a_group_of_their_own_once_looked_at():
    cells = example_cells(2, 0)
    manifest = make_manifest(**novelty_manifest(2.0))
    first = cells.read[0]
    strange = read_cell(first.cell, replace(first.findings, novelty=2.5), manifest)
    cells = replace(cells, manifest=manifest, read=[strange, *cells.read[1:]])
    as_read = as_read_of(cells, [decision(as_read_of(cells), 0, Act.CONFIRM)])
    group = groups(as_read)["unfamiliar"]
    assert group.excluded
    assert group.note.startswith("Taken for PMN, but of a novelty of 2.00 or more; not")
    assert [card.facts for card in group.cards] == [("Novelty 2.500",)]


def test_a_card_says_why_it_is_not_counted():
    found = groups(as_read_of(example_cells(1, 0)))
    assert found["poor_quality"].cards[0].facts == ("Blurred: sharpness 12.5",)
    assert found["low_confidence"].cards[0].facts == ("The stored image is damaged.",)
    assert found["not_pmn"].cards[0].pmn_probability == "0.20"


def test_nothing_read_shows_no_empty_groups():
    cells = replace(example_cells(0, 2), read=[], failures={})
    assert list(groups(as_read_of(cells))) == ["waiting"]


def test_a_state_tells_what_was_before_where_the_reader_changed_it():
    cells = example_cells(4, 0, nuclear_spike=4)
    as_read = reviewed_example(cells)
    called, left_out, confirmed, untouched = states(
        as_read, [read.cell.id for read in cells.read[:4]]
    )
    assert called.calls == ("nuclear_spike", "vacuole")
    assert called.was == "was: Spikes"
    assert left_out.excluded == "Left out by the reader"
    assert (confirmed.was, confirmed.initials != "") == ("", True)
    assert (untouched.was, untouched.initials, untouched.reader) == ("", "", "")


def test_the_numbers_stand_side_by_side():
    cells = example_cells(100, 0, vacuole=30)
    as_read = reviewed_example(cells)
    count = review_count(as_read)
    shown = numbers(count)
    vacuole = next(item for item in shown.labels if item.key == "vacuole")
    # The first cell had them already, the second one is left out.
    assert (vacuole.classifier_count, vacuole.count) == ("30/100", "29/99")
    assert plain(vacuole.share) == "29.3 %"
    assert (shown.pmn, shown.classifier_pmn) == ("99", "100")
    assert shown.looked_at == "3 of 103 cells looked at, 1 changed"
    assert shown.interval == ""


def test_the_score_beside_the_numbers_is_the_reports():
    as_read = reviewed_example(example_cells(100, 0, vacuole=30))
    count = review_count(as_read)
    score = score_of(count.reviewed, as_read.bundle.rule, "d" * 64)
    assert count.value == score.value
    assert numbers(count, score).interval


def test_too_few_cells_and_waiting_cells_give_no_score():
    few = numbers(review_count(as_read_of(example_cells(3, 0))))
    assert few.recommendation == "Too few cells to say"
    waiting = numbers(review_count(as_read_of(example_cells(100, 5))))
    assert waiting.recommendation == "No recommendation yet"
    assert plain(waiting.score) == "-"


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Marie-Anne Dupont", "MAD"), ("admin", "A"), ("Dr. J. de la Tour", "DJD"), ("", "")],
)
def test_initials(name, letters):
    assert initials(name) == letters


def reading_states(first=None, second=None):
    made = {}
    for reading, finished in ((Reading.FIRST, first), (Reading.SECOND, second)):
        if finished is not None:
            made[reading] = ReadingState(uuid4(), reading.value, NOW, NOW if finished else None)
    return made


@pytest.mark.parametrize(
    ("first", "second", "blinded", "words", "closed"),
    [
        (None, None, False, "", False),
        (True, None, False, "The review is finished", False),
        (True, False, False, "The first reading is finished", True),
        (False, False, True, "Second reading", False),
        (False, True, True, "You have finished the second reading", True),
        (True, True, False, "Both readings are finished", False),
    ],
)
def test_the_room_says_whose_reading_it_is(first, second, blinded, words, closed):
    as_read = as_read_of(
        example_cells(3, 0), readings=reading_states(first, second), is_blinded=blinded
    )
    status = review_status(as_read)
    assert status.notice.startswith(words)
    assert bool(status.notice) == bool(words)
    assert status.is_closed == closed
    closed = review_status(as_read, CANCELLED)
    assert closed.is_closed
    assert closed.notice == CANCELLED
    assert not closed.can_finish


def test_the_blinded_reader_does_not_learn_how_far_the_first_is():
    as_read = as_read_of(
        example_cells(3, 0), readings=reading_states(first=False, second=False), is_blinded=True
    )
    assert [item.name for item in readers(as_read)] == ["Second reading"]
    assert next_step(as_read, ("The first is not finished.",)).missing == ()


def test_a_laboratorys_own_pictures_take_the_place_of_drawings(tmp_path):
    (tmp_path / "vacuole").mkdir()
    (tmp_path / "vacuole" / "a.png").write_bytes(b"")
    (tmp_path / "vacuole" / "notes.txt").write_bytes(b"")
    found = {item.title: item for item in references(tmp_path)}
    assert found["Vacuoles"].paths == ("/reference/vacuole.png?number=0",)
    assert found["Vacuoles"].source == "Pictures of this laboratory"
    assert found["Nuclear spikes"].source == "Drawn by a program"
    assert len(found) == len(Abnormality) + 1
