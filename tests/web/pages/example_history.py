"""Examples of the history's pages, and of those of erasing."""

from datetime import timedelta
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.case_state import CaseState
from app.domain.erasure import ErasedCase, Erasure, ErasureCause, RetentionRule
from app.domain.message import message
from app.domain.timeline import EventKind, HistoryLine, TimelineEvent
from app.services.timeline import _ACTS
from app.web.pages.contexts import Choice
from app.web.pages.done import just_done
from app.web.pages.history_contexts import (
    DataPage,
    ErasePage,
    HistoryFields,
    HistoryPage,
    TimelinePage,
)
from app.web.pages.present_history import (
    erasure_row,
    history_row,
    overdue_row,
    rule_texts,
    timeline_rows,
)
from app.web.pages.wording import moment
from tests.factories import NOW, make_case

LATER = NOW + timedelta(days=3)
DATA = ("asked by letter", "H-7", "000000000009", "json")


def _line(**changes) -> HistoryLine:
    values = {
        "case_id": UUID(int=9),
        "patient_id": UUID(int=8),
        "accession_number": "H-7",
        "patient_identifier": "P-1",
        "site_id": UUID(int=1),
        "opened_at": NOW,
        "state": CaseState.SIGNED,
        "version_count": 1,
        "erased_at": None,
        **changes,
    }
    return HistoryLine(**values)


def history_pages() -> list[object]:
    fields = HistoryFields("P-1", (Choice("", "ann", selected=True),), "2026-01-01", "")
    rows = (
        history_row(_line(), LATER),
        history_row(_line(state=None, erased_at=LATER), LATER),
    )
    return [
        HistoryPage(fields, rows, "/administration/history", "/administration/history?before=1"),
        HistoryPage(fields, (), None, None),
    ]


def timeline_pages() -> list[object]:
    acts = [_ACTS[act](3, Abnormality.VACUOLE.wording) for act in _ACTS]
    events = [TimelineEvent(NOW, EventKind.READING, "Dr Ann", what) for what in acts]
    events += [
        TimelineEvent(NOW, EventKind.DATA, "", message("the case was opened")),
        TimelineEvent(NOW, EventKind.REPORT, "Dr Ann", message("opened an amendment")),
        TimelineEvent(NOW, EventKind.ACCESS, "Dr Ann", message("wrote a comment")),
    ]
    rows = timeline_rows(events, LATER)
    key = str(UUID(int=9))
    path = "/administration/cases/1"
    return [
        TimelinePage("H-7", key, None, rows, "/audit", "/cases/1", f"{path}/erase", f"{path}.zip"),
        TimelinePage("H-7", key, moment(NOW, LATER), rows, None, None, None, None),
    ]


def erase_pages() -> list[object]:
    return [
        ErasePage("/a", "/b", ("H-7",), "12", "", None),
        ErasePage("/a", "/b", ("H-7",), "12", "asked by letter", "Wrong."),
    ]


def data_pages() -> list[object]:
    case = ErasedCase(UUID(int=9), NOW, {"pmn": 3}, None, {"1": "0" * 64})
    erasures = [
        Erasure(
            id=UUID(int=4),
            patient_id=None,
            cases=(case,),
            cause=cause,
            reason="asked by letter",
            erased_by="ann",
            erased_at=NOW,
            image_count=3,
            shared_count=0,
            removed_at=removed,
        )
        for cause, removed in ((ErasureCause.REQUEST, LATER), (ErasureCause.RETENTION, None))
    ]
    rows = tuple(erasure_row(erasure, LATER) for erasure in erasures)
    rule = RetentionRule(timedelta(days=3650), timedelta(days=90))
    return [
        DataPage(rule_texts(rule), (overdue_row(make_case(), LATER),), rows[0].cause, rows),
        DataPage(rule_texts(RetentionRule()), (), "", (), just_done("erased")),
    ]
