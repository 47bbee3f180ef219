"""The limits, and how often they alarm on simulated laboratories: `docs/statistics.md` cites it."""

import math

import numpy as np
import pytest

from app.domain.case_sums import (
    CountSums,
    MeanSums,
    clustered_interval,
    correlation_within,
    effective_total,
)
from app.domain.control_chart import (
    ALARMS,
    BASELINE_WEEKS,
    FEWEST_CASES,
    Standing,
    mean_chart,
    proportion_chart,
)
from app.domain.distance_chart import distance_chart
from app.domain.periods import period_of, weeks_each
from app.domain.site import DEFAULT_SITE_ID
from app.domain.tendency import REACH, Departure, running_tendency
from app.ports.statistics import CaseVector
from app.services.drift import scatter_of, site_drift
from tests.simulated_weeks import LATER_WEEKS, alarms_of, laboratories, laboratory, week

LABORATORIES = 250


def steady(count=5, total=100, cases=6, weeks=BASELINE_WEEKS):
    """Weeks of cases that differ a little."""
    return [
        (week(number), CountSums.of([(count + number % 3 + i % 2, total) for i in range(cases)]))
        for number in range(weeks)
    ]


def binomial_alarms(a_week):
    """What limits would do that take cells as independent."""
    rng = np.random.default_rng(7)
    judged = alarms = 0
    for _ in range(LABORATORIES):
        weeks = laboratory(rng, a_week)
        centre = proportion_chart(weeks).centre
        for _, sums in weeks[BASELINE_WEEKS:]:
            judged += 1
            reach = 3 * math.sqrt(centre * (1 - centre) / sums.total)
            alarms += abs(sums.share - centre) > reach
    return alarms / judged


@pytest.mark.parametrize(("a_week", "most"), [(10, 0.02), (30, 0.015)])
def test_few_false_alarms_where_binomial_limits_alarm_every_other_week(a_week, most):
    assert alarms_of(laboratories(LABORATORIES, a_week))[0] <= most
    assert binomial_alarms(a_week) >= 0.35


def test_a_rate_that_doubles_or_is_halved_is_noticed_within_eight_weeks():
    assert alarms_of(laboratories(LABORATORIES, 30, math.log(2)))[1] >= 0.85
    halved = laboratories(LABORATORIES, 30, -math.log(2))
    assert alarms_of(halved)[1] >= 0.75
    # Each week by itself shows it seldom.
    assert alarms_of(halved, {Standing.LOW})[1] <= 0.4


def test_weeks_within_their_limits_are_told_when_they_lie_too_high_together():
    higher = [(week(12 + n), CountSums.of([(8 + i % 2, 100) for i in range(6)])) for n in range(12)]
    points = proportion_chart([*steady(), *higher]).points
    told = [point.standing for point in points]
    assert Standing.HIGH not in told
    assert told[:13] == [Standing.INSIDE] * 13
    assert told[-1] is Standing.RISING
    tendencies = [point.tendency for point in points]
    assert tendencies[:12] == [None] * 12
    assert tendencies[12:] == sorted(tendencies[12:])
    assert (tendencies[-1] > REACH) is True


def test_the_running_tendency_by_hand():
    first, second = running_tendency([Departure(1.0, 0.5, 0.0), Departure(3.0, 1.0, 0.0)])
    # 0.2 * 2 = 0.4, of 0.2; then 0.8 * 0.4 + 0.2 * 3 = 0.92, of the root of 0.64 * 0.04 + 0.04.
    assert first == pytest.approx(0.4 / 0.2)
    assert second == pytest.approx(0.92 / math.sqrt(0.0656))
    # The baseline's error, as large as the week's, is shared by all weeks and does not fade.
    [alone] = running_tendency([Departure(2.0, 1.0, 1.0)])
    assert alone == pytest.approx(0.4 / math.hypot(0.2, 0.2))


@pytest.mark.parametrize(
    ("cases", "weeks", "each"),
    [
        ([5] * 12, range(12), 1),
        ([3] * 60, range(60), 4),
        ([3] * 24, range(24), 1),
        ([4, 6] * 30, range(60), 1),
        ([4, 4, 6] * 20, range(60), 4),
        ([9] * 20, range(0, 60, 3), 4),
    ],
    ids=["enough", "few", "too early to tell", "every other", "every third", "seldom"],
)
def test_weeks_with_too_few_cases_are_taken_by_fours(cases, weeks, each):
    counts = [(week(number), case) for number, case in zip(weeks, cases, strict=True)]
    assert weeks_each(counts) == each
    # More that comes later changes nothing once the first weeks are past.
    if counts[-1][0] >= week(24):
        later = [(week(number), 30) for number in range(100, 150)]
        assert weeks_each([*counts, *later]) == each


def test_until_it_is_decided_points_are_as_under_the_bundle_before():
    young = [(week(number), 3) for number in range(10)]
    assert weeks_each(young) == 1
    assert weeks_each(young, undecided=4) == 4
    assert weeks_each([(week(number), 9) for number in range(60)], undecided=4) == 1


def test_periods_of_four_weeks_begin_where_they_always_did():
    assert [period_of(week(number), 4) for number in (0, 3, 4, -1)] == [
        week(0),
        week(0),
        week(4),
        week(-4),
    ]
    assert period_of(week(7), 1) == week(7)


def test_means_of_cases_rarely_alarm():
    rng = np.random.default_rng(11)
    alarms = judged = 0
    for _ in range(LABORATORIES):
        weeks = [
            (week(n), MeanSums.of(rng.gamma(4, 0.02, max(1, rng.poisson(12))).tolist()))
            for n in range(BASELINE_WEEKS + LATER_WEEKS)
        ]
        points = mean_chart(weeks).points[BASELINE_WEEKS:]
        judged += sum(point.low is not None for point in points)
        alarms += sum(point.standing in ALARMS for point in points)
    assert alarms / judged <= 0.015


def distance_alarms(shift=0.0):
    """Cases of 64 correlated numbers, twelve a week; a shift in standard deviations of one axis."""
    rng = np.random.default_rng(13)
    scales = 0.02 * 0.93 ** np.arange(64)
    alarms = judged = 0
    for _ in range(60):
        stacks = [rng.normal(0, scales, (12, 64)) for _ in range(BASELINE_WEEKS + LATER_WEEKS)]
        for stack in stacks[BASELINE_WEEKS:]:
            stack[:, 0] += shift * scales[0]
        base = np.concatenate(stacks[:BASELINE_WEEKS])
        weeks = [
            (week(n), len(stack), float(np.linalg.norm(stack.mean(0) - base.mean(0))))
            for n, stack in enumerate(stacks)
        ]
        chosen = {week(n) for n in range(BASELINE_WEEKS)}
        points = distance_chart(weeks, chosen, scatter_of(base)).points[BASELINE_WEEKS:]
        judged += len(points)
        alarms += sum(point.standing is Standing.HIGH for point in points)
    return alarms / judged


def test_the_distance_of_embeddings_rarely_alarms_and_notices_a_move():
    assert distance_alarms() <= 0.01
    assert distance_alarms(shift=2.0) >= 0.9


def test_a_week_beyond_the_limits_is_told_with_its_side():
    weeks = [
        *steady(),
        (week(12), CountSums.of([(40, 100)] * 6)),
        (week(13), CountSums.of([(0, 400)] * 9)),
    ]
    chart = proportion_chart(weeks)
    assert [point.standing for point in chart.points[-2:]] == [Standing.HIGH, Standing.LOW]
    assert chart.baseline == (week(0), week(11))
    assert [point.week for point in chart.alarms] == [week(12), week(13)]
    assert chart.centre == pytest.approx(
        sum(sums.count for _, sums in weeks[:12]) / sum(sums.total for _, sums in weeks[:12])
    )


def test_limits_are_wider_for_a_week_with_fewer_cases_and_never_leave_0_to_1():
    weeks = [*steady(), (week(12), CountSums.of([(5, 100)] * 5)), (week(13), steady()[0][1])]
    few, many = proportion_chart(weeks).points[-2:]
    assert few.high - few.low > many.high - many.low
    assert all(0 <= point.low <= point.high <= 1 for point in (few, many))


@pytest.mark.parametrize(
    "weeks",
    [
        steady(weeks=BASELINE_WEEKS - 1),
        steady(cases=FEWEST_CASES - 1),
        [(day, CountSums.of([(0, 100)] * 6)) for day, _ in steady()],
    ],
    ids=["too few weeks", "too few cases a week", "nothing ever counted"],
)
def test_without_enough_before_there_are_no_limits(weeks):
    chart = proportion_chart(weeks)
    assert chart.baseline is None
    assert {point.standing for point in chart.points} == {Standing.NO_LIMITS}
    assert {(point.low, point.high) for point in chart.points} == {(None, None)}


def test_a_week_of_few_cases_is_shown_without_limits():
    point = proportion_chart([*steady(), (week(12), CountSums.of([(90, 100)]))]).points[-1]
    assert (point.standing, point.low, point.value) == (Standing.FEW_CASES, None, 0.9)


def test_the_baseline_can_begin_later():
    start = week(3)
    assert proportion_chart(steady(weeks=20), start).baseline == (week(3), week(14))
    assert proportion_chart(steady(weeks=14), start).baseline is None


def test_cells_of_one_case_that_are_alike_count_as_few():
    alike = CountSums.of([(100, 100), (0, 100)] * 5)
    assert correlation_within(alike) == pytest.approx(1.0)
    assert effective_total(alike) == pytest.approx(10, abs=1)
    low, high = clustered_interval(alike)
    assert (low, high) == (pytest.approx(0.237, abs=0.01), pytest.approx(0.763, abs=0.01))
    independent = CountSums.of([(50, 100)] * 10)
    assert correlation_within(independent) == 0
    assert effective_total(independent) == 1000
    assert clustered_interval(CountSums()) is None


def test_sums_are_what_the_cases_give():
    cases = [(1, 10), (4, 20), (0, 5)]
    assert sum((CountSums.of([case]) for case in cases), CountSums()) == CountSums.of(cases)
    assert MeanSums.of([1.0, 2.0, 4.0]).deviation == pytest.approx(np.std([1, 2, 4], ddof=1))


def test_a_case_that_was_measured_between_the_two_looks_is_drawn_the_next_time():
    early = CaseVector(DEFAULT_SITE_ID, "b" * 64, week(0), np.zeros(64, np.float32))
    assert site_drift(DEFAULT_SITE_ID, [], [early], week(0)).series == ()
