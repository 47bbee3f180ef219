import math
import random
from statistics import fmean, pvariance

import pytest

from app.domain.abnormality import Abnormality
from app.domain.errors import BundleRefused
from app.domain.resampling import binomial, multinomial
from app.domain.screening import (
    Recommendation,
    logistic,
    parse_rule,
    recommend,
    screen,
)
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


@pytest.mark.parametrize(
    ("number", "share"),
    [(0, 0.3), (1, 0.5), (60, 0.02), (60, 0.98), (100, 0.5), (150, 0.4), (10_000, 0.3)],
)
def test_binomial_draws_have_the_mean_and_variance_of_the_distribution(number, share):
    rng = random.Random(7)
    drawn = [binomial(number, share, rng) for _ in range(20_000)]
    variance = number * share * (1 - share)
    assert 0 <= min(drawn) <= max(drawn) <= number
    assert fmean(drawn) == pytest.approx(number * share, abs=4 * math.sqrt(variance / 20_000))
    assert pvariance(drawn) == pytest.approx(variance, rel=0.06)


@pytest.mark.parametrize(("number", "share"), [(60, 0.1), (100, 0.5), (106, 0.4), (700, 0.05)])
def test_binomial_draws_follow_the_distribution(number, share):
    rng = random.Random(8)
    drawn = [binomial(number, share, rng) for _ in range(20_000)]
    below = 0.0
    for count in range(number + 1):
        below += math.comb(number, count) * share**count * (1 - share) ** (number - count)
        # What is allowed for the normal, and 3.5 standard errors of the simulation.
        assert sum(n <= count for n in drawn) / 20_000 == pytest.approx(below, abs=0.014 + 0.0125)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_none_or_all_is_certain(share):
    assert binomial(9, share, random.Random(0)) == 9 * share


def test_a_resample_has_as_many_cells_as_were_counted():
    rng = random.Random(9)
    for weights in ([5], [1, 0, 3], [900, 90, 9, 1], [1] * 16):
        for _ in range(200):
            drawn = multinomial(weights, rng)
            assert sum(drawn) == sum(weights)
            assert all(n == 0 for n, weight in zip(drawn, weights, strict=True) if not weight)


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
        ({"format": 3}, "format"),
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
