"""The history and the erasures, from domain values to what the pages show."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.domain.case import Case
from app.domain.erasure import Erasure, ErasureCause, RetentionRule
from app.domain.message import message
from app.domain.timeline import EventKind, HistoryLine, TimelineEvent
from app.web.language import gettext, translated
from app.web.pages.history_contexts import ErasureRow, HistoryRow, TimelineRow
from app.web.pages.wording import count, moment

HISTORY = "/administration/history"
KINDS = {
    EventKind.DATA: (message("data"), "▪"),
    EventKind.READING: (message("reading"), "◦"),
    EventKind.REPORT: (message("report"), "●"),
    EventKind.ACCESS: (message("access"), "·"),
}
CAUSES = {
    ErasureCause.REQUEST: message("asked for"),
    ErasureCause.RETENTION: message("its time was over"),
}


def timeline_path(case_id: UUID) -> str:
    """The life of a case."""
    return f"/administration/cases/{case_id}"


def history_row(line: HistoryLine, now: datetime) -> HistoryRow:
    """A case, or what is left of it."""
    erased = moment(line.erased_at, now) if line.erased_at else None
    return HistoryRow(
        path=timeline_path(line.case_id),
        accession_number=str(line.case_id)[-12:] if erased else line.accession_number,
        patient="" if erased else line.patient_identifier,
        opened=moment(line.opened_at, now),
        state=translated(line.state.wording) if line.state else "",
        versions=count(line.version_count),
        erased=erased,
    )


def overdue_row(case: Case, now: datetime) -> HistoryRow:
    """A case whose time is over."""
    return HistoryRow(
        path=timeline_path(case.id),
        accession_number=case.accession_number,
        patient=case.patient.identifier,
        opened=moment(case.created_at, now),
        state="",
        versions="",
        erased=None,
    )


def timeline_rows(events: Sequence[TimelineEvent], now: datetime) -> tuple[TimelineRow, ...]:
    """The newest thing first, as in every list."""
    return tuple(
        TimelineRow(
            at=moment(event.at, now),
            kind=translated(KINDS[event.kind][0]),
            mark=KINDS[event.kind][1],
            who=event.who,
            what=translated(event.what),
        )
        for event in reversed(events)
    )


def erasure_row(erasure: Erasure, now: datetime) -> ErasureRow:
    """A proof, with whether it is complete."""
    removed = erasure.removed_at
    return ErasureRow(
        at=moment(erasure.erased_at, now),
        case_count=count(len(erasure.cases)),
        images=count(erasure.image_count),
        cause=translated(CAUSES[erasure.cause]),
        reason=erasure.reason,
        who=erasure.erased_by,
        state=gettext("complete") if removed else gettext("images are being removed"),
        proof_path=f"/administration/data/erasures/{erasure.id}/proof.json",
    )


def rule_texts(rule: RetentionRule) -> tuple[str, ...]:
    """For how long cases are kept."""
    return (_signed_text(rule), _unsigned_text(rule))


def _signed_text(rule: RetentionRule) -> str:
    if rule.signed is None:
        return gettext("Signed cases are kept for ever.")
    text = gettext("Signed cases are erased {days} days after the last signature.")
    return text.format(days=count(rule.signed.days))


def _unsigned_text(rule: RetentionRule) -> str:
    if rule.unsigned is None:
        return gettext("Cases without a signature are kept for ever.")
    text = gettext("Cases without a signature are erased {days} days after they were opened.")
    return text.format(days=count(rule.unsigned.days))
