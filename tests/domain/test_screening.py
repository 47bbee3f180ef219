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
from tests.factories import (
    corrected_rule_content,
    make_correction,
    make_rule,
    make_tally,
    rule_content,
)


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


@pytest.mark.parametrize(
    ("pmn_count", "counts", "numbers"),
    [
        (50, {}, (0.01303453082402978, 0.01303453082402978, 0.02779718583122736)),
        (
            149,
            {"pseudo_pelger": 3, "nuclear_spike": 30, "vacuole": 9, "hypogranularity": 149},
            (0.9943502072950823, 0.9885054267882084, 0.9971483874431984),
        ),
        (
            700,
            {"pseudo_pelger": 80, "nuclear_spike": 210, "vacuole": 100, "hypogranularity": 33},
            (0.4511109750354563, 0.3123990818207351, 0.592365774096611),
        ),
    ],
)
def test_a_rule_without_correction_scores_as_before_there_was_one(pmn_count, counts, numbers):
    """Computed with the rule of pmn-lite0 0.1.1 by the version before the correction."""
    rule = parse_rule(
        rule_content(
            intercept=-4.327033,
            coefficients={
                "pseudo_pelger": 4.72072,
                "nuclear_spike": 6.905394,
                "vacuole": 8.156637,
                "hypogranularity": 7.519425,
            },
        )
    )
    score = screen(make_tally(pmn_count, **counts), rule)
    assert (score.value, score.interval_low, score.interval_high) == numbers


def test_the_score_is_computed_on_corrected_proportions():
    rule = make_rule(correction=make_correction(0.9, 0.95))
    score = screen(make_tally(200, vacuole=40, nuclear_spike=4), rule)
    # 20 % seen: (0.2 - 0.05) / 0.85. 2 % seen: fewer than the 5 % of false calls.
    assert score.value == pytest.approx(logistic(-3 + 10 * (0.15 / 0.85)))
    parts = {part.label: part.log_odds for part in score.contributions}
    assert parts[Abnormality.NUCLEAR_SPIKE] == pytest.approx(-0.2)
    assert logistic(score.baseline_log_odds + sum(parts.values())) == pytest.approx(score.value)


def test_a_faultless_classifier_needs_no_correction():
    tally = make_tally(120, vacuole=31, pseudo_pelger=7)
    plain = screen(tally, make_rule())
    same = screen(tally, make_rule(correction=make_correction(1.0, 1.0)))
    assert same.value == pytest.approx(plain.value)
    assert same.interval_low == pytest.approx(plain.interval_low)
    assert same.interval_high == pytest.approx(plain.interval_high)


def test_the_interval_of_a_corrected_score_is_the_same_each_time_and_holds_it():
    rule = make_rule(correction=make_correction())
    one, other = (screen(make_tally(100, vacuole=25), rule) for _ in range(2))
    assert (one.interval_low, one.interval_high) == (other.interval_low, other.interval_high)
    assert one.interval_low < one.value < one.interval_high


def test_the_interval_of_a_corrected_score_covers_the_truth():
    """Many cases of one patient with 20 % vacuoles, read by an erring classifier."""
    rng = random.Random(5)
    coefficients = {**dict.fromkeys(Abnormality, 0.0), Abnormality.VACUOLE: 10.0}
    rule = make_rule(coefficients=coefficients, correction=make_correction(0.8, 0.9))
    truth, covered = logistic(-3 + 10 * 0.2), 0
    for _ in range(100):
        called = sum(rng.random() < 0.2 * 0.8 + 0.8 * 0.1 for _ in range(150))
        score = screen(make_tally(150, vacuole=called), rule)
        covered += score.interval_low <= truth <= score.interval_high
    assert 88 <= covered <= 100


def test_a_corrected_clean_smear_is_not_called_certain():
    score = screen(make_tally(60), make_rule(correction=make_correction(0.9, 0.999)))
    assert score.interval_low <= score.value < score.interval_high


def test_a_valid_correction_is_read():
    rule = parse_rule(corrected_rule_content())
    assert rule.correction == make_correction()
    assert rule.apparent_reference_proportions[Abnormality.VACUOLE] == 0.067


ERROR = {"sensitivity": 0.9, "specificity": 0.95, "basis": "drawn cells"}
CORRECTION = {label.value: ERROR for label in Abnormality}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"format": 1}, "correction needs format 2"),
        ({"correction": None}, "correction must hold one entry"),
        ({"correction": {**CORRECTION, "lobes": ERROR}}, "correction.lobes"),
        ({"correction": {"vacuole": ERROR}}, "correction.pseudo_pelger is missing"),
        (
            {"correction": {**CORRECTION, "vacuole": {**ERROR, "sensitivity": 1.2}}},
            "correction.vacuole.sensitivity",
        ),
        (
            {"correction": {**CORRECTION, "vacuole": {**ERROR, "specificity": "high"}}},
            "correction.vacuole.specificity",
        ),
        (
            {"correction": {**CORRECTION, "vacuole": {**ERROR, "specificity": 0.1}}},
            "correction.vacuole: sensitivity",
        ),
        ({"correction": {**CORRECTION, "vacuole": {**ERROR, "basis": " "}}}, "vacuole.basis"),
        ({"apparent_reference_proportions": {}}, "pseudo_pelger"),
    ],
)
def test_a_broken_correction_is_refused_by_name(changes, named):
    with pytest.raises(BundleRefused, match=named):
        parse_rule(corrected_rule_content(**changes))
