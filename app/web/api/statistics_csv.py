"""The statistics as one table, a number a row: `docs/statistics.md` names the columns."""

import csv
from collections.abc import Iterator
from io import StringIO

from app.web.api.findings_schema import guarded
from app.web.api.statistics_schema import (
    OverrideRead,
    RateRead,
    SiteDriftRead,
    StatisticsRead,
    WeekRead,
)

COLUMNS = (
    "section",
    "measure",
    "site_id",
    "bundle_digest",
    "reader",
    "subject",
    "day",
    "cases",
    "count",
    "total",
    "value",
    "low",
    "high",
    "note",
)
_Row = dict[str, object]


def statistics_csv(found: StatisticsRead) -> str:
    """Comma-separated, with a header; what does not apply is empty."""
    table = StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in _rows(found):
        writer.writerow({name: guarded(value) for name, value in row.items()})
    return table.getvalue()


def _rows(found: StatisticsRead) -> Iterator[_Row]:
    for item in found.days:
        for measure in ("opened", "signed"):
            yield {
                "section": "cases",
                "measure": measure,
                "day": item.day,
                "value": getattr(item, measure),
            }
    times = found.turnaround
    for measure in ("first_quartile", "median", "third_quartile", "p90"):
        yield {
            "section": "turnaround_hours",
            "measure": measure,
            "count": times.signed,
            "total": times.signed + times.open + times.erased + times.cancelled,
            "value": getattr(times, measure),
        }
    advice = found.recommendations
    yield {"section": "recommendations", "measure": "recommended", **_rate(advice.recommended)}
    for measure in ("not_raised", "insufficient", "none_yet"):
        yield {
            "section": "recommendations",
            "measure": measure,
            "value": getattr(advice, measure),
        }
    for line in (*found.signed_overrides, *found.reader_overrides):
        yield from _override_rows(line)
    for site in found.drift:
        yield from _drift_rows(site)


def _override_rows(line: OverrideRead) -> Iterator[_Row]:
    for measure in ("changed", "removed", "added"):
        yield {
            "section": "overrides",
            "measure": measure,
            "bundle_digest": line.bundle_digest,
            "reader": line.reader,
            "subject": line.subject,
            **_rate(getattr(line, measure)),
        }


def _drift_rows(site: SiteDriftRead) -> Iterator[_Row]:
    for series in site.series:
        for point in series.weeks:
            yield {
                "section": "drift",
                "measure": series.series,
                "site_id": site.site_id,
                "bundle_digest": series.bundle_digest,
                "day": point.week,
                "cases": point.cases,
                "value": point.value,
                "low": point.low,
                "high": point.high,
                "note": _note(point, series.weeks_each),
            }


def _note(point: WeekRead, weeks_each: int) -> str:
    baseline = " baseline" if point.is_baseline else ""
    return f"{point.standing}{baseline}{f' {weeks_each} weeks' if weeks_each > 1 else ''}"


def _rate(rate: RateRead) -> _Row:
    return {
        "cases": rate.cases,
        "count": rate.count,
        "total": rate.total,
        "value": rate.share,
        "low": rate.low,
        "high": rate.high,
        "note": "small" if rate.is_small else "",
    }
