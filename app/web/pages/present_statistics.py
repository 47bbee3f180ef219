"""The statistics, from their values to what the page shows; drift is in `present_drift`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from app.domain.message import message
from app.domain.override import Subject
from app.domain.proportion import Proportion
from app.domain.site import Site
from app.domain.statistics import DayCount, OutboxState, QueueState
from app.services.statistics import OverrideLine, Rate, Statistics, TurnaroundTimes
from app.web.language import gettext, localised, ngettext, translated
from app.web.pages import wording
from app.web.pages.charts_days import binned, case_bars
from app.web.pages.contexts import Choice, Named
from app.web.pages.present_drift import drift_groups, site_rows
from app.web.pages.statistics_contexts import (
    BinRow,
    OverrideRow,
    OverrideTable,
    QueueRow,
    RateCell,
    StatisticsFields,
    StatisticsPage,
)
from app.web.statistics_query import StatisticsQuery

PATH = "/administration/statistics"
API_PATH = "/api/v1/statistics"
_HOURS_A_DAY = 48
_LEVELS = {
    0.25: message("A quarter signed within"),
    0.5: message("Half signed within (median)"),
    0.75: message("Three quarters signed within"),
    0.9: message("Nine of ten signed within"),
}
_COUNTED = message("Counted at all")
_QUEUES = {
    "classification": message("Classification"),
    "shadow": message("Bundle in shadow"),
    "control": message("Control slides and comparisons"),
}
_KINDS = {"webhook": message("Webhooks"), "hl7": message("HL7 results")}


@dataclass(frozen=True)
class StatisticsView:
    """All that the page is made of; `sites` are those that the account sees."""

    query: StatisticsQuery
    found: Statistics
    sites: Sequence[Site]
    queues: Sequence[QueueState]
    outbox: Sequence[OutboxState]
    now: datetime


def statistics_page(view: StatisticsView) -> StatisticsPage:
    """The whole page."""
    found, query = view.found, view.query
    bins, by_week = binned(found.days)
    names = {site.id: site.name for site in view.sites}
    is_one_site = len(found.chosen.site_ids) == 1
    return StatisticsPage(
        fields=_fields(view),
        csv_path=f"{API_PATH}.csv?{query.text()}",
        json_path=f"{API_PATH}?{query.text()}",
        demonstrations=_demonstrations(found),
        figures=_figures(found, view.now.date()),
        by_week=by_week,
        bars=case_bars(bins, day),
        bars_said=_bars_said(bins),
        bins=tuple(
            BinRow(day(item.day), wording.count(item.opened), wording.count(item.signed))
            for item in reversed(bins)
            if item.opened or item.signed
        ),
        turnaround=_turnaround(found.turnaround),
        turnaround_note=_turnaround_note(found.turnaround),
        advice=_advice(found),
        signed_overrides=_tables(found.signed_overrides, found.bundle_titles),
        reader_overrides=_tables(found.reader_overrides, found.bundle_titles),
        queues=_queues(view),
        sites=() if is_one_site else site_rows(found, names, query, PATH),
        drift=drift_groups(found) if is_one_site else (),
    )


def day(value: date) -> str:
    """A day, with its month in letters."""
    return wording.date(datetime.combine(value, time(), UTC))


def hours(value: float | None) -> str:
    """A span: in hours up to two days, then in days."""
    if value is None:
        return gettext("not yet")
    if value < _HOURS_A_DAY:
        return gettext("{number} h").format(number=localised(f"{value:.1f}"))
    return gettext("{number} days").format(number=localised(f"{value / 24:.1f}"))


def _fields(view: StatisticsView) -> StatisticsFields:
    chosen, query = view.found.chosen, view.query
    sites: tuple[Choice, ...] = ()
    if len(view.sites) > 1:
        sites = (
            Choice("", gettext("All sites"), selected=not query.site),
            *(
                Choice(str(site.id), site.name, selected=query.site == str(site.id))
                for site in view.sites
            ),
        )
    return StatisticsFields(
        sites=sites,
        first=chosen.first.isoformat(),
        last=chosen.last.isoformat(),
        baseline=query.baseline,
        with_demonstrations=chosen.with_demonstrations,
    )


def _demonstrations(found: Statistics) -> str | None:
    if found.chosen.with_demonstrations or not found.demonstrations:
        return None
    return ngettext(
        "{count} demonstration case is left out.",
        "{count} demonstration cases are left out.",
        found.demonstrations,
    ).format(count=wording.count(found.demonstrations))


def _figures(found: Statistics, today: date) -> tuple[Named, ...]:
    """In short; days that are still to come are no days without a case."""
    past = sum(item.day <= today for item in found.days)
    opened = sum(item.opened for item in found.days)
    signed = sum(item.signed for item in found.days)
    share = found.recommended_share
    return (
        Named(gettext("Cases opened"), wording.count(opened)),
        Named(gettext("Opened a day"), localised(f"{opened / past:.1f}") if past else wording.DASH),
        Named(gettext("Cases signed"), wording.count(signed)),
        Named(gettext("Upload to signature, median"), hours(found.turnaround.hours[0.5])),
        Named(gettext("UBA1 testing recommended"), wording.percent(share.value)),
    )


def _bars_said(bins: Sequence[DayCount]) -> str:
    sentence = gettext("{opened} cases opened, {signed} signed; at most {most} opened at once.")
    return sentence.format(
        opened=wording.count(sum(item.opened for item in bins)),
        signed=wording.count(sum(item.signed for item in bins)),
        most=wording.count(max(item.opened for item in bins)),
    )


def _turnaround(found: TurnaroundTimes) -> tuple[Named, ...]:
    return tuple(
        Named(translated(title), hours(found.hours[level])) for level, title in _LEVELS.items()
    )


def _turnaround_note(found: TurnaroundTimes) -> str:
    return gettext(
        "{all} cases whose first image came in the period: {signed} signed, {open} still open, "
        "{erased} erased unsigned, {cancelled} cancelled. Open cases count as not signed yet, "
        "erased and cancelled ones as not signed until then (Kaplan and Meier)."
    ).format(
        all=wording.count(found.all),
        signed=wording.count(found.signed),
        open=wording.count(found.open),
        erased=wording.count(found.erased),
        cancelled=wording.count(found.cancelled),
    )


def _advice(found: Statistics) -> tuple[Named, ...]:
    counts = found.recommended
    return (
        Named(
            gettext("UBA1 testing recommended, of the cases with a score"),
            _recommended(found.recommended_share),
        ),
        Named(gettext("Not raised by the smear"), wording.count(counts.not_raised)),
        Named(gettext("Too few cells to say"), wording.count(counts.insufficient)),
        Named(gettext("No recommendation yet"), wording.count(counts.open)),
    )


def _recommended(share: Proportion) -> str:
    if not share.total:
        return gettext("no cases")
    return gettext("{count} of {total}: {share} ({interval})").format(
        count=wording.count(share.count),
        total=wording.count(share.total),
        share=wording.percent(share.value),
        interval=wording.percent_interval(share),
    )


def _tables(lines: Sequence[OverrideLine], titles: Mapping[str, str]) -> tuple[OverrideTable, ...]:
    """One table for each bundle or reader, in the order of the lines."""
    groups: dict[tuple[str | None, UUID | None, str | None], list[OverrideLine]] = {}
    for line in lines:
        groups.setdefault((line.reader, line.reader_id, line.bundle_digest), []).append(line)
    return tuple(
        OverrideTable(
            title=reader or titles.get(digest or "", ""),
            rows=tuple(_override_row(line) for line in own),
        )
        for (reader, _, digest), own in groups.items()
    )


def _override_row(line: OverrideLine) -> OverrideRow:
    return OverrideRow(
        subject=subject_title(line.subject),
        changed=_rate_cell(line.changed),
        removed=_rate_cell(line.removed),
        added=_rate_cell(line.added),
    )


def subject_title(subject: Subject) -> str:
    """What was decided on."""
    return translated(_COUNTED if subject is None else subject.wording)


def _rate_cell(rate: Rate) -> RateCell:
    return RateCell(
        share=wording.percent(rate.value),
        interval=wording.percent_range(*rate.interval) if rate.interval else wording.DASH,
        count=gettext("{count} of {total}").format(
            count=wording.count(rate.count), total=wording.count(rate.total)
        ),
        is_small=rate.is_small,
    )


def _queues(view: StatisticsView) -> tuple[QueueRow, ...]:
    jobs = [
        QueueRow(
            name=translated(_QUEUES.get(item.queue, item.queue)),
            waiting=wording.count(item.waiting),
            running=wording.count(item.running),
            failed=wording.count(item.failed),
            oldest=_since(item.oldest_waiting_at, view.now),
        )
        for item in view.queues
    ]
    deliveries = [
        QueueRow(
            name=translated(_KINDS.get(item.kind, item.kind)),
            waiting=wording.count(item.waiting),
            running=wording.DASH,
            failed=wording.count(item.dead),
            oldest=_since(item.oldest_waiting_at, view.now),
        )
        for item in view.outbox
    ]
    return (*jobs, *deliveries)


def _since(at: datetime | None, now: datetime) -> str:
    return wording.DASH if at is None else wording.age(at, now)
