"""Webhooks and their deliveries, as JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.domain.outbox import Delivery, DeliveryState, Destination, EventType
from app.domain.webhook import LONGEST_OVERLAP, MAX_NAME_LENGTH, MAX_URL_LENGTH, WebhookConfig
from app.services.webhooks import Made, WebhookForm
from app.web.api.paging import to_cursor

MOST_OVERLAP_HOURS = LONGEST_OVERLAP.total_seconds() / 3600

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH)]
Url = Annotated[str, Field(min_length=1, max_length=MAX_URL_LENGTH)]
Events = Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]

_NAME = "Name of the receiver; no other webhook has it."
_URL = (
    "Where messages are posted to: `https`, or `http` where the settings allow the host. Private "
    "addresses are not sent to unless the settings name them."
)
_EVENTS = "What the receiver is told of."
_SITE = "Only cases of this site; null for all, where the account sees all."
_ENABLED = "Whether anything is sent; while it is false, messages are kept and wait."


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WebhookCreate(_Strict):
    """A new webhook."""

    name: Name = Field(description=_NAME)
    url: Url = Field(description=_URL)
    events: Events = Field(description=_EVENTS)
    site_id: UUID | None = Field(None, description=_SITE)
    enabled: bool = Field(default=True, description=_ENABLED)

    def to_service(self) -> WebhookForm:
        """The service's value."""
        return WebhookForm(self.name, self.url, frozenset(self.events), self.site_id, self.enabled)


class WebhookChange(_Strict):
    """What to change; what is left out stays."""

    name: Name | None = Field(None, description=_NAME)
    url: Url | None = Field(None, description=_URL)
    events: Events | None = Field(None, description=_EVENTS)
    site_id: UUID | None = Field(None, description=_SITE)
    enabled: bool | None = Field(None, description=_ENABLED)

    def to_service(self, before: Destination) -> WebhookForm:
        """What is to hold, with what holds now where nothing is said."""
        says_site = "site_id" in self.model_fields_set
        return WebhookForm(
            name=before.name if self.name is None else self.name,
            url=WebhookConfig.of(before.config).url if self.url is None else self.url,
            events=before.events if self.events is None else frozenset(self.events),
            site_id=self.site_id if says_site else before.site_id,
            enabled=before.enabled if self.enabled is None else self.enabled,
        )


class SecretRenew(_Strict):
    """How to pass from one secret to the next."""

    overlap_hours: Annotated[float, Field(ge=0, le=MOST_OVERLAP_HOURS)] = Field(
        24, description="How long messages are signed with the former secret too."
    )


class WebhookRead(BaseModel):
    """A webhook; its secret is not told again."""

    id: UUID = Field(description="Key of the webhook.")
    name: str = Field(description=_NAME)
    url: str = Field(description=_URL)
    events: list[EventType] = Field(description=_EVENTS)
    site_id: UUID | None = Field(description=_SITE)
    enabled: bool = Field(description=_ENABLED)
    created_at: datetime = Field(description="When it was made, UTC.")
    failures: int = Field(description="Failed attempts in a row; 0 while all is well.")
    paused_until: datetime | None = Field(
        description="Nothing is sent before, since the receiver did not answer; UTC."
    )
    last_error: str | None = Field(description="Of the last attempt, if it failed.")
    last_delivered_at: datetime | None = Field(
        description="When the receiver last confirmed a message, UTC."
    )
    deliveries: dict[DeliveryState, int] = Field(
        description="Messages in each state, of cases that the account sees."
    )

    @classmethod
    def of(
        cls,
        webhook: Destination,
        counts: Mapping[DeliveryState, int],
        last_delivered_at: datetime | None,
    ) -> Self:
        """From the domain."""
        return cls(
            id=webhook.id,
            name=webhook.name,
            url=WebhookConfig.of(webhook.config).url,
            events=[event for event in EventType if event in webhook.events],
            site_id=webhook.site_id,
            enabled=webhook.enabled,
            created_at=webhook.created_at,
            failures=webhook.failures,
            paused_until=webhook.paused_until,
            last_error=webhook.last_error,
            last_delivered_at=last_delivered_at,
            deliveries=dict(counts),
        )


class WebhookList(BaseModel):
    """Every webhook that the account sees, by name."""

    items: list[WebhookRead] = Field(description="Webhooks by name.")


class WebhookMade(BaseModel):
    """A webhook and its secret, which is in this answer and nowhere else."""

    id: UUID = Field(description="Key of the webhook.")
    secret: str = Field(
        description="Signs the messages (Standard Webhooks, `v1`): give it to the receiver."
    )

    @classmethod
    def of(cls, made: Made) -> Self:
        """From the service."""
        return cls(id=made.webhook.id, secret=made.secret)


class DeliveryRead(BaseModel):
    """One message on its way to one receiver."""

    id: UUID = Field(description="Key of the delivery.")
    event_id: UUID = Field(description="Key of the message (`webhook-id`), the same each time.")
    event: EventType = Field(description="What it tells of.")
    case_id: UUID = Field(description="Key of the case.")
    version: int | None = Field(description="Of the signed report; null for `classified`.")
    occurred_at: datetime = Field(description="When it happened, UTC.")
    state: DeliveryState = Field(
        description="`waiting`, `delivered`, `dead` (given up: the later messages of its case "
        "wait behind it) or `skipped`."
    )
    attempts: int = Field(description="How often it was tried.")
    next_attempt_at: datetime | None = Field(
        description="Not before, UTC; null where it is not waiting."
    )
    last_error: str | None = Field(description="Of the last attempt, if it failed.")
    settled_at: datetime | None = Field(
        description="When it was delivered, given up or skipped, UTC."
    )

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """From the domain."""
        event = delivery.event
        is_waiting = delivery.state is DeliveryState.WAITING
        return cls(
            id=delivery.id,
            event_id=event.id,
            event=event.type,
            case_id=event.case_id,
            version=event.version,
            occurred_at=event.occurred_at,
            state=delivery.state,
            attempts=delivery.attempts,
            next_attempt_at=delivery.next_attempt_at if is_waiting else None,
            last_error=delivery.last_error,
            settled_at=delivery.settled_at,
        )


class DeliveryList(BaseModel):
    """A page of deliveries, newest first."""

    items: list[DeliveryRead] = Field(description="Deliveries, newest first.")
    next_cursor: str | None = Field(
        description="Pass as `cursor` for older ones; null at the end. `Link` has it too."
    )
    next_before: UUID | None = Field(
        description="Pass as `before` for older ones; `next_cursor` does the same.",
        deprecated=True,
    )

    @classmethod
    def of(cls, found: Sequence[Delivery], limit: int) -> Self:
        """From one more than the limit."""
        page = found[:limit]
        last = page[-1].id if len(found) > limit else None
        return cls(
            items=[DeliveryRead.of(item) for item in page],
            next_cursor=to_cursor(str(last)) if last else None,
            next_before=last,
        )


class Replayed(BaseModel):
    """What is sent again."""

    replayed: int = Field(description="Messages that had been given up and now wait again.")
