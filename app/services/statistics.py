"""The statistics of a period, put together for a page and for systems."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.case_sums import CountSums, clustered_interval
from app.domain.override import OverrideCount, OverrideScope, Subject
from app.domain.proportion import Proportion
from app.domain.statistics import (
    DayCount,
    OverrideSums,
    Recommended,
    StatisticsFilter,
    Turnaround,
    monday_of,
)
from app.domain.survival import quantiles
from app.ports import Transaction
from app.services.drift import SiteDrift, site_drift

TURNAROUND_LEVELS = (0.25, 0.5, 0.75, 0.9)
SMALL_CELLS, SMALL_CASES = 50, 5
"""Below these a rate is marked: it says little."""


@dataclass(frozen=True)
class TurnaroundTimes:
    """From the first image to the first signature.

    Parameters
    ----------
    open
        Cases that have images and no signature; they count as not signed yet.
    erased
        Cases that were erased without one; they count as not signed until then.
    cancelled
        Cases whose order was taken back; they count as not signed until then.
    hours
        By level: the time by which this share of the cases is signed; None where that cannot be
        told yet.
    """

    signed: int
    open: int
    erased: int
    cancelled: int
    hours: Mapping[float, float | None]

    @property
    def all(self) -> int:
        """Every case that has images."""
        return self.signed + self.open + self.erased + self.cancelled


@dataclass(frozen=True)
class Rate:
    """`count` of `total` cells in `case_count` cases, 0-1, with an interval at 95 %."""

    count: int
    total: int
    case_count: int
    interval: tuple[float, float] | None

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.count / self.total if self.total else None

    @property
    def is_small(self) -> bool:
        """Whether it rests on too little to say much."""
        return self.total < SMALL_CELLS or self.case_count < SMALL_CASES


@dataclass(frozen=True)
class OverrideLine:
    """How often decisions differ from the classifier's calls on one subject.

    Parameters
    ----------
    reader
        None: what the signed reports hold.
    bundle_digest
        None: under all bundles.
    changed, removed, added
        Of the cells looked at; of those called; of those not called.
    """

    reader: str | None
    reader_id: UUID | None
    bundle_digest: str | None
    subject: Subject
    changed: Rate
    removed: Rate
    added: Rate


@dataclass(frozen=True)
class Statistics:
    """Everything of one period.

    Parameters
    ----------
    days
        Every day of the period, those without a case too.
    recommended
        Share of the cases that could be scored, beside those that could not.
    signed_overrides
        By bundle and subject.
    reader_overrides
        By reader and subject: each reader's own first and second readings.
    demonstrations
        Cases of the period that are not a laboratory's own.
    drift
        One for each site that is shown in full.
    bundle_titles
        By digest.
    """

    chosen: StatisticsFilter
    days: Sequence[DayCount]
    turnaround: TurnaroundTimes
    recommended: Recommended
    recommended_share: Proportion
    signed_overrides: Sequence[OverrideLine]
    reader_overrides: Sequence[OverrideLine]
    demonstrations: int
    drift: Sequence[SiteDrift]
    bundle_titles: Mapping[str, str]

    @property
    def recommended_is_small(self) -> bool:
        """Whether the share of cases rests on too few of them."""
        return self.recommended_share.total < SMALL_CELLS


def statistics(
    transaction: Transaction, chosen: StatisticsFilter, now: datetime, start: date | None = None
) -> Statistics:
    """Count a period.

    Parameters
    ----------
    start
        First day of the baseline of the drift; None: each bundle's first weeks.
    """
    found = transaction.statistics
    advice = found.recommended(chosen)
    sums = found.overrides(chosen)
    signed, readers = override_lines(sums)
    drift = _drift(transaction, chosen, start)
    return Statistics(
        chosen=chosen,
        days=_every_day(found.days(chosen), chosen),
        turnaround=_turnaround(found.turnarounds(chosen), now),
        recommended=advice,
        recommended_share=Proportion(advice.test_uba1, advice.test_uba1 + advice.not_raised),
        signed_overrides=signed,
        reader_overrides=readers,
        demonstrations=found.demonstrations(chosen),
        drift=drift,
        bundle_titles=_titles(transaction, sums, drift),
    )


def _drift(
    transaction: Transaction, chosen: StatisticsFilter, start: date | None
) -> list[SiteDrift]:
    """Of each site by itself: laboratories stain and see differently."""
    weeks = transaction.statistics.weeks(chosen)
    vectors = transaction.statistics.vectors(chosen)
    first = monday_of(chosen.first)
    found = [
        site_drift(site_id, weeks, vectors, first, start) for site_id in sorted(chosen.site_ids)
    ]
    return [item for item in found if item.series]


def _every_day(days: Sequence[DayCount], chosen: StatisticsFilter) -> list[DayCount]:
    known = {item.day: item for item in days}
    span = (chosen.last - chosen.first).days + 1
    every = (chosen.first + timedelta(days=number) for number in range(span))
    return [known.get(day, DayCount(day, 0, 0)) for day in every]


def _turnaround(cases: Sequence[Turnaround], now: datetime) -> TurnaroundTimes:
    times = [
        (_hours(item.watched_until(now) - item.received_at), item.signed_at is not None)
        for item in cases
    ]
    signed = sum(ended for _, ended in times)
    unsigned = [item for item in cases if item.signed_at is None]
    cancelled = sum(item.cancelled_at is not None for item in unsigned)
    erased = sum(item.erased_at is not None and item.cancelled_at is None for item in unsigned)
    return TurnaroundTimes(
        signed=signed,
        open=len(unsigned) - erased - cancelled,
        erased=erased,
        cancelled=cancelled,
        hours=quantiles(times, TURNAROUND_LEVELS),
    )


def _hours(span: timedelta) -> float:
    return span / timedelta(hours=1)


def override_lines(
    sums: Sequence[OverrideSums],
) -> tuple[list[OverrideLine], list[OverrideLine]]:
    """What the signed reports hold, by bundle; and what each reader decided."""
    return _signed_lines(sums), _reader_lines(sums)


def _signed_lines(sums: Sequence[OverrideSums]) -> list[OverrideLine]:
    """By bundle: two bundles are overridden for different reasons."""
    own = [item for item in sums if item.scope is OverrideScope.SIGNED]
    return [
        _line(None, digest, subject, [item for item in own if item.bundle_digest == digest])
        for digest in sorted({item.bundle_digest for item in own})
        for subject in (*Abnormality, None)
    ]


def _reader_lines(sums: Sequence[OverrideSums]) -> list[OverrideLine]:
    """By reader, first and second readings and all bundles together."""
    by_reader: dict[tuple[str, UUID], list[OverrideSums]] = defaultdict(list)
    for item in sums:
        if item.reader_id is not None:
            by_reader[item.reader_name or "", item.reader_id].append(item)
    return [
        _line((name, reader_id), None, subject, items)
        for (name, reader_id), items in sorted(by_reader.items(), key=lambda pair: pair[0])
        for subject in (*Abnormality, None)
    ]


def _line(
    reader: tuple[str, UUID] | None,
    digest: str | None,
    subject: Subject,
    sums: Sequence[OverrideSums],
) -> OverrideLine:
    own = [item for item in sums if item.subject == subject]
    count = sum((item.count for item in own), OverrideCount())
    changed, removed, added = (
        sum((getattr(item, name) for item in own), CountSums())
        for name in ("changed", "removed", "added")
    )
    return OverrideLine(
        reader=reader[0] if reader else None,
        reader_id=reader[1] if reader else None,
        bundle_digest=digest,
        subject=subject,
        changed=_rate(count.removed + count.added, count.seen, changed),
        removed=_rate(count.removed, count.called, removed),
        added=_rate(count.added, count.not_called, added),
    )


def _rate(count: int, total: int, sums: CountSums) -> Rate:
    return Rate(count, total, sums.case_count, clustered_interval(sums))


def _titles(
    transaction: Transaction, sums: Sequence[OverrideSums], drift: Sequence[SiteDrift]
) -> Mapping[str, str]:
    digests = {item.bundle_digest for item in sums} | {
        part.bundle_digest for site in drift for series in site.series for part in series.bundles
    }
    return {digest: transaction.bundles.get(digest).manifest.title for digest in sorted(digests)}
