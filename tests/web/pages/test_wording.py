from datetime import timedelta

import pytest

from app.domain.proportion import Proportion
from app.web.pages import wording
from tests.factories import NOW


def plain(text):
    return text.replace(wording.THIN, " ").replace(wording.DASH, "-").replace(wording.MINUS, "-")


def test_proportions_have_one_decimal_and_their_interval():
    assert plain(wording.percent(Proportion(24, 100).value)) == "24.0 %"
    assert plain(wording.percent_interval(Proportion(24, 100))) == "16.7-33.2 %"
    assert plain(wording.percent(Proportion(0, 0).value)) == "-"
    assert plain(wording.percent_interval(Proportion(0, 0))) == "-"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.4999, "0.49"), (0.29, "0.29"), (0.999, "0.99"), (1.0, "1.00"), (0, "0.00")],
)
def test_a_probability_never_seems_to_reach_what_it_does_not(value, text):
    assert wording.probability(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.50"), (0.437, "0.437"), (0.12345, "0.1235")])
def test_thresholds_keep_their_decimals(value, text):
    assert wording.threshold(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.834, "0.83"),
        (0.4996, "0.4996"),
        (0.5004, "0.50"),
        (0.99987, "0.9999"),
        (0.0004, "0.0004"),
    ],
)
def test_a_score_can_be_told_from_its_cut_off_and_from_certainty(value, text):
    assert wording.score(value, 0.5) == text


@pytest.mark.parametrize(("value", "text"), [(1.234, "+1.23"), (-0.5, "-0.50"), (-0.001, "0.00")])
def test_addends_carry_their_sign(value, text):
    assert plain(wording.signed(value)) == text


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=30), "30 h ago"),
        (timedelta(days=2), "2 d ago"),
    ],
)
def test_ages(passed, text):
    assert plain(wording.age(NOW, NOW + passed)) == text


def test_measures_are_named_with_their_unit():
    assert wording.measure_name("crop_width_px") == ("Crop width", "px")
    assert wording.measure_name("sharpness") == ("Sharpness", "")
    assert plain(wording.number(-0.03492)) == "-0.0349"
    assert wording.number(12345.6) == "12,346"
