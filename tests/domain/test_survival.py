import pytest

from app.domain.survival import quantiles

LEVELS = (0.25, 0.5, 0.75, 0.9)


def test_without_open_cases_they_are_the_quantiles_of_the_times():
    times = [(float(hours), True) for hours in range(1, 11)]
    assert quantiles(times, LEVELS) == {0.25: 3.0, 0.5: 5.0, 0.75: 8.0, 0.9: 9.0}


def test_open_cases_count_as_not_ended_yet():
    """By hand: 1 of 4 ends at 1 h, one is open after 2 h, then 1 of 2 ends at 3 h."""
    times = [(1.0, True), (2.0, False), (3.0, True), (4.0, False)]
    assert quantiles(times, LEVELS) == {0.25: 1.0, 0.5: 3.0, 0.75: None, 0.9: None}


@pytest.mark.parametrize("times", [[], [(5.0, False)]])
def test_nothing_is_told_of_nothing(times):
    assert set(quantiles(times, LEVELS).values()) == {None}
