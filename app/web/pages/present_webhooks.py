"""Webhooks and their messages, in words."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.message import message
from app.domain.outbox import Delivery, DeliveryState, EventType
from app.domain.site import Site
from app.domain.webhook import LONGEST_OVERLAP, WebhookConfig
from app.services.webhooks import WebhookForm
from app.web.language import gettext, translated
from app.web.pages.contexts import Choice
from app.web.pages.destination_contexts import DestinationLine
from app.web.pages.present_destinations import (
    DestinationView,
    destination_line,
    messages_part,
    trouble_of,
)
from app.web.pages.webhook_contexts import WebhookFields, WebhookPage, WebhooksPage

PATH = "/administration/webhooks"
OVERLAP_HOURS = 24
MOST_OVERLAP_HOURS = int(LONGEST_OVERLAP.total_seconds() // 3600)
EVENTS = {
    EventType.CLASSIFIED: message("classified: every cell of a case is read"),
    EventType.SIGNED: message("signed: the first version of a report"),
    EventType.AMENDED: message("amended: a later version"),
}


def _line(view: DestinationView) -> DestinationLine:
    return destination_line(view, PATH, WebhookConfig.of(view.destination.config).url)


def webhooks_page(views: Sequence[DestinationView], fields: WebhookFields) -> WebhooksPage:
    """The list and the form below it."""
    return WebhooksPage(tuple(_line(view) for view in views), fields)


def webhook_page(
    view: DestinationView,
    found: Sequence[Delivery],
    chosen: DeliveryState | None,
    fields: WebhookFields,
    *,
    older: UUID | None,
    saved: str | None,
) -> WebhookPage:
    """One webhook; `found` are its messages of the chosen state."""
    line = _line(view)
    return WebhookPage(
        hook=line,
        # Who may not, and tries nevertheless, is told there why not.
        can_change=view.may_change or fields.error is not None,
        trouble=trouble_of(view),
        saved=saved,
        sent=messages_part(view, line.path, found, chosen, older),
        fields=fields,
        overlap_hours=OVERLAP_HOURS,
        most_overlap_hours=MOST_OVERLAP_HOURS,
    )


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
