import pytest

from app.domain.proportion import Proportion
from app.web.pages import charts


def test_the_common_scale_is_the_shortest_that_holds_everything():
    low, high = Proportion(2, 100), Proportion(30, 100)
    assert charts.proportion_scale([low], [0.02]).high == 0.1
    assert charts.proportion_scale([low, high], [0.02]).high == 0.4
    assert charts.proportion_scale([low], [0.5]).high == 0.6
    assert charts.proportion_scale([Proportion(5, 5)], [0.0]).high == 1.0
    assert charts.proportion_scale([Proportion(0, 0)], [0.0]).high == 0.1


def test_places_on_a_scale():
    scale = charts.Scale(0, 0.2, 320)
    assert [scale.at(value) for value in (0, 0.1, 0.2)] == [10, 160, 310]
    assert scale.at(-1) == 10
    assert scale.at(9) == 310


def test_an_interval_bar_stands_in_order_on_the_axis_of_its_table():
    proportion = Proportion(20, 100)
    scale = charts.proportion_scale([proportion], [0.05])
    bar = charts.interval_bar(proportion, 0.05, scale)
    assert bar.zero_x < bar.span.low_x < bar.span.value_x < bar.span.high_x < bar.width
    assert bar.span.value_x == scale.at(0.2)
    assert bar.reference_x == scale.at(0.05)
    assert bar.grid == tuple(tick.x for tick in charts.proportion_axis(scale).ticks)


def test_nothing_read_has_no_bar():
    scale = charts.proportion_scale([Proportion(0, 0)], [0.02])
    assert charts.interval_bar(Proportion(0, 0), 0.02, scale).span is None


def test_axis_ticks_are_in_per_cent():
    axis = charts.proportion_axis(charts.Scale(0, 0.1, 320))
    assert [tick.text for tick in axis.ticks] == ["0", "2.5", "5", "7.5", "10"]


def test_the_score_lies_between_0_and_1():
    scale = charts.score_scale(0.6, 0.4, 0.8, 0.5)
    assert scale.start_x < scale.span.low_x < scale.cut_off_x < scale.span.value_x
    assert scale.span.high_x < scale.end_x
    assert [tick.text for tick in scale.ticks] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]


def test_bars_go_both_ways_from_one_zero_in_proportion():
    negative, positive, double = charts.diverging_bars([-1.0, 1.0, 2.0])
    assert negative.zero_x == positive.zero_x == double.zero_x
    assert negative.is_negative
    assert negative.x + negative.length == pytest.approx(negative.zero_x)
    assert positive.x == positive.zero_x
    assert double.length == pytest.approx(2 * positive.length, abs=0.02)


def test_bars_of_nothing_but_zeros_have_no_length():
    assert [bar.length for bar in charts.diverging_bars([0.0, 0.0])] == [0, 0]
