"""What the pages of any kind of destination read, and what they say when something is done."""

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from pydantic import BaseModel

from app.bootstrap import Container
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.domain.outbox import Delivery, DeliveryState, Destination
from app.domain.user import User
from app.ports import Transaction
from app.services.sites import narrowed_to
from app.web.language import translated
from app.web.pages.present_destinations import DestinationView

MESSAGES_PER_PAGE = 50
_DONE = {
    "saved": message("Saved."),
    "again": message("The message waits to be sent again."),
    "skipped": message("The message is not sent; the later ones of its case go on."),
    "all": message("What was given up waits to be sent again."),
}


class MessagesQuery(BaseModel):
    """Which messages are shown, and what has just been done."""

    state: str = ""
    before: str = ""
    done: str = ""


def done_text(query: MessagesQuery) -> str | None:
    """What has just been done, in a sentence."""
    done = _DONE.get(query.done)
    return translated(done) if done else None


def looking(
    container: Container, transaction: Transaction, user: User
) -> Callable[[Destination], DestinationView]:
    """Sees what is known of a destination: of its messages those of cases that the account sees."""
    sites, now = transaction.sites.all(), container.now()
    kept, seen = transaction.destinations, narrowed_to(transaction, user)
    return lambda destination: DestinationView(
        destination,
        kept.counts(destination.id, seen),
        kept.last_delivered_at(destination.id),
        sites,
        now,
        may_change=destination.site_id is not None or seen is None,
    )


def messages_of(
    transaction: Transaction,
    user: User,
    destination_id: UUID,
    state: DeliveryState | None,
    before: str,
) -> tuple[list[Delivery], UUID | None]:
    """A page of messages of cases that the account sees, and after which the next one begins."""
    place = None
    with suppress(ValueError):
        place = UUID(before) if before else None
    states = [state] if state else list(DeliveryState)
    found = transaction.destinations.deliveries(
        destination_id, states, place, MESSAGES_PER_PAGE + 1, narrowed_to(transaction, user)
    )
    shown = list(found[:MESSAGES_PER_PAGE])
    return shown, shown[-1].id if len(found) > MESSAGES_PER_PAGE else None


def state_of(text: str) -> DeliveryState | None:
    """The state that was asked for; raises `InvalidInput`."""
    try:
        return DeliveryState(text) if text else None
    except ValueError as error:
        raise InvalidInput(message("Choose one of the list.")) from error
