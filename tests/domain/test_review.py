"""What a reader's acts do to a cell, which cells want a look, and what undoing finds."""

from dataclasses import replace

import pytest
from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.cell import QualityFlag
from app.domain.finding import Exclusion, read_cell, tally
from app.domain.review import (
    Act,
    CellReview,
    Decision,
    Reading,
    ReviewRule,
    certainty,
    decide,
    in_force,
    is_uncertain,
    latest,
    reviewed,
    standing,
    to_undo,
    wants_review,
)
from app.domain.screening import entering_score, screen
from tests.factories import (
    NOW,
    make_cell,
    make_correction,
    make_findings,
    make_manifest,
    make_read,
    make_rule,
)

VACUOLE, SPIKE = Abnormality.VACUOLE, Abnormality.NUCLEAR_SPIKE
CASE, ANN, BOB = uuid7(), uuid7(), uuid7()


NOTHING = Decision(None, frozenset())


def event(cell_id, sequence, act=Act.NORMAL, decision=NOTHING, **changes):
    values = {
        "id": uuid7(),
        "case_id": CASE,
        "sequence": sequence,
        "cell_id": cell_id,
        "reading": Reading.FIRST,
        "reader_id": ANN,
        "reader_name": "Ann",
        "at": NOW,
        "act": act,
        "label": None,
        "decision": decision,
        "action_id": uuid7(),
        "undoes": None,
        "bundle_digest": "d" * 64,
        **changes,
    }
    return CellReview(**values)


def with_probabilities(pmn=0.99, **changed):
    cell = make_cell()
    found = make_findings(cell, pmn=pmn)
    probabilities = {**found.probabilities, **{Abnormality(k): v for k, v in changed.items()}}
    return replace(found, probabilities=probabilities)


def test_calling_adds_one_label_and_keeps_the_others():
    after = decide(Act.CALL, VACUOLE, make_read({SPIKE}))
    assert after == Decision(None, frozenset({SPIKE, VACUOLE}))


def test_uncalling_takes_one_label_and_keeps_the_others():
    after = decide(Act.UNCALL, VACUOLE, make_read({SPIKE, VACUOLE}))
    assert after == Decision(None, frozenset({SPIKE}))


def test_calling_counts_a_cell_that_was_left_out_and_uncalling_does_not():
    left_out = make_read({SPIKE}, pmn=0.1)
    assert decide(Act.CALL, VACUOLE, left_out).exclusion is None
    assert decide(Act.UNCALL, SPIKE, left_out) == Decision(Exclusion.NOT_PMN, frozenset())


def test_leaving_out_keeps_the_classifiers_reason_where_it_has_one():
    assert decide(Act.EXCLUDE, None, make_read()).exclusion is Exclusion.BY_READER
    assert decide(Act.EXCLUDE, None, make_read(pmn=0.1)).exclusion is Exclusion.NOT_PMN


def test_normal_include_and_confirm():
    left_out = make_read({SPIKE}, pmn=0.1)
    assert decide(Act.NORMAL, None, left_out) == Decision(None, frozenset())
    assert decide(Act.INCLUDE, None, left_out) == Decision(None, frozenset({SPIKE}))
    assert decide(Act.CONFIRM, None, left_out) == Decision(Exclusion.NOT_PMN, frozenset({SPIKE}))


@pytest.mark.parametrize("act", [Act.CALL, Act.UNCALL, Act.UNDO])
def test_an_act_without_its_label_and_undo_are_no_decisions(act):
    with pytest.raises(ValueError, match="no decision"):
        decide(act, None, make_read())


def test_the_latest_event_of_a_cell_holds():
    cell = uuid7()
    first, second = event(cell, 1), event(cell, 2, Act.EXCLUDE)
    assert latest([second, first], Reading.FIRST) == {cell: second}


def test_an_event_that_leaves_nothing_decided_uncovers_the_earlier_reading():
    cell = uuid7()
    first = event(cell, 1)
    settled = event(cell, 2, reading=Reading.SETTLED)
    undone = event(cell, 3, Act.UNDO, None, reading=Reading.SETTLED)
    both = (Reading.FIRST, Reading.SETTLED)
    assert in_force([first, settled], *both) == {cell: settled}
    assert in_force([first, settled, undone], *both) == {cell: first}


def test_reviewed_cells_stand_as_readers_hold_them_and_say_so():
    one, other = make_read({VACUOLE}), make_read()
    events = {one.cell.id: event(one.cell.id, 1)}
    after = reviewed([one, other], events)
    assert after[0].abnormalities == frozenset()
    assert after[0].is_reviewed
    assert after[1] == other
    counts = tally(after)
    assert (counts.pmn_count, counts.reviewed_pmn_count) == (2, 1)
    assert counts.proportion(VACUOLE).count == 0


def test_confirming_changes_no_count_but_marks_the_cell():
    one = make_read({VACUOLE})
    decision = decide(Act.CONFIRM, None, one)
    [after] = reviewed([one], {one.cell.id: event(one.cell.id, 1, Act.CONFIRM, decision)})
    assert after == replace(one, is_reviewed=True)


@pytest.mark.parametrize(
    ("pmn", "vacuole", "expected"),
    [
        (0.99, 0.1, False),
        (0.99, 0.4, True),
        (0.99, 0.72, True),
        (0.99, 0.74, False),
        (0.6, 0.1, True),
        # What is not taken for a PMN is not judged by its abnormalities.
        (0.1, 0.5, False),
    ],
)
def test_near_a_threshold_is_within_the_margin_of_log_odds(pmn, vacuole, expected):
    # Every threshold is 0.5, so a margin of 1 reaches from 0.269 to 0.731.
    found = with_probabilities(pmn, vacuole=vacuole)
    assert is_uncertain(found, make_manifest(), 1.0) is expected


def test_certainty_is_the_distance_from_the_nearest_threshold_that_decides():
    found = with_probabilities(0.99, vacuole=0.6)
    assert certainty(found, make_manifest()) == pytest.approx(0.405465, abs=1e-6)
    assert certainty(with_probabilities(0.2, vacuole=0.5), make_manifest()) == pytest.approx(
        1.386294, abs=1e-6
    )


def test_probabilities_of_0_and_1_are_far_and_no_error():
    found = with_probabilities(1.0, vacuole=0.0, nuclear_spike=1.0)
    assert not is_uncertain(found, make_manifest(), 2.0)


def test_poor_pictures_want_no_look_and_unread_cells_do():
    manifest, rule = make_manifest(), ReviewRule()
    poor = make_cell(flags=[QualityFlag.BLURRED])
    unsure = replace(with_probabilities(vacuole=0.5), cell_id=poor.id)
    assert not wants_review(read_cell(poor, unsure, manifest), manifest, rule)
    assert wants_review(read_cell(make_cell(), None, manifest), manifest, rule)
    assert not wants_review(make_read(), manifest, rule)


def test_undo_finds_the_readers_own_last_action_that_still_stands():
    cell, other = uuid7(), uuid7()
    mine, theirs, mine_too = event(cell, 1), event(cell, 2, reader_id=BOB), event(other, 3)
    events = [mine, theirs, mine_too]
    assert to_undo(events, ANN, Reading.FIRST) == mine_too.action_id
    taken_back = event(other, 4, Act.UNDO, None, undoes=mine_too.action_id)
    assert to_undo([*events, taken_back], ANN, Reading.FIRST) == mine.action_id
    both = event(cell, 5, Act.UNDO, None, undoes=mine.action_id)
    assert to_undo([*events, taken_back, both], ANN, Reading.FIRST) is None
    assert to_undo(events, ANN, Reading.SECOND) is None


def test_what_was_taken_back_is_gone_and_so_is_what_took_it_back():
    cell = uuid7()
    first, second = event(cell, 1), event(cell, 3, Act.EXCLUDE)
    elsewhere = event(cell, 2, reading=Reading.SECOND)
    undone = event(cell, 4, Act.UNDO, undoes=second.action_id)
    events = [second, first, elsewhere]
    assert standing(events, Reading.FIRST) == {cell: [first, second]}
    assert standing([*events, undone], Reading.FIRST) == {cell: [first]}
    # What somebody changed since is not taken back.
    theirs = event(cell, 4, reader_id=BOB)
    late = event(cell, 5, Act.UNDO, undoes=second.action_id)
    assert standing([*events, theirs, late], Reading.FIRST) == {cell: [first, second, theirs]}


def test_the_correction_leaves_alone_what_a_reader_has_looked_at():
    rule = make_rule()
    assert rule.entering_both(VACUOLE, 0.2, 0.4, 0.25) == pytest.approx(0.25 * 0.4 + 0.75 * 0.2)


def part_reviewed(confirmed, rest):
    """Cells that a reader has confirmed, and cells that only the classifier has read."""
    seen = [replace(make_read(shown), is_reviewed=True) for shown in confirmed]
    return tally([*seen, *(make_read(shown) for shown in rest)])


def test_only_what_no_reader_has_looked_at_is_corrected():
    rule = make_rule(correction=make_correction(0.9, 0.95))
    counts = part_reviewed([{VACUOLE}] * 10 + [set()] * 10, [{VACUOLE}] * 22 + [set()] * 58)
    # Of the rest 0.275 were called: (0.275 + 0.95 - 1) / 0.85 = 0.264706.
    expected = 0.2 * 0.5 + 0.8 * 0.2647059
    assert entering_score(counts, rule, VACUOLE) == pytest.approx(expected, abs=1e-6)


def test_a_case_that_was_looked_at_in_full_is_not_corrected():
    rule = make_rule(correction=make_correction(0.9, 0.95))
    counts = part_reviewed([{VACUOLE}] * 20 + [set()] * 80, [])
    assert entering_score(counts, rule, VACUOLE) == 0.2
    assert screen(counts, rule) == replace(
        screen(counts, make_rule()),
        interval_low=screen(counts, rule).interval_low,
        interval_high=screen(counts, rule).interval_high,
    )


def test_the_interval_is_wider_than_the_value_on_both_sides_with_both_strata():
    rule = make_rule(correction=make_correction(0.9, 0.95))
    counts = part_reviewed([{VACUOLE}] * 10 + [set()] * 10, [{VACUOLE}] * 22 + [set()] * 58)
    score = screen(counts, rule)
    assert score.interval_low < score.value < score.interval_high


def test_calls_that_a_reader_confirmed_leave_a_rule_without_correction_as_it_is():
    pattern = [{VACUOLE}] * 20 + [set()] * 60
    assert screen(part_reviewed(pattern[:40], pattern[40:]), make_rule()) == screen(
        part_reviewed([], pattern), make_rule()
    )


def test_other_calls_are_counted_among_the_cells_that_they_would_be_of():
    rule = make_rule(correction=make_correction(1.0, 1.0))
    counts = part_reviewed([{VACUOLE}] * 5 + [set()] * 5, [{VACUOLE}] * 2 + [set()] * 8)
    assert entering_score(counts, rule, VACUOLE, change=-2) == pytest.approx(5 / 20)
    assert entering_score(counts, rule, VACUOLE, reviewed_change=-4) == pytest.approx(3 / 20)
    assert entering_score(counts, rule, VACUOLE, change=8, reviewed_change=5) == 1
