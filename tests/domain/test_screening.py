import math
import random

import pytest

from app.domain.abnormality import Abnormality
from app.domain.errors import BundleRefused
from app.domain.screening import Recommendation, logistic, parse_rule, recommend, screen
from tests.factories import make_rule, make_tally, rule_content


def test_the_score_is_the_logistic_of_intercept_and_weighted_proportions():
    score = screen(make_tally(100, vacuole=20, nuclear_spike=10), make_rule())
    assert score.value == pytest.approx(1 / (1 + math.exp(-(-3 + 10 * 0.2 + 10 * 0.1))))
    assert score.cell_count == 100


def test_baseline_and_contributions_add_up_to_the_score():
    score = screen(make_tally(120, vacuole=31, pseudo_pelger=7), make_rule())
    total = score.baseline_log_odds + sum(part.log_odds for part in score.contributions)
    assert logistic(total) == pytest.approx(score.value)
    assert [part.label for part in score.contributions] == list(Abnormality)


def test_the_same_tally_gives_the_same_interval():
    one, other = (screen(make_tally(80, vacuole=20), make_rule()) for _ in range(2))
    assert (one.interval_low, one.interval_high) == (other.interval_low, other.interval_high)


def test_the_interval_holds_the_score_and_narrows_with_more_cells():
    few = screen(make_tally(60, vacuole=15), make_rule())
    many = screen(make_tally(960, vacuole=240), make_rule())
    for score in (few, many):
        assert score.interval_low < score.value < score.interval_high
    assert many.interval_high - many.interval_low < (few.interval_high - few.interval_low) / 2


def test_a_clean_smear_is_not_called_certain():
    """The cells seen have no spread; the interval must not be a point for that."""
    score = screen(make_tally(60), make_rule())
    assert score.interval_low <= score.value < score.interval_high
    # Rule of three: up to 3/60 of each label may have been missed.
    assert score.interval_high > logistic(-3 + 10 * 0.03)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """Many cases of one patient whose true vacuole share is 20 %."""
    rng = random.Random(4)
    rule = make_rule(coefficients={**dict.fromkeys(Abnormality, 0.0), Abnormality.VACUOLE: 10.0})
    truth = logistic(-3 + 10 * 0.2)
    covered = 0
    for _ in range(100):
        count = sum(rng.random() < 0.2 for _ in range(100))
        score = screen(make_tally(100, vacuole=count), rule)
        covered += score.interval_low <= truth <= score.interval_high
    assert 88 <= covered <= 100


@pytest.mark.parametrize("count", [0, 1, 49])
def test_too_few_pmn_give_no_score(count):
    score = screen(make_tally(count, vacuole=count), make_rule())
    assert score is None
    assert recommend(score) is Recommendation.INSUFFICIENT_CELLS


def test_the_cut_off_itself_recommends_testing():
    at = screen(make_tally(100, vacuole=30), make_rule())
    below = screen(make_tally(100, vacuole=29), make_rule())
    assert at.value == pytest.approx(0.5)
    assert recommend(at) is Recommendation.TEST_UBA1
    assert recommend(below) is Recommendation.NOT_RAISED_BY_SMEAR


def test_the_recommendations_are_worded_as_the_clinic_agreed():
    assert [outcome.wording for outcome in Recommendation] == [
        "UBA1 testing recommended",
        "Not raised by the smear: test if the clinic suggests it",
        "Too few cells to say",
    ]


@pytest.mark.parametrize("log_odds", [-800.0, -5.0, 0.0, 5.0, 800.0])
def test_logistic_never_overflows(log_odds):
    assert 0 <= logistic(log_odds) <= 1
    assert logistic(log_odds) + logistic(-log_odds) == pytest.approx(1)


def test_a_valid_rule_is_read():
    rule = parse_rule(rule_content())
    assert rule.coefficients[Abnormality.VACUOLE] == 10
    assert rule.basis.notice == "Demonstration weights, not fitted on patients."


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"format": 2}, "format"),
        ({"basis": "guessed"}, "guessed"),
        ({"coefficients": {}}, "pseudo_pelger"),
        ({"cut_off": 1.5}, "cut_off"),
        ({"intercept": float("nan")}, "finite"),
        ({"minimum_cells": 0}, "minimum_cells"),
        ({"minimum_cells": 200}, "advised_cells"),
        ({"cohort": "x"}, "screening.json"),
    ],
)
def test_a_broken_rule_is_refused_by_name(changes, named):
    with pytest.raises(BundleRefused, match=named):
        parse_rule(rule_content(**changes))
