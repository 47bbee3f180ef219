"""Examples of the pages of webhooks: one is well, one does not answer, one is off."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from app.domain.outbox import Delivery, DeliveryState, Destination, EventType, OutboxEvent, SinkKind
from app.domain.site import DEFAULT_SITE_ID, Site
from app.domain.webhook import WebhookConfig
from app.services.webhooks import WebhookForm
from app.web.language import translated
from app.web.pages.present_destinations import DestinationView
from app.web.pages.present_webhooks import (
    webhook_fields,
    webhook_page,
    webhooks_page,
)
from app.web.pages.webhook_contexts import WebhookSecretPage
from tests.factories import NOW

URL = "https://receiver.example/hook"
REASON = "The receiver did not answer in time."
SITES = [Site(DEFAULT_SITE_ID, "Main laboratory", NOW)]
SECRET = "whsec_c2VjcmV0"
# What these examples say in the words of people, not of the product.
DATA = (URL, "LIS", "Main laboratory", SECRET)
EVERY = frozenset(EventType)
FORM = WebhookForm("LIS", URL, EVERY, DEFAULT_SITE_ID)


def _hook(**values) -> Destination:
    config = WebhookConfig(URL, ()).to_json()
    made = Destination(UUID(int=1), SinkKind.WEBHOOK, "LIS", EVERY, config, NOW, DEFAULT_SITE_ID)
    return replace(made, **values)


def example_view(**values) -> DestinationView:
    counts = dict.fromkeys(DeliveryState, 0)
    hook = _hook(**values)
    if hook.failures:
        counts |= {DeliveryState.DEAD: 2, DeliveryState.WAITING: 1, DeliveryState.DELIVERED: 4}
    at = NOW - timedelta(hours=1) if hook.failures else None
    return DestinationView(hook, counts, at, SITES, NOW)


def example_messages() -> list[Delivery]:
    key = UUID("f" * 32)
    first = OutboxEvent(key, EventType.CLASSIFIED, key, 1, NOW, "d" * 64, 120)
    signed = replace(first, type=EventType.AMENDED, version=2)
    waits = Delivery(key, first, UUID(int=1), DeliveryState.WAITING, NOW, 3, last_error=REASON)
    settled = {"settled_at": NOW, "event": signed}
    return [
        waits,
        replace(waits, state=DeliveryState.DEAD, settled_at=NOW),
        replace(waits, state=DeliveryState.DELIVERED, last_error=None, **settled),
        replace(waits, state=DeliveryState.SKIPPED, **settled),
    ]


def webhook_examples() -> dict[str, list[object]]:
    said = translated(REASON)
    troubled = example_view(failures=3, paused_until=NOW + timedelta(minutes=1), last_error=REASON)
    off = example_view(enabled=False, site_id=None)
    sent = example_messages()
    fields = webhook_fields(FORM, SITES, may_all=True)
    refused = webhook_fields(replace(FORM, site_id=None), [], may_all=False, error=said)
    return {
        "webhooks.html": [
            webhooks_page([example_view(), troubled, off], fields),
            webhooks_page([], refused),
        ],
        "webhook.html": [
            webhook_page(troubled, sent, None, fields, older=UUID(int=5), saved=said),
            webhook_page(off, [], DeliveryState.DEAD, refused, older=None, saved=None),
        ],
        "webhook_secret.html": [
            WebhookSecretPage("LIS", "/administration/webhooks/1", SECRET, None),
            WebhookSecretPage("LIS", "/administration/webhooks/1", SECRET, said),
        ],
    }
