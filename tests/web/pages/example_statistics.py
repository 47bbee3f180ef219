"""Examples of the page of statistics: two bundles, alarms, hostile names, and nothing at all."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.case_sums import CountSums, MeanSums
from app.domain.override import OverrideCount, OverrideScope
from app.domain.proportion import Proportion
from app.domain.site import Site
from app.domain.statistics import (
    DayCount,
    MeanSeries,
    OutboxState,
    OverrideSums,
    QueueState,
    Recommended,
    ShareSeries,
    SiteWeek,
    StatisticsFilter,
)
from app.services.drift import SiteDrift, site_drift
from app.services.statistics import (
    Statistics,
    TurnaroundTimes,
    override_lines,
)
from app.web.pages.present_statistics import StatisticsView, statistics_page
from app.web.pages.statistics_contexts import StatisticsPage
from app.web.statistics_query import StatisticsQuery
from tests.factories import NOW

HOSTILE = '<script>alert("1")</script>'
HERE, THERE = UUID(int=1), UUID(int=2)
OLD, NEW = "a" * 64, "b" * 64
MONDAY = date(2025, 12, 1)
# What these examples say in the words of people and programs, not of the product.
DATA = ("Laboratory A", "test 0.0.1", "test 0.0.2", "Dr Bob", "other queue")


def statistics_pages() -> list[StatisticsPage]:
    full = _view(make_statistics())
    two = replace(full, sites=[Site(HERE, HOSTILE, NOW), Site(THERE, "Laboratory A", NOW)])
    return [
        statistics_page(full),
        statistics_page(
            replace(two, found=make_statistics(site_ids=frozenset({HERE, THERE}), drift=2))
        ),
        statistics_page(_view(empty_statistics())),
    ]


def make_statistics(site_ids=frozenset({HERE}), drift=1) -> Statistics:
    """40 days of work and 30 weeks of drift, the last ones under another bundle."""
    first = NOW.date() - timedelta(days=39)
    chosen = StatisticsFilter(first, NOW.date(), site_ids)
    days = [DayCount(first + timedelta(days=n), n % 5, n % 4) for n in range(40)]
    sums = override_sums()
    signed, readers = override_lines(sums)
    return Statistics(
        chosen=chosen,
        days=days,
        turnaround=TurnaroundTimes(30, 4, 1, 2, {0.25: 3.5, 0.5: 20.0, 0.75: 100.0, 0.9: None}),
        recommended=Recommended(5, 20, 2, 3),
        recommended_share=Proportion(5, 25),
        signed_overrides=signed,
        reader_overrides=readers,
        demonstrations=2,
        drift=[_drift(site) for site in (HERE, THERE)[:drift]],
        bundle_titles={OLD: "test 0.0.1", NEW: "test 0.0.2"},
    )


def override_sums() -> list[OverrideSums]:
    count = OverrideCount(40, 60, 4, 2)
    changed = CountSums.of([(3, 50), (3, 50)])
    readers = ((UUID(int=3), HOSTILE), (UUID(int=4), "Dr Bob"), (None, None))
    return [
        OverrideSums(
            OverrideScope.FIRST if reader else OverrideScope.SIGNED,
            reader,
            name,
            OLD,
            subject,
            count,
            changed,
            CountSums.of([(2, 20), (2, 20)]),
            CountSums.of([(1, 30), (1, 30)]),
        )
        for reader, name in readers
        for subject in (*Abnormality, None)
    ]


def empty_statistics() -> Statistics:
    found = make_statistics()
    return replace(
        found,
        days=[replace(item, opened=0, signed=0) for item in found.days],
        turnaround=TurnaroundTimes(0, 0, 0, 0, dict.fromkeys(found.turnaround.hours)),
        recommended=Recommended(),
        recommended_share=Proportion(0, 0),
        signed_overrides=[],
        reader_overrides=[],
        demonstrations=0,
        drift=[],
    )


def _drift(site_id: UUID) -> SiteDrift:
    weeks = [_week(site_id, number) for number in range(30)]
    return site_drift(site_id, weeks, [], MONDAY)


def _week(site_id: UUID, number: int) -> SiteWeek:
    cases = 3 if number == 20 else 8
    count = {15: 40, 16: 0}.get(number, 6 + number % 3)
    shares = CountSums.of([(count + i % 2, 100) for i in range(cases)])
    values = MeanSums.of([10.0 + (number + i) % 4 for i in range(cases)])
    return SiteWeek(
        site_id,
        OLD if number < 26 else NEW,
        MONDAY + timedelta(weeks=number),
        dict.fromkeys(ShareSeries, shares),
        dict.fromkeys(MeanSeries, values),
    )


def _view(found: Statistics) -> StatisticsView:
    return StatisticsView(
        query=StatisticsQuery(),
        found=found,
        sites=[Site(HERE, "Laboratory A", NOW)],
        queues=[
            QueueState("classification", 3, 1, 0, NOW - timedelta(minutes=5)),
            QueueState("other queue", 0, 0, 0, None),
        ],
        outbox=[OutboxState("webhook", 0, 2, None), OutboxState("hl7", 1, 0, NOW)],
        now=NOW,
    )
