"""Webhooks and their messages, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.message import message
from app.domain.outbox import Delivery, DeliveryState, Destination, EventType
from app.domain.site import Site
from app.domain.webhook import LONGEST_OVERLAP, WebhookConfig
from app.services.webhooks import WebhookForm
from app.web.language import gettext, ngettext, translated
from app.web.pages.contexts import Choice
from app.web.pages.webhook_contexts import (
    DeliveryLine,
    WebhookFields,
    WebhookLine,
    WebhookPage,
    WebhooksPage,
)
from app.web.pages.wording import DASH, count, date_time, moment
from app.web.pages.worklist_contexts import StateTab

PATH = "/administration/webhooks"
OVERLAP_HOURS = 24
MOST_OVERLAP_HOURS = int(LONGEST_OVERLAP.total_seconds() // 3600)
EVENTS = {
    EventType.CLASSIFIED: message("classified: every cell of a case is read"),
    EventType.SIGNED: message("signed: the first version of a report"),
    EventType.AMENDED: message("amended: a later version"),
}
SHORT_EVENTS = {
    EventType.CLASSIFIED: message("classified"),
    EventType.SIGNED: message("signed"),
    EventType.AMENDED: message("amended"),
}
STATES = {
    DeliveryState.WAITING: message("waiting"),
    DeliveryState.DELIVERED: message("delivered"),
    DeliveryState.DEAD: message("given up"),
    DeliveryState.SKIPPED: message("skipped"),
}
MARKS = {
    DeliveryState.WAITING: "…",
    DeliveryState.DELIVERED: "✓",
    DeliveryState.DEAD: "✕",
    DeliveryState.SKIPPED: "⊘",
}


@dataclass(frozen=True)
class WebhookView:
    """A webhook with what is known of its messages."""

    webhook: Destination
    counts: Mapping[DeliveryState, int]
    last_delivered_at: datetime | None
    sites: Sequence[Site]
    now: datetime


def webhook_line(view: WebhookView) -> WebhookLine:
    """One line of the list."""
    webhook, at = view.webhook, view.last_delivered_at
    mark, state = _standing(webhook, view.now)
    return WebhookLine(
        path=f"{PATH}/{webhook.id}",
        name=webhook.name,
        url=WebhookConfig.of(webhook.config).url,
        events=", ".join(
            translated(text) for event, text in SHORT_EVENTS.items() if event in webhook.events
        ),
        site=_site(webhook.site_id, view.sites),
        state=state,
        state_mark=mark,
        waiting=count(view.counts[DeliveryState.WAITING]),
        dead=count(view.counts[DeliveryState.DEAD]),
        last_delivered=moment(at, view.now) if at else None,
        last_error=translated(webhook.last_error) if webhook.last_error else None,
    )


def _standing(webhook: Destination, now: datetime) -> tuple[str, str]:
    if not webhook.enabled:
        return "⊘", gettext("off")
    if webhook.failures or (webhook.paused_until and webhook.paused_until > now):
        return "✕", gettext("does not answer")
    return "✓", gettext("on")


def _site(site_id: UUID | None, sites: Sequence[Site]) -> str:
    if site_id is None:
        return gettext("all")
    return next((site.name for site in sites if site.id == site_id), DASH)


def webhooks_page(views: Sequence[WebhookView], fields: WebhookFields) -> WebhooksPage:
    """The list and the form below it."""
    return WebhooksPage(tuple(webhook_line(view) for view in views), fields)


def webhook_page(
    view: WebhookView,
    found: Sequence[Delivery],
    chosen: DeliveryState | None,
    fields: WebhookFields,
    *,
    older: UUID | None,
    saved: str | None,
) -> WebhookPage:
    """One webhook; `found` are its messages of the chosen state."""
    line = webhook_line(view)
    return WebhookPage(
        hook=line,
        trouble=_trouble(view),
        saved=saved,
        tabs=_tabs(line.path, view.counts, chosen),
        dispatches=tuple(_dispatch(item, line.path, view.now) for item in found),
        older_path=_query(line.path, chosen, older) if older else None,
        replay_dead_text=_replay_text(view.counts[DeliveryState.DEAD]),
        fields=fields,
        overlap_hours=OVERLAP_HOURS,
        most_overlap_hours=MOST_OVERLAP_HOURS,
    )


def _replay_text(dead: int) -> str | None:
    if not dead:
        return None
    text = ngettext(
        "Send again the one that was given up", "Send again all {count} that were given up", dead
    )
    return text.format(count=count(dead))


def _trouble(view: WebhookView) -> str | None:
    webhook = view.webhook
    reason = translated(webhook.last_error) if webhook.last_error else ""
    if not webhook.enabled:
        return f"{gettext('Switched off: messages are kept and wait.')} {reason}".strip()
    if webhook.failures and webhook.paused_until:
        text = gettext("The receiver does not answer; it is tried again at {time}.")
        return f"{text.format(time=date_time(webhook.paused_until))} {reason}".strip()
    return reason or None


def _tabs(
    path: str, counts: Mapping[DeliveryState, int], chosen: DeliveryState | None
) -> tuple[StateTab, ...]:
    total = count(sum(counts.values()))
    every = StateTab("", gettext("all"), total, path, chosen is None)
    states = (
        StateTab(
            MARKS[state],
            translated(STATES[state]),
            count(counts[state]),
            _query(path, state, None),
            state is chosen,
        )
        for state in DeliveryState
    )
    return (every, *states)


def _query(path: str, state: DeliveryState | None, before: UUID | None) -> str:
    values = {"state": state.value if state else "", "before": str(before or "")}
    query = "&".join(f"{name}={value}" for name, value in values.items() if value)
    return f"{path}?{query}"


def _dispatch(delivery: Delivery, path: str, now: datetime) -> DeliveryLine:
    event, state = delivery.event, delivery.state
    is_waiting = state is DeliveryState.WAITING
    own = f"{path}/deliveries/{delivery.id}"
    return DeliveryLine(
        message_id=str(event.id),
        event=_event(delivery),
        case_path=f"/cases/{event.case_id}",
        # The end of a key differs, its start is the time.
        case_key=f"…{str(event.case_id)[-12:]}",
        happened=moment(event.occurred_at, now),
        state=translated(STATES[state]),
        state_mark=MARKS[state],
        attempts=count(delivery.attempts),
        next_attempt=moment(delivery.next_attempt_at, now)
        if is_waiting and delivery.attempts
        else None,
        settled=moment(delivery.settled_at, now) if delivery.settled_at else None,
        last_error=translated(delivery.last_error) if delivery.last_error else None,
        replay_path=None if is_waiting else f"{own}/replay",
        skip_path=f"{own}/skip" if state in {DeliveryState.WAITING, DeliveryState.DEAD} else None,
    )


def _event(delivery: Delivery) -> str:
    name = translated(SHORT_EVENTS[delivery.event.type])
    if delivery.event.version is None:
        return name
    text = gettext("{event}, version {number}")
    return text.format(event=name, number=count(delivery.event.version))


def webhook_fields(
    form: WebhookForm, sites: Sequence[Site], *, may_all: bool, error: str | None = None
) -> WebhookFields:
    """The form as it was typed; `sites` are those that the account sees."""
    every = Choice("", gettext("all"), form.site_id is None)
    return WebhookFields(
        name=form.name,
        url=form.url,
        events=tuple(
            Choice(event.value, translated(text), event in form.events)
            for event, text in EVENTS.items()
        ),
        sites=(
            *((every,) if may_all or form.site_id is None else ()),
            *(Choice(str(site.id), site.name, site.id == form.site_id) for site in sites),
        ),
        enabled=form.enabled,
        error=error,
    )
