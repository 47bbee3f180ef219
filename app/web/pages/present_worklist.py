"""The worklist, from its lines to what the page shows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.case_state import CaseState
from app.domain.message import message
from app.domain.screening import Recommendation
from app.domain.worklist import (
    SavedFilter,
    WorklistEntry,
    WorklistFilter,
    WorklistOrder,
    WorklistSort,
)
from app.services.controlling import ControlStanding
from app.services.worklist import WorklistPage
from app.web.language import THIN, gettext, localised, translated
from app.web.pages import wording
from app.web.pages.contexts import Choice
from app.web.pages.present import BADGES, case_path
from app.web.pages.present_controls import control_warnings
from app.web.pages.worklist_contexts import (
    FilterChip,
    FilterFields,
    SortHeader,
    StateTab,
    WorklistLine,
    WorklistPart,
)
from app.web.pages.worklist_query import (
    ASCENDING,
    DESCENDING,
    ME,
    NOBODY,
    WorklistQuery,
    place_token,
)

_STATE_MARKS = {
    CaseState.EMPTY: "·",
    CaseState.UPLOADING: "↑",
    CaseState.CLASSIFYING: "◔",
    CaseState.TO_REVIEW: "○",
    CaseState.REVIEWED: "◑",
    CaseState.SIGNED: "●",
    CaseState.AMENDED: "◆",
    CaseState.CANCELLED: "✕",
}
_ADVICE = {
    Recommendation.TEST_UBA1: ("▲", message("Test UBA1")),
    Recommendation.NOT_RAISED_BY_SMEAR: ("○", message("Not raised by the smear")),
    Recommendation.INSUFFICIENT_CELLS: (wording.DASH, message("Too few cells")),
}


@dataclass(frozen=True)
class _Column:
    """A column that can be sorted by; `first` is how a first click sorts it."""

    sort: WorklistSort
    text: str
    first: str = ASCENDING
    unit: str | None = None
    numeric: bool = False


_COLUMNS = (
    _Column(WorklistSort.ACCESSION, message("Accession")),
    _Column(WorklistSort.PATIENT, message("Patient")),
    _Column(WorklistSort.STATE, message("State")),
    _Column(WorklistSort.OPENED, message("Age"), DESCENDING, numeric=True),
    _Column(WorklistSort.PMN_COUNT, message("PMN"), DESCENDING, "n", numeric=True),
    _Column(WorklistSort.SCORE, message("Score"), DESCENDING, numeric=True),
    _Column(WorklistSort.READER, message("Reader")),
)


@dataclass(frozen=True)
class WorklistView:
    """All that the page is made of; `readers` are names by account."""

    query: WorklistQuery
    chosen: WorklistFilter
    order: WorklistOrder
    page: WorklistPage
    saved: Sequence[SavedFilter]
    readers: Mapping[UUID, str]
    user_id: UUID
    now: datetime
    controls: Sequence[ControlStanding] = ()


def worklist_part(view: WorklistView) -> WorklistPart:
    """The whole page."""
    query, page, sort = view.query, view.page, view.order.sort
    filtered = not view.chosen.is_empty
    paged = query.after or query.before
    return WorklistPart(
        warnings=control_warnings(view.controls),
        tabs=_tabs(view),
        chips=tuple(_chip(saved, query) for saved in view.saved),
        fields=_fields(view),
        query=query.text(),
        clear_path=WorklistQuery(sort=query.sort, order=query.order).address()
        if filtered
        else None,
        headers=tuple(_header(view, column) for column in _COLUMNS),
        finding_title=translated(view.chosen.finding.wording) if view.chosen.finding else None,
        lines=tuple(_line(entry, view) for entry in page.entries),
        has_cases=filtered or bool(paged) or any(page.counts.values()),
        first_path=query.address() if paged else None,
        previous_path=query.address(before=place_token(page.previous, sort))
        if page.previous
        else None,
        next_path=query.address(after=place_token(page.next, sort)) if page.next else None,
        as_of=wording.moment(view.now, view.now),
    )


def _tabs(view: WorklistView) -> tuple[StateTab, ...]:
    counts, states = view.page.counts, view.chosen.states
    every = StateTab(
        mark="",
        text=gettext("All"),
        count=wording.count(sum(counts.values())),
        path=view.query.address(state=""),
        current=not states,
    )
    return every, *(
        StateTab(
            mark=_STATE_MARKS[state],
            text=translated(state.wording),
            count=wording.count(counts[state]),
            path=view.query.address(state=state.value),
            current=states == {state},
        )
        for state in CaseState
    )


def _chip(saved: SavedFilter, query: WorklistQuery) -> FilterChip:
    content = dict(saved.content)
    if saved.search_id:
        content["search"] = str(saved.search_id)
    kept = WorklistQuery.model_validate(content)
    return FilterChip(
        id=str(saved.id),
        name=saved.name,
        path=kept.address(),
        current=kept.text() == query.text(),
    )


def _fields(view: WorklistView) -> FilterFields:
    query, chosen = view.query, view.chosen
    return FilterFields(
        text=chosen.text,
        recommendations=_choices(
            query.recommendation,
            {item.value: translated(_ADVICE[item][1]) for item in Recommendation},
        ),
        findings=_choices(
            query.finding, {item.value: translated(item.wording) for item in Abnormality}
        ),
        least=query.least if chosen.finding else "",
        opened_from=query.opened_from,
        opened_to=query.opened_to,
        readers=_choices(
            query.reader,
            {
                ME: gettext("Me"),
                NOBODY: gettext("Nobody yet"),
                **{
                    str(reader): name
                    for reader, name in view.readers.items()
                    if reader != view.user_id
                },
            },
        ),
        state=query.state,
        sort=query.sort,
        order=query.order,
    )


def _choices(value: str, texts: Mapping[str, str]) -> tuple[Choice, ...]:
    return (
        Choice("", gettext("Any"), selected=not value),
        *(Choice(key, text, selected=key == value) for key, text in texts.items()),
    )


def _header(view: WorklistView, column: _Column) -> SortHeader:
    order, following, direction = view.order, column.first, "none"
    if order.sort is column.sort:
        # The age falls where the time of opening rises.
        falls = order.descending != (column.sort is WorklistSort.OPENED)
        direction = "descending" if falls else "ascending"
        following = ASCENDING if order.descending else DESCENDING
    return SortHeader(
        text=translated(column.text),
        unit=column.unit,
        path=view.query.address(sort=column.sort.value, order=following),
        direction=direction,
        numeric=column.numeric,
    )


def _line(entry: WorklistEntry, view: WorklistView) -> WorklistLine:
    mark, advice = _ADVICE[entry.recommendation] if entry.recommendation else ("", None)
    return WorklistLine(
        id=str(entry.case_id),
        path=case_path(entry.case_id),
        report_path=f"{case_path(entry.case_id)}/report" if entry.cell_count else None,
        accession_number=entry.accession_number,
        origin=translated(BADGES[entry.origin]) if entry.origin in BADGES else None,
        patient=entry.patient_identifier,
        patient_name=view.page.patient_names.get(entry.case_id),
        state=translated(entry.state.wording),
        state_mark=_STATE_MARKS[entry.state],
        state_note=_note(entry),
        opened=wording.moment(entry.opened_at, view.now),
        age=age(entry.opened_at, view.now),
        pmn_count=wording.DASH if entry.pmn_count is None else wording.count(entry.pmn_count),
        finding_share=_share(entry, view.chosen.finding),
        score=_score(entry),
        recommendation=translated(advice) if advice else None,
        recommendation_mark=mark,
        reader=entry.reader_name,
        needs_second=entry.needs_second,
    )


def age(opened_at: datetime, now: datetime) -> str:
    """Hours since the opening, to a tenth; from two days on, whole days; both rounded down."""
    passed = now - opened_at
    if passed >= timedelta(days=2):
        return f"{wording.count(passed.days)}{THIN}{gettext('d')}"
    tenths = max(0, math.floor(passed / timedelta(hours=1) * 10))
    return f"{localised(f'{tenths / 10:.1f}')}{THIN}{gettext('h')}"


def _note(entry: WorklistEntry) -> str | None:
    if entry.pending_count:
        read = wording.count(entry.cell_count - entry.pending_count)
        return gettext("{read} of {all}").format(read=read, all=wording.count(entry.cell_count))
    if entry.failed_count:
        return gettext("{count} failed").format(count=wording.count(entry.failed_count))
    return None


def _share(entry: WorklistEntry, finding: Abnormality | None) -> str | None:
    if finding is None:
        return None
    if not entry.abnormality_counts or not entry.pmn_count:
        return wording.DASH
    # The unit stands in the column's head.
    share = entry.abnormality_counts[finding] / entry.pmn_count
    return localised(f"{share * 100:.1f}")


def _score(entry: WorklistEntry) -> str:
    if entry.score is None or entry.cut_off is None:
        return wording.DASH
    return wording.score(entry.score, entry.cut_off)
