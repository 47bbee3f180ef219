"""Drift, from its charts to what the page shows."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from uuid import UUID

from app.domain.control_chart import (
    BASELINE_WEEKS,
    FEWEST_CASES,
    ChartPoint,
    ControlChart,
    Standing,
)
from app.domain.message import message
from app.domain.statistics import MeanSeries, ShareSeries
from app.services.drift import EMBEDDING, DriftSeries, Series, SiteDrift
from app.services.statistics import Statistics
from app.web.language import gettext, ngettext, translated
from app.web.pages import wording
from app.web.pages.charts_control import control_plot
from app.web.pages.statistics_contexts import DriftGroup, DriftPanel, SiteRow, WeekRow
from app.web.statistics_query import StatisticsQuery

_GROUPS: Mapping[str, tuple[Series, ...]] = {
    message("Findings: share of the counted PMN, as the classifier calls them"): (
        ShareSeries.PSEUDO_PELGER,
        ShareSeries.NUCLEAR_SPIKE,
        ShareSeries.VACUOLE,
        ShareSeries.HYPOGRANULARITY,
    ),
    message("How unlike what was learnt"): (
        EMBEDDING,
        ShareSeries.UNFAMILIAR,
        MeanSeries.NOVELTY,
    ),
    message("Pictures: shares refused and too poor, and means of what is measured"): (
        ShareSeries.REFUSED,
        ShareSeries.POOR_QUALITY,
        MeanSeries.SHARPNESS,
        MeanSeries.BRIGHTNESS,
        MeanSeries.PURPLE,
        MeanSeries.RED,
        MeanSeries.BLUE,
    ),
}
_EMBEDDING_TITLE = message("Distance of the embeddings from the baseline")
_STANDINGS = {
    Standing.INSIDE: message("within"),
    Standing.HIGH: message("above the limit"),
    Standing.LOW: message("below the limit"),
    Standing.RISING: message("within, but the weeks together too high"),
    Standing.FALLING: message("within, but the weeks together too low"),
    Standing.FEW_CASES: message("too few cases"),
    Standing.NO_LIMITS: message("no limits"),
}
_MARKS = {
    Standing.HIGH: "▲ ",
    Standing.LOW: "▼ ",
    Standing.RISING: "△ ",
    Standing.FALLING: "▽ ",
}


def site_rows(
    found: Statistics, names: Mapping[UUID, str], query: StatisticsQuery, path: str
) -> tuple[SiteRow, ...]:
    """Each site at a glance; the charts are drawn for one at a time."""
    drawn = {site.site_id: site for site in found.drift}
    rows = []
    for site_id in sorted(found.chosen.site_ids, key=lambda key: names.get(key, "")):
        alarms = _alarm_count(drawn[site_id]) if site_id in drawn else 0
        rows.append(
            SiteRow(
                name=names.get(site_id, str(site_id)),
                path=f"{path}?{query.text(site=str(site_id))}#drift",
                verdict=_site_verdict(drawn.get(site_id), alarms),
                is_alarm=bool(alarms),
            )
        )
    return tuple(rows)


def _alarm_count(site: SiteDrift) -> int:
    return sum(series.alarm_count for series in site.series)


def _site_verdict(site: SiteDrift | None, alarms: int) -> str:
    if site is None:
        return gettext("no cases")
    if not site.has_limits:
        return gettext("too few cases for limits")
    return _verdict(alarms)


def _verdict(alarms: int) -> str:
    if not alarms:
        return gettext("within the limits")
    return ngettext("{count} point with an alarm", "{count} points with an alarm", alarms).format(
        count=wording.count(alarms)
    )


def drift_groups(found: Statistics) -> tuple[DriftGroup, ...]:
    """The charts of the one site that is shown; empty without a case."""
    if not found.drift:
        return ()
    drawn = {item.series: item for item in found.drift[0].series}
    groups = []
    for title, members in _GROUPS.items():
        panels = tuple(
            _panel(drawn[series], found.bundle_titles) for series in members if series in drawn
        )
        if panels:
            groups.append(DriftGroup(translated(title), panels))
    return tuple(groups)


def _panel(drawn: DriftSeries, titles: Mapping[str, str]) -> DriftPanel:
    title, text = series_title(drawn.series), _value_text(drawn.series)
    charts = [(titles[item.bundle_digest], item.chart) for item in drawn.bundles]
    points = [point for _, chart in charts for point in chart.points]
    has_limits = any(chart.baseline for _, chart in charts)
    verdict = _verdict(drawn.alarm_count) if has_limits else ""
    sentence = gettext("{title} by week, {first} to {last}: {verdict}.")
    return DriftPanel(
        id=f"drift-{str(drawn.series).replace('_', '-')}",
        title=title,
        description=sentence.format(
            title=title,
            first=_day(min(point.week for point in points)),
            last=_day(max(point.week for point in points)),
            verdict=verdict or gettext("no limits yet"),
        ),
        verdict=verdict,
        is_alarm=bool(drawn.alarm_count),
        notes=tuple(_note(name, chart, text, many=len(charts) > 1) for name, chart in charts),
        plot=control_plot(
            charts,
            _axis_text(drawn.series),
            _day,
            from_zero=not isinstance(drawn.series, MeanSeries),
        ),
        rows=tuple(
            _row(point, name, text)
            for name, chart in reversed(charts)
            for point in reversed(chart.points)
        ),
    )


def series_title(series: Series) -> str:
    """The number in words."""
    if isinstance(series, (ShareSeries, MeanSeries)):
        return translated(series.wording)
    return translated(_EMBEDDING_TITLE)


def _value_text(series: Series) -> Callable[[float], str]:
    return wording.percent if isinstance(series, ShareSeries) else wording.number


def _axis_text(series: Series) -> Callable[[float], str]:
    return wording.axis_percent if isinstance(series, ShareSeries) else wording.axis_number


def _note(name: str, chart: ControlChart, text: Callable[[float], str], *, many: bool) -> str:
    prefix = f"{name}: " if many else ""
    told = prefix + _baseline_said(chart, text)
    if chart.weeks_each == 1:
        return told
    return f"{told} {gettext('Four weeks to a point, for single weeks have too few cases.')}"


def _baseline_said(chart: ControlChart, text: Callable[[float], str]) -> str:
    if chart.baseline is None or chart.centre is None:
        return gettext(
            "too little to draw limits from: {weeks} points with at least {cases} cases are "
            "needed, and something counted in them."
        ).format(weeks=BASELINE_WEEKS, cases=FEWEST_CASES)
    first, last = chart.baseline
    if not chart.centre:
        return gettext("baseline {first} to {last}.").format(first=_day(first), last=_day(last))
    return gettext("baseline {first} to {last}, {centre}.").format(
        first=_day(first), last=_day(last), centre=text(chart.centre)
    )


def _row(point: ChartPoint, bundle: str, text: Callable[[float], str]) -> WeekRow:
    limits = wording.DASH
    if point.low is not None and point.high is not None:
        limits = f"{text(point.low)} {wording.DASH} {text(point.high)}"
    return WeekRow(
        week=_day(point.week),
        bundle=bundle,
        cases=wording.count(point.case_count),
        value=wording.DASH if point.value is None else text(point.value),
        limits=limits,
        standing=_MARKS.get(point.standing, "") + translated(_STANDINGS[point.standing]),
        is_alarm=point.standing in _MARKS,
    )


def _day(value: date) -> str:
    return wording.date(datetime.combine(value, time(), UTC))
