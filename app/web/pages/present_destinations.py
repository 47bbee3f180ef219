"""Destinations of messages, and what became of each message, in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.message import message
from app.domain.outbox import Delivery, DeliveryState, Destination, EventType, OutboxEvent
from app.domain.site import Site
from app.web.language import gettext, ngettext, translated
from app.web.pages.destination_contexts import DeliveryLine, DestinationLine, MessagesPart
from app.web.pages.wording import DASH, count, date_time, moment
from app.web.pages.worklist_contexts import StateTab

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
class DestinationView:
    """A destination with what is known of its messages.

    Parameters
    ----------
    counts
        Messages of cases that the account sees.
    may_change
        Whether it is of the account's sites alone, so that the account may change it, and have all
        that was given up sent again.
    """

    destination: Destination
    counts: Mapping[DeliveryState, int]
    last_delivered_at: datetime | None
    sites: Sequence[Site]
    now: datetime
    may_change: bool = True


def destination_line(view: DestinationView, rooms: str, address: str) -> DestinationLine:
    """One line of a list, whose pages lie below `rooms`."""
    destination, at = view.destination, view.last_delivered_at
    mark, state = _standing(destination, view.now)
    return DestinationLine(
        path=f"{rooms}/{destination.id}",
        name=destination.name,
        address=address,
        events=", ".join(
            translated(text) for event, text in SHORT_EVENTS.items() if event in destination.events
        ),
        site=_site(destination.site_id, view.sites),
        state=state,
        state_mark=mark,
        waiting=count(view.counts[DeliveryState.WAITING]),
        dead=count(view.counts[DeliveryState.DEAD]),
        last_delivered=moment(at, view.now) if at else None,
        last_error=translated(destination.last_error) if destination.last_error else None,
    )


def _standing(destination: Destination, now: datetime) -> tuple[str, str]:
    if not destination.enabled:
        return "⊘", gettext("off")
    if destination.failures or (destination.paused_until and destination.paused_until > now):
        return "✕", gettext("does not answer")
    return "✓", gettext("on")


def _site(site_id: UUID | None, sites: Sequence[Site]) -> str:
    if site_id is None:
        return gettext("all")
    return next((site.name for site in sites if site.id == site_id), DASH)


def messages_part(
    view: DestinationView,
    path: str,
    found: Sequence[Delivery],
    chosen: DeliveryState | None,
    older: UUID | None,
    number: Callable[[OutboxEvent], str] = lambda event: str(event.id),
) -> MessagesPart:
    """The messages of the chosen state.

    Parameters
    ----------
    older
        Where the next page begins.
    number
        What the receiver knows a message by.
    """
    return MessagesPart(
        path=path,
        tabs=_tabs(path, view.counts, chosen),
        dispatches=tuple(_dispatch(item, path, view.now, number(item.event)) for item in found),
        older_path=_query(path, chosen, older) if older else None,
        replay_dead_text=_replay_text(view.counts[DeliveryState.DEAD]) if view.may_change else None,
    )


def _replay_text(dead: int) -> str | None:
    """What the button says that sends all that was given up again; None where nothing was."""
    if not dead:
        return None
    text = ngettext(
        "Send again the one that was given up", "Send again all {count} that were given up", dead
    )
    return text.format(count=count(dead))


def trouble_of(view: DestinationView) -> str | None:
    """That a destination is off or paused, and why; None while all is well."""
    destination = view.destination
    reason = translated(destination.last_error) if destination.last_error else ""
    if not destination.enabled:
        return f"{gettext('Switched off: messages are kept and wait.')} {reason}".strip()
    if destination.failures and destination.paused_until:
        text = gettext("The receiver does not answer; it is tried again at {time}.")
        return f"{text.format(time=date_time(destination.paused_until))} {reason}".strip()
    return reason or None


def _tabs(
    path: str, counts: Mapping[DeliveryState, int], chosen: DeliveryState | None
) -> tuple[StateTab, ...]:
    """One for each state, and one for all."""
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
    """A page of messages."""
    values = {"state": state.value if state else "", "before": str(before or "")}
    query = "&".join(f"{name}={value}" for name, value in values.items() if value)
    return f"{path}?{query}"


def _dispatch(delivery: Delivery, path: str, now: datetime, number: str) -> DeliveryLine:
    """One message of the list."""
    event, state = delivery.event, delivery.state
    is_waiting = state is DeliveryState.WAITING
    own = f"{path}/deliveries/{delivery.id}"
    return DeliveryLine(
        message_id=number,
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
