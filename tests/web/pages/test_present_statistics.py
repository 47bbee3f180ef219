"""Statistics in words."""

from app.web.pages.present_drift import drift_groups
from tests.web.pages.example_statistics import make_statistics, statistics_pages


def test_alarms_are_counted_by_points_which_may_take_four_weeks():
    panels = [panel for group in drift_groups(make_statistics()) for panel in group.panels]
    verdicts = {panel.verdict.partition(" ")[2] for panel in panels if panel.is_alarm}
    assert verdicts
    assert verdicts <= {"point with an alarm", "points with an alarm"}


def test_a_share_of_no_cases_is_said_in_words():
    *_, empty = statistics_pages()
    assert empty.advice[0].text == "no cases"
