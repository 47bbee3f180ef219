import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.proportion import Proportion, corrected_share, wilson_interval


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        # Newcombe 1998 (Stat Med 17:857), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_agrees_with_the_published_examples(count, total, low, high):
    assert wilson_interval(count, total) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_stays_within_0_and_1(pair):
    share = Proportion(*pair)
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert share.high > share.low


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_mirrored_by_the_complement(pair):
    count, total = pair
    low, high = wilson_interval(count, total)
    assert wilson_interval(total - count, total) == pytest.approx((1 - high, 1 - low))


def test_the_ends_solve_the_score_equation():
    low, high = wilson_interval(7, 90)
    for end in (low, high):
        z = abs(7 / 90 - end) / math.sqrt(end * (1 - end) / 90)
        assert z == pytest.approx(1.959964, abs=1e-5)


def test_none_of_none_is_unknown_and_not_zero():
    share = Proportion(0, 0)
    assert (share.value, share.low, share.high) == (None, None, None)


@pytest.mark.parametrize(("count", "total"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(count, total):
    with pytest.raises(ValueError, match="no proportion"):
        Proportion(count, total)


@pytest.mark.parametrize(
    ("apparent", "sensitivity", "specificity", "true"),
    [(0.2, 1, 1, 0.2), (0.155, 0.9, 0.95, 0.1235294), (0.03, 0.9, 0.95, 0), (0.95, 0.9, 0.99, 1)],
)
def test_a_share_is_corrected_and_held_within_0_and_1(apparent, sensitivity, specificity, true):
    assert corrected_share(apparent, sensitivity, specificity) == pytest.approx(true)


@given(st.floats(0, 1), st.floats(0.55, 1), st.floats(0.55, 1))
def test_the_correction_undoes_what_the_error_does(true, sensitivity, specificity):
    apparent = true * sensitivity + (1 - true) * (1 - specificity)
    assert corrected_share(apparent, sensitivity, specificity) == pytest.approx(true, abs=1e-9)


@pytest.mark.parametrize("specificity", [0.4, 0.2])
def test_a_classifier_no_better_than_chance_cannot_be_corrected(specificity):
    with pytest.raises(ValueError, match="add up to 1 or less"):
        corrected_share(0.3, 0.6, specificity)
