"""One number over a patient's cases, by hand."""

from dataclasses import replace
from datetime import timedelta

from app.web.pages.charts_trend import AxisText, TrendLine, TrendValue, trend_chart
from tests.factories import NOW


def value(days, share, *, series="a", is_current=False, cut_off=None):
    at = NOW + timedelta(days=days)
    return TrendValue(at, share - 0.1, share, share + 0.1, series, is_current, cut_off)


def chart(*values):
    return trend_chart(values, 0.8, lambda share: f"{share:g}", lambda at: f"{at:%d.%m.}")


def test_time_runs_to_the_right_in_proportion_and_values_upwards():
    first, middle, last = chart(value(0, 0.2), value(30, 0.4), value(40, 0.6)).marks
    # The plot lies between 44 and 308, from 104 up to 8; marks stay 5 clear of its sides.
    assert (first.x, middle.x, last.x) == (49.0, 239.5, 303.0)
    assert (first.value_y, middle.value_y, last.value_y) == (80.0, 56.0, 32.0)
    assert (first.low_y, first.high_y) == (92.0, 68.0)


def test_values_in_any_order_are_drawn_by_time():
    values = (value(0, 0.2), value(30, 0.4), value(40, 0.6))
    assert chart(*values) == chart(*reversed(values))


def test_the_case_at_hand_is_marked_by_size_and_fill():
    past, here = chart(value(0, 0.2), value(9, 0.2, is_current=True)).marks
    assert (past.is_current, here.is_current) == (False, True)
    assert here.radius > past.radius


def test_what_nobody_has_signed_is_told_from_what_is():
    draft = replace(value(0, 0.2), is_signed=False)
    assert [mark.is_signed for mark in chart(draft, value(9, 0.2)).marks] == [False, True]


def test_a_line_joins_neighbours_of_one_series_only():
    drawn = chart(value(0, 0.2), value(10, 0.4), value(20, 0.6, series="b"))
    assert drawn.joins == (TrendLine(49.0, 80.0, 176.0, 56.0),)


def test_a_cut_off_is_drawn_where_it_was_in_force():
    drawn = chart(
        value(0, 0.2, cut_off=0.4), value(10, 0.4, cut_off=0.4), value(20, 0.6, cut_off=0.2)
    )
    # Half-way between the marks at 176 and 303 one ends and the other begins.
    assert drawn.cut_offs == (
        TrendLine(44.0, 56.0, 239.5, 56.0),
        TrendLine(239.5, 80.0, 308.0, 80.0),
    )
    assert chart(value(0, 0.2), value(10, 0.4)).cut_offs == ()


def test_a_value_without_cut_off_leaves_a_gap():
    drawn = chart(value(0, 0.2, cut_off=0.4), value(10, 0.4), value(20, 0.6, cut_off=0.4))
    assert [(line.x1, line.x2) for line in drawn.cut_offs] == [(44.0, 112.5), (239.5, 308.0)]


def test_the_axis_says_first_and_last_day_and_the_values_of_its_lines():
    drawn = chart(value(0, 0.2), value(40, 0.6))
    assert drawn.date_texts == (
        AxisText(44.0, 121.0, "01.03.", "start"),
        AxisText(308.0, 121.0, "10.04.", "end"),
    )
    assert [text.text for text in drawn.value_texts] == ["0", "0.4", "0.8"]
    assert [line.y1 for line in drawn.grid] == [104.0, 80.0, 56.0, 32.0, 8.0]
    assert [text.y for text in drawn.value_texts] == [108.0, 60.0, 12.0]


def test_cases_of_one_moment_lie_in_the_middle_under_one_date():
    drawn = chart(value(0, 0.2), value(0, 0.4))
    assert [mark.x for mark in drawn.marks] == [176.0, 176.0]
    assert drawn.date_texts == (AxisText(176.0, 121.0, "01.03.", "middle"),)


def test_what_reaches_beyond_the_axis_ends_at_it():
    [mark] = chart(replace(value(0, 0.2), low=-0.1, high=0.9)).marks
    assert (mark.low_y, mark.high_y) == (104.0, 8.0)
