"""The strip of a case among its cohort, by hand."""

import pytest

from app.domain.abnormality import Abnormality
from app.domain.proportion import Proportion
from app.web.pages.charts import Scale, Span
from app.web.pages.charts_reference import distribution_strip, proportion_span, reference_scale
from tests.factories import make_reference

SCALE = Scale(0.0, 0.4, 320.0)


def strip(count=20, total=100):
    groups = [(group, group.name) for group in make_reference()]
    return distribution_strip(Abnormality.VACUOLE, groups, Proportion(count, total), SCALE)


def test_a_box_lies_from_quartile_to_quartile_with_its_whisker_from_5_to_95_per_cent():
    vexas, controls = strip().boxes
    # 300 units hold 40 %, from 10: a per cent is 7.5 units.
    assert (vexas.low_x, vexas.box_x, vexas.median_x, vexas.high_x) == (47.5, 85.0, 122.5, 310.0)
    assert vexas.box_x + vexas.box_width == 197.5
    assert (controls.low_x, controls.box_x, controls.median_x) == (17.5, 25.0, 40.0)
    assert (vexas.is_positive, controls.is_positive) == (True, False)


def test_the_groups_lie_one_below_the_other_within_the_plot_and_the_axis_below():
    drawn = strip()
    first, second = drawn.boxes
    assert first.text_y < first.box_y < first.box_y + first.box_height < second.text_y
    assert second.box_y + second.box_height <= drawn.plot_height < drawn.tick_y < drawn.height
    assert first.centre_y == first.box_y + first.box_height / 2


def test_the_case_lies_across_with_its_wilson_interval():
    # 20 of 100: 13.34 % to 28.88 % (Newcombe 1998).
    span = strip().span
    assert span.value_x == 160.0
    assert span.low_x == pytest.approx(10 + 13.336699 * 7.5, abs=0.01)
    assert span.high_x == pytest.approx(10 + 28.882916 * 7.5, abs=0.01)


def test_without_cells_there_is_no_line():
    assert strip(0, 0).span is None
    assert proportion_span(Proportion(0, 0), SCALE) is None
    assert isinstance(proportion_span(Proportion(1, 10), SCALE), Span)


def test_one_scale_holds_the_whiskers_of_all_groups_and_the_intervals():
    few = [Proportion(1, 100)] * 4
    # The 95 % quantile of VEXAS is 40 %; the maximum, 60 %, is not drawn.
    assert reference_scale(make_reference(), few).high == 0.4
    assert reference_scale(make_reference(), [*few[:3], Proportion(60, 100)]).high == 0.8
