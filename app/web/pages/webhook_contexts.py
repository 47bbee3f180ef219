"""What the pages of webhooks may know."""

from dataclasses import dataclass

from app.web.pages.contexts import Choice
from app.web.pages.destination_contexts import DestinationLine, MessagesPart


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
class WebhooksPage:
    """webhooks.html: who is told, and the form of a new one."""

    hooks: tuple[DestinationLine, ...]
    fields: WebhookFields
    done: str | None = None


@dataclass(frozen=True)
class WebhookPage:
    """webhook.html: one webhook, its messages, and what can be changed.

    Parameters
    ----------
    can_change
        Whether the account may change it: all sites of its cases are the account's.
    trouble
        That it is off or paused, and why; None while all is well.
    saved
        What has just been done, in a sentence.
    overlap_hours
        How long a former secret goes on by default, and at most.
    """

    hook: DestinationLine
    can_change: bool
    trouble: str | None
    saved: str | None
    sent: MessagesPart
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
