"""The audit, from entries to what the page shows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.domain.acts import in_words
from app.domain.audit import ActorKind, AuditEntry, AuditHead, Outcome
from app.domain.message import message
from app.domain.user import User
from app.services.auditing import shown_head
from app.web.language import gettext, translated
from app.web.pages.administration_contexts import AuditFields, AuditLine, AuditPage
from app.web.pages.contexts import Choice, Moment
from app.web.pages.wording import count, date, moment

PATH = "/administration/audit"
OUTCOMES = {
    Outcome.DONE: message("done"),
    Outcome.REFUSED: message("refused"),
    Outcome.FAILED: message("failed"),
}
MARKS = {Outcome.DONE: "", Outcome.REFUSED: "⊘", Outcome.FAILED: "✕"}
ROLES = {
    "technician": message("technician"),
    "haematologist": message("haematologist"),
    "administrator": message("administrator"),
    "auditor": message("auditor"),
    "system": message("program"),
}


@dataclass(frozen=True)
class AuditView:
    """What the page is made of; `query` is what was asked, as text."""

    query: Mapping[str, str]
    entries: Sequence[AuditEntry]
    head: AuditHead
    accounts: Sequence[User]
    now: datetime


def audit_page(view: AuditView, older: str | None, query: str) -> AuditPage:
    """The list, and what it is narrowed by."""
    return AuditPage(
        fields=_fields(view),
        lines=tuple(_line(entry, view.now) for entry in view.entries),
        head=shown_head(view.head),
        clear_path=PATH if query else None,
        older_path=f"{PATH}?{older}" if older else None,
        export_path=f"{PATH}/export.jsonl?{query}" if query else f"{PATH}/export.jsonl",
    )


def _fields(view: AuditView) -> AuditFields:
    query = view.query
    accounts = (
        Choice(str(user.id), user.name, str(user.id) == query["account"]) for user in view.accounts
    )
    outcomes = (
        Choice(item.value, translated(text), item.value == query["outcome"])
        for item, text in OUTCOMES.items()
    )
    return AuditFields(
        account=(Choice("", gettext("Everybody"), not query["account"]), *accounts),
        action=query["action"],
        outcome=(Choice("", gettext("Any"), not query["outcome"]), *outcomes),
        since=query["since"],
        until=query["until"],
        case=query["case"],
    )


def _line(entry: AuditEntry, now: datetime) -> AuditLine:
    event, actor = entry.event, entry.event.actor
    case_id = str(event.case_id) if event.case_id else ""
    return AuditLine(
        sequence=count(entry.sequence),
        at=_to_the_second(event.at, now),
        who=actor.name if actor.kind is not ActorKind.STRANGER else gettext("(nobody known)"),
        role=translated(ROLES[actor.role]) if actor.role in ROLES else "",
        address=actor.address or "",
        act=translated(in_words(event.action)),
        action=event.action,
        outcome=translated(OUTCOMES[event.outcome]),
        outcome_mark=MARKS[event.outcome],
        case_key=case_id[-12:],
        case_path=f"{PATH}?case={case_id}" if case_id else None,
        subject=event.subject or "",
        change=_change(event.before, event.after),
    )


def _to_the_second(at: datetime, now: datetime) -> Moment:
    return replace(moment(at, now), text=f"{date(at)}, {at:%H:%M:%S} UTC")


def _change(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    if before is None:
        return _told(after)
    return f"{_told(before)} → {_told(after)}" if after is not None else f"{_told(before)} →"


def _told(content: Mapping[str, Any] | None) -> str:
    if content is None:
        return ""
    return ", ".join(
        f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in content.items()
        if value is not None
    )
