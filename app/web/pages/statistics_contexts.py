"""What the page of statistics may know."""

from dataclasses import dataclass

from app.web.pages.charts_control import ControlPlot
from app.web.pages.charts_days import CaseBars
from app.web.pages.contexts import Choice, Named


@dataclass(frozen=True)
class StatisticsFields:
    """The filter, as typed; `sites` is empty where the account sees one alone."""

    sites: tuple[Choice, ...]
    first: str
    last: str
    baseline: str
    with_demonstrations: bool


@dataclass(frozen=True)
class BinRow:
    """Cases of one day or week."""

    day: str
    opened: str
    signed: str


@dataclass(frozen=True)
class RateCell:
    """A rate: share, interval, count of number; `is_small` marks one that says little."""

    share: str
    interval: str
    count: str
    is_small: bool


@dataclass(frozen=True)
class OverrideRow:
    """One subject: an abnormality, or whether a cell is counted."""

    subject: str
    changed: RateCell
    removed: RateCell
    added: RateCell


@dataclass(frozen=True)
class OverrideTable:
    """All subjects under one bundle, or of one reader."""

    title: str
    rows: tuple[OverrideRow, ...]


@dataclass(frozen=True)
class QueueRow:
    """One queue, or the deliveries of one kind; a dash where a column does not apply."""

    name: str
    waiting: str
    running: str
    failed: str
    oldest: str


@dataclass(frozen=True)
class WeekRow:
    """One week of one number under one bundle."""

    week: str
    bundle: str
    cases: str
    value: str
    limits: str
    standing: str
    is_alarm: bool


@dataclass(frozen=True)
class DriftPanel:
    """One number by week.

    Parameters
    ----------
    note
        What limits there are, from which baseline; or why there are none.
    verdict
        How many weeks lie beyond the limits; empty without limits.
    """

    id: str
    title: str
    description: str
    verdict: str
    is_alarm: bool
    notes: tuple[str, ...]
    plot: ControlPlot
    rows: tuple[WeekRow, ...]


@dataclass(frozen=True)
class DriftGroup:
    """Numbers that belong together."""

    title: str
    panels: tuple[DriftPanel, ...]


@dataclass(frozen=True)
class SiteRow:
    """One site at a glance."""

    name: str
    path: str
    verdict: str
    is_alarm: bool


@dataclass(frozen=True)
class StatisticsPage:
    """statistics.html.

    Parameters
    ----------
    demonstrations
        How many cases are left out because they are no laboratory's own; None where none are.
    by_week
        Whether the bars are weeks.
    sites
        Where several are counted: drift is drawn for one at a time.
    """

    fields: StatisticsFields
    csv_path: str
    json_path: str
    demonstrations: str | None
    figures: tuple[Named, ...]
    by_week: bool
    bars: CaseBars
    bars_said: str
    bins: tuple[BinRow, ...]
    turnaround: tuple[Named, ...]
    turnaround_note: str
    advice: tuple[Named, ...]
    signed_overrides: tuple[OverrideTable, ...]
    reader_overrides: tuple[OverrideTable, ...]
    queues: tuple[QueueRow, ...]
    sites: tuple[SiteRow, ...]
    drift: tuple[DriftGroup, ...]
