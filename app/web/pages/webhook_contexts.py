"""What the pages of webhooks may know."""

from dataclasses import dataclass

from app.web.pages.contexts import Choice, Moment
from app.web.pages.worklist_contexts import StateTab


@dataclass(frozen=True)
class WebhookFields:
    """What a form says of a webhook, as typed.

    Parameters
    ----------
    events
        What it may be told of; chosen are those it is told of.
    error
        Why it was not stored; None where nothing was tried.
    """

    name: str
    url: str
    events: tuple[Choice, ...]
    sites: tuple[Choice, ...]
    enabled: bool
    error: str | None


@dataclass(frozen=True)
class WebhookLine:
    """One webhook of the list; texts are dashes where nothing is known."""

    path: str
    name: str
    url: str
    events: str
    site: str
    state: str
    state_mark: str
    waiting: str
    dead: str
    last_delivered: Moment | None
    last_error: str | None


@dataclass(frozen=True)
class WebhooksPage:
    """webhooks.html: who is told, and the form of a new one."""

    hooks: tuple[WebhookLine, ...]
    fields: WebhookFields


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
class WebhookPage:
    """webhook.html: one webhook, its messages, and what can be changed.

    Parameters
    ----------
    trouble
        That it is off or paused, and why; None while all is well.
    saved
        What has just been done, in a sentence.
    overlap_hours
        How long a former secret goes on by default, and at most.
    """

    hook: WebhookLine
    trouble: str | None
    saved: str | None
    tabs: tuple[StateTab, ...]
    dispatches: tuple[DeliveryLine, ...]
    older_path: str | None
    replay_dead_text: str | None
    fields: WebhookFields
    overlap_hours: int
    most_overlap_hours: int


@dataclass(frozen=True)
class WebhookSecretPage:
    """webhook_secret.html: a secret, shown once.

    Parameters
    ----------
    overlap
        That the former one still holds; None for the first one.
    """

    name: str
    path: str
    secret: str
    overlap: str | None
