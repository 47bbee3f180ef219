"""A patient's cases over time, from the domain's values to what pages and papers show."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.history import CasePoint
from app.web.language import gettext, translated
from app.web.pages import wording
from app.web.pages.charts import proportion_scale
from app.web.pages.charts_trend import TrendValue, trend_chart
from app.web.pages.outlook_contexts import TrendPanel, TrendPart, TrendRow

_FEWEST_POINTS = 2


def trend_part(points: Sequence[CasePoint], current: UUID | None = None) -> TrendPart | None:
    """The trend of a patient's cases; None where there are fewer than two.

    Parameters
    ----------
    points
        In any order.
    current
        The case that is being looked at.
    """
    if len(points) < _FEWEST_POINTS:
        return None
    ordered = sorted(points, key=lambda point: point.at)
    panels = [*(_proportion_panel(label, ordered, current) for label in Abnormality)]
    score = _score_panel(ordered, current)
    return TrendPart(
        panels=tuple(panel for panel in (*panels, score) if panel),
        titles=tuple(translated(label.wording) for label in Abnormality),
        rows=tuple(_row(point, current) for point in reversed(ordered)),
        is_mixed=len({point.bundle_digest for point in ordered}) > 1,
    )


def _proportion_panel(
    label: Abnormality, points: Sequence[CasePoint], current: UUID | None
) -> TrendPanel | None:
    values, said = [], []
    for point in points:
        found = point.proportions[label]
        if found.value is None or found.low is None or found.high is None:
            continue
        series, is_current = point.bundle_digest, point.case_id == current
        values.append(
            TrendValue(
                point.at,
                found.low,
                found.value,
                found.high,
                series,
                is_current,
                is_signed=point.is_signed,
            )
        )
        said.append(f"{wording.date(point.at)}, {wording.percent(found.value)}{_unsigned(point)}")
    return _panel(translated(label.wording), values, said, _highest(points), percent=True)


def _score_panel(points: Sequence[CasePoint], current: UUID | None) -> TrendPanel | None:
    values, said = [], []
    for point in points:
        found = point.score
        if found is None:
            continue
        values.append(
            TrendValue(
                point.at,
                found.interval_low,
                found.value,
                found.interval_high,
                point.bundle_digest,
                point.case_id == current,
                found.cut_off,
                is_signed=point.is_signed,
            )
        )
        score = wording.score(found.value, found.cut_off)
        text = gettext("{score} with the cut-off at {cut_off}")
        cut_off = wording.threshold(found.cut_off)
        value = text.format(score=score, cut_off=cut_off)
        said.append(f"{wording.date(point.at)}, {value}{_unsigned(point)}")
    return _panel(gettext("Score"), values, said, 1.0, percent=False)


def _unsigned(point: CasePoint) -> str:
    return "" if point.is_signed else f" {gettext('(not signed)')}"


def _highest(points: Sequence[CasePoint]) -> float:
    """The end of the axis that the four proportions share, 0-1."""
    return proportion_scale(
        [found for point in points for found in point.proportions.values()], []
    ).high


def _panel(
    title: str, values: Sequence[TrendValue], said: Sequence[str], high: float, *, percent: bool
) -> TrendPanel | None:
    if not values:
        return None
    sentence = gettext("{title} over time: {values}.")
    return TrendPanel(
        title=title,
        description=sentence.format(title=title, values="; ".join(said)),
        curve=trend_chart(
            values, high, wording.axis_percent if percent else wording.axis_number, wording.date
        ),
    )


def _row(point: CasePoint, current: UUID | None) -> TrendRow:
    score = point.score
    return TrendRow(
        date=wording.date(point.at),
        path=f"/cases/{point.case_id}/report",
        accession_number=point.accession_number,
        is_current=point.case_id == current,
        is_signed=point.is_signed,
        pmn_count=point.pmn_count,
        proportions=tuple(wording.percent(point.proportions[each].value) for each in Abnormality),
        score=wording.score(score.value, score.cut_off) if score else wording.DASH,
        recommendation=translated(point.recommendation.wording)
        if point.recommendation
        else wording.DASH,
        bundle_title=point.bundle_title,
    )
