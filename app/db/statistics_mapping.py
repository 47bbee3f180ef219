"""Rows of the statistics, and the sums that are asked of them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, Float, case, cast, func
from sqlalchemy.orm import InstrumentedAttribute
from uuid_utils.compat import uuid7

from app.db.statistics_tables import CaseMeasuresRow, CaseOverridesRow
from app.domain.abnormality import Abnormality
from app.domain.case_sums import CountSums, MeanSums
from app.domain.override import OverrideCount, OverrideScope, Subject
from app.domain.statistics import (
    CaseMeasures,
    CaseOverrides,
    MeanSeries,
    OverrideSums,
    ShareSeries,
    SiteWeek,
    monday_of,
)

Column = InstrumentedAttribute[Any]
Value = ColumnElement[Any] | InstrumentedAttribute[Any]

# The same on every machine, whatever its own order of bytes.
STORED = np.dtype("<f4")
_COUNTED = "counted"
_ROW = CaseMeasuresRow
SHARES: dict[ShareSeries, tuple[Column, Column]] = {
    ShareSeries.PSEUDO_PELGER: (_ROW.pseudo_pelger_count, _ROW.pmn_count),
    ShareSeries.NUCLEAR_SPIKE: (_ROW.nuclear_spike_count, _ROW.pmn_count),
    ShareSeries.VACUOLE: (_ROW.vacuole_count, _ROW.pmn_count),
    ShareSeries.HYPOGRANULARITY: (_ROW.hypogranularity_count, _ROW.pmn_count),
    ShareSeries.UNFAMILIAR: (_ROW.unfamiliar_count, _ROW.familiar_base),
    ShareSeries.POOR_QUALITY: (_ROW.poor_count, _ROW.cell_count),
    ShareSeries.REFUSED: (_ROW.refused_count, _ROW.file_count),
}
MEANS: dict[MeanSeries, Column] = {series: getattr(_ROW, series.value) for series in MeanSeries}
SUBJECTS: dict[str, Subject] = {_COUNTED: None, **{label.value: label for label in Abnormality}}


def from_measures(measures: CaseMeasures) -> dict[str, Any]:
    """The row of a case."""
    counts = {
        column.key: number
        for series, pair in measures.counts.items()
        for column, number in zip(SHARES[series], pair, strict=True)
    }
    vector = measures.vector
    return {
        "case_id": measures.case_id,
        "bundle_digest": measures.bundle_digest,
        "received_at": measures.received_at,
        "week": monday_of(measures.received_at.astimezone(UTC).date()),
        **counts,
        **{series.value: measures.means.get(series) for series in MeanSeries},
        "vector": None if vector is None else np.asarray(vector, STORED).tobytes(),
    }


def from_overrides(
    case_id: UUID, overrides: CaseOverrides, signed_at: datetime
) -> Iterable[dict[str, Any]]:
    """The rows of one reader on a case, one for each subject."""
    for subject, count in overrides.counts.items():
        yield {
            "id": uuid7(),
            "case_id": case_id,
            "scope": overrides.scope.value,
            "reader_id": overrides.reader_id,
            "bundle_digest": overrides.bundle_digest,
            "subject": _COUNTED if subject is None else subject.value,
            "signed_at": signed_at,
            "called": count.called,
            "not_called": count.not_called,
            "removed": count.removed,
            "added": count.added,
        }


DIRECTIONS: tuple[Column, ...] = (
    CaseOverridesRow.called,
    CaseOverridesRow.not_called,
    CaseOverridesRow.removed,
    CaseOverridesRow.added,
)
_SUMS, _MEAN_PARTS = 6, 3


def count_sums(count: Value, total: Value) -> list[ColumnElement[Any]]:
    """The parts of `CountSums`. Squares of counts leave the range of an integer."""
    x, n = cast(count, Float(53)), cast(total, Float(53))
    return [
        func.sum(case((total > 0, 1), else_=0)),
        *(func.sum(part) for part in (x, n, x * x, x * n, n * n)),
    ]


def mean_sums(value: Value) -> list[ColumnElement[Any]]:
    """The parts of `MeanSums`."""
    return [func.count(value), func.sum(value), func.sum(value * value)]


def _to_count_sums(parts: Sequence[Any]) -> CountSums:
    cases, *sums = parts
    return CountSums(int(cases or 0), *(float(part or 0) for part in sums))


def to_week(row: tuple[Any, ...]) -> SiteWeek:
    """From keys, the sums of all shares, and those of all means."""
    site_id, digest, week, *parts = row
    shares = {
        series: _to_count_sums(parts[index * _SUMS : (index + 1) * _SUMS])
        for index, series in enumerate(SHARES)
    }
    rest = parts[len(SHARES) * _SUMS :]
    means = {}
    for index, series in enumerate(MEANS):
        cases, total, squares = rest[index * _MEAN_PARTS : (index + 1) * _MEAN_PARTS]
        means[series] = MeanSums(int(cases), float(total or 0), float(squares or 0))
    return SiteWeek(site_id, digest, week, shares, means)


def to_override_sums(row: Any) -> OverrideSums:
    """From keys, the reader's name, the counts, and their sums by case."""
    scope, reader_id, digest, subject, name, *parts = row
    counts, sums = parts[: len(DIRECTIONS)], parts[len(DIRECTIONS) :]
    changed, removed, added = (
        _to_count_sums(sums[start : start + _SUMS]) for start in (0, _SUMS, 2 * _SUMS)
    )
    return OverrideSums(
        OverrideScope(scope),
        reader_id,
        name,
        digest,
        SUBJECTS[subject],
        OverrideCount(*(int(number) for number in counts)),
        changed,
        removed,
        added,
    )
