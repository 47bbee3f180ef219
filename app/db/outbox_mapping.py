"""Rows of the outbox to domain values and back."""

from typing import Any

from app.db.outbox_tables import DeliveryRow, DestinationRow, OutboxEventRow
from app.domain.outbox import (
    Delivery,
    DeliveryState,
    Destination,
    EventType,
    OutboxEvent,
    SinkKind,
)


def to_event(row: OutboxEventRow) -> OutboxEvent:
    """An event."""
    return OutboxEvent(
        id=row.id,
        type=EventType(row.type),
        case_id=row.case_id,
        sequence=row.sequence,
        occurred_at=row.occurred_at,
        bundle_digest=row.bundle_digest,
        read_count=row.read_count,
        version=row.version,
        position=row.position,
    )


def to_destination(row: DestinationRow) -> Destination:
    """A destination."""
    return Destination(
        id=row.id,
        kind=SinkKind(row.kind),
        name=row.name,
        events=frozenset(EventType(event) for event in row.events),
        config=row.config,
        created_at=row.created_at,
        site_id=row.site_id,
        enabled=row.enabled,
        failures=row.failures,
        paused_until=row.paused_until,
        last_error=row.last_error,
    )


def from_destination(destination: Destination) -> dict[str, Any]:
    """The column values of a destination."""
    return {
        "id": destination.id,
        "kind": destination.kind.value,
        "name": destination.name,
        "events": [event.value for event in EventType if event in destination.events],
        "config": dict(destination.config),
        "created_at": destination.created_at,
        "site_id": destination.site_id,
        "enabled": destination.enabled,
        "failures": destination.failures,
        "paused_until": destination.paused_until,
        "last_error": destination.last_error,
    }


def to_delivery(row: DeliveryRow) -> Delivery:
    """A delivery; its event must be loaded."""
    return Delivery(
        id=row.id,
        event=to_event(row.event),
        destination_id=row.destination_id,
        state=DeliveryState(row.state),
        next_attempt_at=row.next_attempt_at,
        attempts=row.attempts,
        refusals=row.refusals,
        failing_since=row.failing_since,
        last_error=row.last_error,
        settled_at=row.settled_at,
    )


def standing(delivery: Delivery) -> dict[str, Any]:
    """The column values that attempts and administrators change; nobody holds it then."""
    return {
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "refusals": delivery.refusals,
        "next_attempt_at": delivery.next_attempt_at,
        "failing_since": delivery.failing_since,
        "last_error": delivery.last_error,
        "settled_at": delivery.settled_at,
        "lease": None,
    }
