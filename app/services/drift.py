"""Drift: what moves from week to week at a site, under one bundle at a time."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

import numpy as np

from app.domain.control_chart import (
    ControlChart,
    baseline_weeks,
    mean_chart,
    proportion_chart,
)
from app.domain.distance_chart import Scatter, distance_chart
from app.domain.periods import period_of, weeks_each
from app.domain.statistics import MeanSeries, ShareSeries, SiteWeek
from app.ports import CaseVector

EMBEDDING = "embedding_distance"
Series = ShareSeries | MeanSeries | str
"""What is watched; `EMBEDDING` by its name."""


@dataclass(frozen=True)
class BundleChart:
    """The weeks of one bundle; the limits of another do not hold for it."""

    bundle_digest: str
    chart: ControlChart


@dataclass(frozen=True)
class DriftSeries:
    """One number by week, in the order in which bundles came into use."""

    series: Series
    bundles: tuple[BundleChart, ...]

    @property
    def alarm_count(self) -> int:
        """Weeks beyond a limit, of all bundles."""
        return sum(len(item.chart.alarms) for item in self.bundles)


@dataclass(frozen=True)
class SiteDrift:
    """All series of one site."""

    site_id: UUID
    series: tuple[DriftSeries, ...]

    @property
    def has_limits(self) -> bool:
        """Whether any series has a baseline."""
        return any(item.chart.baseline for each in self.series for item in each.bundles)


Build = Callable[[Sequence[SiteWeek]], ControlChart | None]


def site_drift(
    site_id: UUID,
    weeks: Sequence[SiteWeek],
    vectors: Sequence[CaseVector],
    first: date,
    start: date | None = None,
) -> SiteDrift:
    """Draw all series of one site.

    Parameters
    ----------
    weeks, vectors
        Of every site, from the beginning: the baseline mostly lies before what is shown.
    first
        The first week that is shown.
    start
        First day of the baseline; None: each bundle's first weeks.
    """
    own = [item for item in weeks if item.site_id == site_id]
    by_bundle: dict[str, list[SiteWeek]] = defaultdict(list)
    for item in sorted(own, key=lambda week: week.week):
        by_bundle[item.bundle_digest].append(item)
    spans = _spans(by_bundle, start)
    periods = {digest: _pooled(found, spans[digest]) for digest, found in by_bundle.items()}
    mine = [
        replace(item, week=period_of(item.week, spans[item.bundle_digest]))
        for item in vectors
        # A case that was measured since the weeks were read may be the first of its bundle.
        if item.site_id == site_id and item.bundle_digest in spans
    ]
    found = []
    for series, build in _builds(mine, start).items():
        charts = {digest: build(weeks) for digest, weeks in periods.items()}
        found.append(_series(series, charts, spans, first))
    return SiteDrift(site_id, tuple(item for item in found if item.bundles))


def _builds(vectors: Sequence[CaseVector], start: date | None) -> dict[Series, Build]:
    """How the chart of each series is made from the points of one bundle."""
    return {
        **{series: _share_build(series, start) for series in ShareSeries},
        **{series: _mean_build(series, start) for series in MeanSeries},
        EMBEDDING: lambda weeks: _distances(weeks[0].bundle_digest, vectors, start),
    }


def _spans(by_bundle: Mapping[str, Sequence[SiteWeek]], start: date | None) -> dict[str, int]:
    """Weeks that a point takes under each bundle, in the order in which they came into use."""
    # Every case that is read has cells, and so a share of poor ones.
    cells = ShareSeries.POOR_QUALITY
    spans: dict[str, int] = {}
    before = 1
    for digest, weeks in by_bundle.items():
        counts = [(item.week, item.shares[cells].case_count) for item in weeks]
        before = spans[digest] = weeks_each(counts, start, before)
    return spans


def _pooled(weeks: Sequence[SiteWeek], each: int) -> list[SiteWeek]:
    """The weeks of one bundle, those of a period added up."""
    found: dict[date, SiteWeek] = {}
    for item in weeks:
        begin = period_of(item.week, each)
        known = found.get(begin)
        found[begin] = replace(item, week=begin) if known is None else _added(known, item)
    return list(found.values())


def _added(known: SiteWeek, item: SiteWeek) -> SiteWeek:
    return replace(
        known,
        shares={series: sums + item.shares[series] for series, sums in known.shares.items()},
        means={series: sums + item.means[series] for series, sums in known.means.items()},
    )


def _series(
    series: Series,
    charts: Mapping[str, ControlChart | None],
    spans: Mapping[str, int],
    first: date,
) -> DriftSeries:
    """What is shown of one series; a period that has begun before the first week is shown whole."""
    found = []
    for digest, chart in charts.items():
        if chart is None:
            continue
        oldest = first - timedelta(weeks=spans[digest] - 1)
        shown = tuple(
            point for point in chart.points if point.week >= oldest and point.value is not None
        )
        if shown:
            drawn = replace(chart, points=shown, weeks_each=spans[digest])
            found.append(BundleChart(digest, drawn))
    return DriftSeries(series, tuple(found))


def _share_build(series: ShareSeries, start: date | None) -> Build:
    return lambda weeks: proportion_chart(
        [(item.week, item.shares[series]) for item in weeks], start
    )


def _mean_build(series: MeanSeries, start: date | None) -> Build:
    return lambda weeks: mean_chart([(item.week, item.means[series]) for item in weeks], start)


def _distances(
    digest: str, vectors: Sequence[CaseVector], start: date | None
) -> ControlChart | None:
    """How far each week's mean lies from the baseline's; None where there are no vectors.

    A case weighs as much as any other, whatever its number of cells.
    """
    by_week: dict[date, list[np.ndarray]] = defaultdict(list)
    for item in vectors:
        if item.bundle_digest == digest:
            by_week[item.week].append(item.vector)
    if not by_week:
        return None
    stacked = {week: np.stack(items).astype(np.float64) for week, items in by_week.items()}
    chosen = baseline_weeks([(week, len(items)) for week, items in stacked.items()], start)
    if not chosen:
        # No distance without something to measure it from.
        return None
    base = np.concatenate([stacked[week] for week in sorted(chosen)])
    centre = base.mean(axis=0)
    weeks = [
        (week, len(items), float(np.linalg.norm(items.mean(axis=0) - centre)))
        for week, items in stacked.items()
    ]
    return distance_chart(weeks, chosen, scatter_of(base))


def scatter_of(vectors: np.ndarray) -> Scatter:
    """How the cases (K, 64) lie around their mean.

    The trace of the squared covariance is freed of its bias, which is large where there are few
    more cases than numbers in a vector (Bai and Saranadasa 1996, Statistica Sinica 6:311).
    """
    freedom = len(vectors) - 1
    covariance = np.cov(vectors, rowvar=False)
    trace = float(np.trace(covariance))
    square = float(np.sum(covariance * covariance))
    unbiased = freedom**2 / ((freedom + 2) * (freedom - 1)) * (square - trace**2 / freedom)
    return Scatter(len(vectors), trace, max(unbiased, trace**2 / covariance.shape[0]))
