"""The limits, and how often they alarm on simulated laboratories: `docs/statistics.md` cites it."""

import math
from datetime import date, timedelta

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
    BASELINE_WEEKS,
    FEWEST_CASES,
    Standing,
    distance_chart,
    mean_chart,
    proportion_chart,
)
from app.services.drift import scatter_of

MONDAY = date(2026, 1, 5)
LATER_WEEKS = 8
LABORATORIES = 250


def week(number):
    return MONDAY + timedelta(weeks=number)


def steady(count=5, total=100, cases=6, weeks=BASELINE_WEEKS):
    """Weeks of cases that differ a little."""
    return [
        (week(number), CountSums.of([(count + number % 3 + i % 2, total) for i in range(cases)]))
        for number in range(weeks)
    ]


def patients(rng, cases, shift=0.0):
    """(x, n) of each case: one patient in ten shows many abnormal cells, the others few.

    Shares are beta-distributed with means 0.15 and 0.025, as in the published groups; 60 to 260
    PMN a case.
    """
    many = rng.random(cases) < 0.1
    share = rng.beta(np.where(many, 1.5, 0.9), np.where(many, 8.5, 35))
    if shift:
        odds = share / (1 - share) * math.exp(shift)
        share = odds / (1 + odds)
    total = rng.integers(60, 260, cases)
    return list(zip(rng.binomial(total, share).tolist(), total.tolist(), strict=True))


def laboratory(rng, a_week, shift=0.0):
    """A baseline and some weeks after it, which are shifted."""
    return [
        (
            week(number),
            CountSums.of(
                patients(
                    rng,
                    max(1, rng.poisson(a_week)),
                    shift if number >= BASELINE_WEEKS else 0.0,
                )
            ),
        )
        for number in range(BASELINE_WEEKS + LATER_WEEKS)
    ]


def alarm_share(a_week, shift=0.0, *, binomial=False):
    rng = np.random.default_rng(7)
    judged = alarms = 0
    for _ in range(LABORATORIES):
        weeks = laboratory(rng, a_week, shift)
        chart = proportion_chart(weeks)
        for point, (_, sums) in list(zip(chart.points, weeks, strict=True))[BASELINE_WEEKS:]:
            if point.standing in {Standing.FEW_CASES, Standing.NO_LIMITS}:
                continue
            judged += 1
            if binomial:
                centre = chart.centre
                reach = 3 * math.sqrt(centre * (1 - centre) / sums.total)
                alarms += abs(point.value - centre) > reach
            else:
                alarms += point.standing is not Standing.INSIDE
    return alarms / judged


@pytest.mark.parametrize(("a_week", "most"), [(10, 0.015), (30, 0.01)])
def test_few_false_alarms_where_binomial_limits_alarm_every_other_week(a_week, most):
    assert alarm_share(a_week) <= most
    assert alarm_share(a_week, binomial=True) >= 0.35


def test_a_doubled_rate_is_noticed():
    once = alarm_share(30, math.log(2))
    assert once >= 0.15
    # Within eight weeks, weeks taken as independent.
    assert 1 - (1 - once) ** LATER_WEEKS >= 0.7


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
        alarms += sum(point.standing in {Standing.HIGH, Standing.LOW} for point in points)
    assert alarms / judged <= 0.01


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
