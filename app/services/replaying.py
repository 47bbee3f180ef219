"""Replaying: an administrator has messages sent again, or lets one of them go.

An administrator's hand reaches as far as the sites that the account sees, also at a destination of
all sites; a command, for which `by` is None, reaches everywhere.
"""

from datetime import datetime
from uuid import UUID

from app.domain.errors import Conflict, Forbidden, OfAnotherSite
from app.domain.message import message
from app.domain.outbox import Delivery, DeliveryState, again, skipped
from app.domain.user import User
from app.ports import Transaction
from app.services.sites import narrowed_to, sees_all_sites

_SENT_AGAIN = {DeliveryState.WAITING, DeliveryState.DELIVERED}


def replay(
    transaction: Transaction,
    destination_id: UUID,
    delivery_id: UUID,
    now: datetime,
    by: User | None,
) -> Delivery:
    """Send a message once more, and after it the later ones of its case that were sent already.

    The receiver sees them in their order, each under the key that it had: what was delivered
    before is recognised, and an old result never stays on top of a newer one.

    Raises
    ------
    NotFound
        Also where the account does not see the site of its case.
    Conflict
        If it was skipped and a later one of its case was delivered since.
    """
    transaction.destinations.lock(destination_id)
    delivery = _delivery(transaction, destination_id, delivery_id, by)
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


def replay_dead(
    transaction: Transaction, destination_id: UUID, now: datetime, by: User | None
) -> int:
    """Send all that was given up for a destination once more; how many messages.

    Raises
    ------
    Forbidden
        If the destination is of all sites, and the account does not see all.
    """
    transaction.destinations.lock(destination_id)
    if by is not None and not may_replay_all(transaction, destination_id, by):
        raise Forbidden(
            message(
                "Its messages are of all sites, and your account does not see all. Send those of "
                "your sites again one by one, or ask an administrator who sees all."
            )
        )
    # Those of other sites are from before the destination was of one site alone.
    sites = narrowed_to(transaction, by) if by else None
    dead = transaction.destinations.dead(destination_id, sites)
    transaction.destinations.set_states([again(delivery, now) for delivery in dead])
    subject = f"destination:{destination_id}"
    transaction.audit.note("message.replay-all", subject=subject, after={"messages": len(dead)})
    return len(dead)


def may_replay_all(transaction: Transaction, destination_id: UUID, user: User) -> bool:
    """Whether what was given up for a destination is of the account's sites alone."""
    destination = transaction.destinations.get(destination_id)
    return destination.site_id is not None or sees_all_sites(transaction, user)


def skip(
    transaction: Transaction,
    destination_id: UUID,
    delivery_id: UUID,
    now: datetime,
    by: User | None,
) -> Delivery:
    """Let a message go, so that the later ones of its case are sent.

    Raises
    ------
    NotFound
        Also where the account does not see the site of its case.
    Conflict
        If it is delivered.
    """
    transaction.destinations.lock(destination_id)
    delivery = _delivery(transaction, destination_id, delivery_id, by)
    if delivery.state is DeliveryState.DELIVERED:
        raise Conflict(message("The message is delivered already."))
    let_go = skipped(delivery, now)
    transaction.destinations.set_states([let_go])
    _note(transaction, "message.skip", let_go)
    return let_go


def _delivery(
    transaction: Transaction, destination_id: UUID, delivery_id: UUID, by: User | None
) -> Delivery:
    """A message whose case the account sees; raises `NotFound`."""
    delivery = transaction.destinations.delivery(destination_id, delivery_id)
    place = transaction.cases.place(delivery.event.case_id)
    if by is not None and (place is None or not by.sees(place.site_id)):
        raise OfAnotherSite(message("There is no delivery {delivery}.", delivery=delivery_id))
    return delivery


def _note(transaction: Transaction, action: str, delivery: Delivery) -> None:
    transaction.audit.note(
        action,
        case_id=delivery.event.case_id,
        subject=f"destination:{delivery.destination_id}",
        after={"message": str(delivery.event.id)},
    )
