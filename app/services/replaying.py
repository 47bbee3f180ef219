"""Replaying: an administrator has messages sent again, or lets one of them go."""

from datetime import datetime
from uuid import UUID

from app.domain.errors import Conflict
from app.domain.message import message
from app.domain.outbox import Delivery, DeliveryState, again, skipped
from app.ports import Transaction

_SENT_AGAIN = {DeliveryState.WAITING, DeliveryState.DELIVERED}


def replay(
    transaction: Transaction, destination_id: UUID, delivery_id: UUID, now: datetime
) -> Delivery:
    """Send a message once more, and after it the later ones of its case that were sent already.

    The receiver sees them in their order, each under the key that it had: what was delivered
    before is recognised, and an old result never stays on top of a newer one.

    Raises
    ------
    NotFound
    Conflict
        If it was skipped and a later one of its case was delivered since.
    """
    transaction.destinations.lock(destination_id)
    delivery = transaction.destinations.delivery(destination_id, delivery_id)
    _, *later = transaction.destinations.from_here_on(delivery)
    was_skipped = delivery.state is DeliveryState.SKIPPED
    if was_skipped and any(item.state is DeliveryState.DELIVERED for item in later):
        raise Conflict(
            message(
                "A later message of this case was delivered since, and this one would put an older "
                "result over it. Send the latest one again."
            )
        )
    renewed = again(delivery, now)
    rest = [again(item, now) for item in later if item.state in _SENT_AGAIN]
    transaction.destinations.set_states([renewed, *rest])
    _note(transaction, "message.replay", renewed)
    return renewed


def replay_dead(transaction: Transaction, destination_id: UUID, now: datetime) -> int:
    """Send all that was given up for a destination once more; how many messages."""
    transaction.destinations.lock(destination_id)
    dead = transaction.destinations.dead(destination_id)
    transaction.destinations.set_states([again(delivery, now) for delivery in dead])
    subject = f"destination:{destination_id}"
    transaction.audit.note("message.replay-all", subject=subject, after={"messages": len(dead)})
    return len(dead)


def skip(
    transaction: Transaction, destination_id: UUID, delivery_id: UUID, now: datetime
) -> Delivery:
    """Let a message go, so that the later ones of its case are sent.

    Raises
    ------
    NotFound
    Conflict
        If it is delivered.
    """
    transaction.destinations.lock(destination_id)
    delivery = transaction.destinations.delivery(destination_id, delivery_id)
    if delivery.state is DeliveryState.DELIVERED:
        raise Conflict(message("The message is delivered already."))
    let_go = skipped(delivery, now)
    transaction.destinations.set_states([let_go])
    _note(transaction, "message.skip", let_go)
    return let_go


def _note(transaction: Transaction, action: str, delivery: Delivery) -> None:
    transaction.audit.note(
        action,
        case_id=delivery.event.case_id,
        subject=f"destination:{delivery.destination_id}",
        after={"message": str(delivery.event.id)},
    )
