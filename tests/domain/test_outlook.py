"""How firmly a score lies on its side of the cut-off, by hand and against the score itself."""

import math
from dataclasses import replace

import pytest

from app.domain.abnormality import Abnormality
from app.domain.finding import Tally
from app.domain.outlook import outlook_of
from app.domain.screening import ScreeningScore, entering_score, logistic, recommend, screen
from tests.factories import make_correction, make_rule, make_tally

# In the rule of the tests each cell in a hundred adds 0.1 to the log-odds, from -3; the cut-off
# is 0.5: thirty in a hundred reach it.


def look(tally, rule):
    return outlook_of(screen(tally, rule), tally, rule)


def changes(found):
    return {turn.label: turn.change for turn in found.turns}


def test_the_distance_is_score_less_cut_off_in_both_units():
    found = look(make_tally(100, vacuole=20), make_rule())
    assert found.log_odds_distance == pytest.approx(-1.0)
    assert found.distance == pytest.approx(1 / (1 + math.e) - 0.5)
    assert look(make_tally(100, vacuole=40), make_rule()).log_odds_distance == pytest.approx(1.0)


def test_below_the_cut_off_so_many_cells_more_would_have_to_be_called():
    found = look(make_tally(100, vacuole=20), make_rule())
    assert changes(found) == dict.fromkeys(Abnormality, 10)


def test_above_the_cut_off_so_many_cells_fewer_and_none_where_too_few_are_called():
    found = look(make_tally(100, vacuole=25, nuclear_spike=9), make_rule())
    # 34 in a hundred: five fewer leave 29, below the cut-off; four fewer leave it reached.
    assert changes(found) == {
        Abnormality.PSEUDO_PELGER: None,
        Abnormality.NUCLEAR_SPIKE: -5,
        Abnormality.VACUOLE: -5,
        Abnormality.HYPOGRANULARITY: None,
    }


def test_at_the_cut_off_one_cell_fewer_turns_it():
    found = look(make_tally(100, vacuole=30), make_rule())
    assert changes(found)[Abnormality.VACUOLE] == -1
    assert not found.is_settled
    assert found.more_cells is None


def test_an_abnormality_without_weight_turns_nothing():
    weights = {**dict.fromkeys(Abnormality, 10.0), Abnormality.VACUOLE: 0.0}
    for count in (10, 50):
        found = look(
            make_tally(100, vacuole=10, nuclear_spike=count), make_rule(coefficients=weights)
        )
        assert changes(found)[Abnormality.VACUOLE] is None


def test_an_abnormality_that_lowers_the_score_turns_it_the_other_way():
    weights = {**dict.fromkeys(Abnormality, 10.0), Abnormality.VACUOLE: -10.0}
    rule = make_rule(coefficients=weights)
    below = look(make_tally(100, vacuole=10, nuclear_spike=35), rule)
    above = look(make_tally(100, vacuole=10, nuclear_spike=45), rule)
    assert changes(below)[Abnormality.VACUOLE] == -5
    # 45 less 10 in a hundred: six more leave 29.
    assert changes(above)[Abnormality.VACUOLE] == 6


def test_the_correction_is_in_the_number_of_cells():
    rule = make_rule(correction=make_correction(0.9, 0.95))
    found = look(make_tally(250, vacuole=50), rule)
    # 0.3 is needed in all; the corrected vacuoles are (0.2 - 0.05) / 0.85. With c of 250 called,
    # (c / 250 - 0.05) / 0.85 >= 0.3 gives c >= 76.25. Another abnormality first passes its 12.5
    # false calls, then needs 0.3 - 0.17647 = 0.12353: c >= 250 * (0.05 + 0.105) = 38.75.
    assert changes(found) == {
        Abnormality.PSEUDO_PELGER: 39,
        Abnormality.NUCLEAR_SPIKE: 39,
        Abnormality.VACUOLE: 27,
        Abnormality.HYPOGRANULARITY: 39,
    }


@pytest.mark.parametrize("correction", [None, make_correction(0.9, 0.95)])
@pytest.mark.parametrize("counts", [{"vacuole": 20}, {"vacuole": 50, "nuclear_spike": 14}])
def test_the_least_number_turns_the_recommendation_and_one_less_does_not(counts, correction):
    rule = make_rule(correction=correction)
    tally = make_tally(130, **counts)
    before = recommend(screen(tally, rule))
    for label, change in changes(look(tally, rule)).items():
        if change is None:
            continue
        count, step = counts.get(label.value, 0), int(math.copysign(1, change))
        turned = make_tally(130, **{**counts, label.value: count + change})
        nearly = make_tally(130, **{**counts, label.value: count + change - step})
        assert recommend(screen(turned, rule)) is not before
        assert recommend(screen(nearly, rule)) is before


def partly_reviewed(unread, reviewed, unread_called, reviewed_called):
    """Vacuoles on so many of the cells, of which a reader has looked at some."""
    vacuole, plain = frozenset({Abnormality.VACUOLE}), frozenset()
    read = {vacuole: reviewed_called, plain: reviewed - reviewed_called}
    called = {vacuole: unread_called, plain: unread - unread_called}
    both = {pattern: read[pattern] + called[pattern] for pattern in read}
    return Tally((), both, {}, read)


@pytest.mark.parametrize(
    "tally",
    [
        partly_reviewed(100, 100, 12, 20),
        partly_reviewed(100, 100, 2, 20),
        partly_reviewed(150, 50, 40, 30),
        partly_reviewed(20, 180, 18, 40),
        partly_reviewed(100, 100, 8, 65),
        partly_reviewed(30, 170, 3, 70),
    ],
)
def test_with_some_cells_reviewed_the_number_is_the_least_of_all_ways(tally):
    """Every way to change so many cells, tried one by one against the recommendation."""
    rule = make_rule(correction=make_correction(0.9, 0.95))
    before = recommend(screen(tally, rule))
    reviewed = tally.reviewed_proportion(Abnormality.VACUOLE)
    whole = tally.proportion(Abnormality.VACUOLE)
    sizes = (whole.total - reviewed.total, reviewed.total)
    counts = (whole.count - reviewed.count, reviewed.count)
    turning = [
        abs(unread - counts[0]) + abs(read - counts[1])
        for unread in range(sizes[0] + 1)
        for read in range(sizes[1] + 1)
        # More in both, or fewer in both.
        if (unread - counts[0]) * (read - counts[1]) >= 0
        and recommend(unsure(partly_reviewed(*sizes, unread, read), rule)) is not before
    ]
    assert abs(changes(look(tally, rule))[Abnormality.VACUOLE]) == min(turning)


def unsure(tally, rule):
    """The score without its interval, which takes a thousand resamples."""
    entering = {label: entering_score(tally, rule, label) for label in Abnormality}
    value = logistic(rule.log_odds(entering))
    return ScreeningScore(value, value, value, rule.cut_off, 0.0, (), tally.pmn_count)


def test_an_interval_on_one_side_is_settled():
    for count in (2, 120):
        found = look(make_tally(200, vacuole=count), make_rule())
        assert found.is_settled
        assert found.more_cells is None


def test_a_score_almost_at_its_cut_off_is_not_settled_by_counting():
    score = screen(make_tally(100, vacuole=29), make_rule())
    assert not look(make_tally(100, vacuole=29), make_rule()).is_settled
    # 0.1 from the cut-off: the root asks for more than 21 times the cells.
    high = math.log(score.interval_high / (1 - score.interval_high))
    assert ((high + 0.1) / 0.1) ** 2 > 21
    assert look(make_tally(100, vacuole=29), make_rule()).more_cells is None


def test_the_number_follows_the_root_by_hand():
    tally, rule = make_tally(100, vacuole=25), make_rule()
    end = math.log(3.0)
    score = replace(screen(tally, rule), interval_high=1 / (1 + math.exp(-end)))
    # d = 0.5, the half-width on that side 0.5 + 1.0986: (1.5986 / 0.5)^2 = 10.22 times the cells.
    assert outlook_of(score, tally, rule).more_cells == math.ceil(
        100 * ((0.5 + end) ** 2 / 0.25 - 1)
    )


def scaled(tally, factor):
    """The same proportions on so many times as many cells."""
    patterns = {pattern: round(count * factor) for pattern, count in tally.patterns.items()}
    return replace(tally, patterns=patterns)


@pytest.mark.parametrize(
    ("counts", "correction"),
    [
        ({"vacuole": 50}, None),
        ({"vacuole": 20, "nuclear_spike": 56}, None),
        ({"vacuole": 20, "nuclear_spike": 16, "hypogranularity": 12}, None),
        ({"vacuole": 50}, make_correction(0.92, 0.96)),
        ({"vacuole": 70, "nuclear_spike": 4}, make_correction(0.92, 0.96)),
        ({"vacuole": 20, "nuclear_spike": 20, "hypogranularity": 20}, make_correction(0.92, 0.96)),
    ],
)
def test_about_so_many_more_cells_settle_it(counts, correction):
    """Within a third: the bootstrap's ends have a chance of their own, and the root is no law."""
    rule, tally = make_rule(correction=correction), make_tally(200, **counts)
    found = look(tally, rule)
    assert found.more_cells is not None
    total = 200 + found.more_cells
    assert look(scaled(tally, 1.35 * total / 200), rule).is_settled
    assert not look(scaled(tally, max(1.0, total / 1.35 / 200)), rule).is_settled
