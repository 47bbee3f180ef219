"""What the pages of any kind of destination may know."""

from dataclasses import dataclass

from app.web.pages.contexts import Moment
from app.web.pages.worklist_contexts import StateTab


@dataclass(frozen=True)
class DestinationLine:
    """One destination of a list; texts are dashes where nothing is known."""

    path: str
    name: str
    address: str
    events: str
    site: str
    state: str
    state_mark: str
    waiting: str
    dead: str
    last_delivered: Moment | None
    last_error: str | None


@dataclass(frozen=True)
class DeliveryLine:
    """One message on its way.

    Parameters
    ----------
    replay_path, skip_path
        Where its buttons lead; None where there is nothing to press.
    """

    message_id: str
    event: str
    case_path: str
    case_key: str
    happened: Moment
    state: str
    state_mark: str
    attempts: str
    next_attempt: Moment | None
    settled: Moment | None
    last_error: str | None
    replay_path: str | None
    skip_path: str | None


@dataclass(frozen=True)
class MessagesPart:
    """The messages to one destination, a page of them.

    Parameters
    ----------
    path
        Of the destination's page, below which its acts lie.
    """

    path: str
    tabs: tuple[StateTab, ...]
    dispatches: tuple[DeliveryLine, ...]
    older_path: str | None
    replay_dead_text: str | None
