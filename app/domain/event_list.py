"""Events as a list that is asked for again and again: which ones, and where to go on."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.outbox import EventType, OutboxEvent


@dataclass(frozen=True)
class EventFilter:
    """Which events are asked for.

    Parameters
    ----------
    site_ids
        Of cases of these sites.
    types
        None: all.
    since
        What happened then or later; None: ever.
    """

    site_ids: frozenset[UUID]
    types: frozenset[EventType] | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class EventPage:
    """Some events in their order, and where to go on.

    Parameters
    ----------
    place
        What comes behind it was not looked at: the place of the last event, or, at the end, of the
        last one of all.
    """

    items: tuple[OutboxEvent, ...]
    place: int
    has_more: bool
