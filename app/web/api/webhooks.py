"""REST: webhooks, their secrets and their deliveries, for administrators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.domain.outbox import DeliveryState, Destination
from app.domain.user import User
from app.domain.webhook import checked_overlap
from app.ports import Transaction
from app.services import replaying, webhooks
from app.services.sites import narrowed_to
from app.web.api.conditional import IfMatch, etag_of_configured, refuse_changed
from app.web.api.paging import Cursor, Limit, key_from, link_next
from app.web.api.problems import problems
from app.web.api.webhook_schema import (
    DeliveryList,
    DeliveryRead,
    Replayed,
    SecretRenew,
    WebhookChange,
    WebhookCreate,
    WebhookList,
    WebhookMade,
    WebhookRead,
)
from app.web.dependencies import ContainerDep, UserDep, shows_secret

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

States = Annotated[
    list[DeliveryState], Query(alias="state", description="Only these states; may be repeated.")
]


@router.get("", responses=problems(), summary="List webhooks")
def list_webhooks(container: ContainerDep, user: UserDep) -> WebhookList:
    """Every webhook with how its deliveries stand."""
    with container.transactions() as transaction:
        found = webhooks.webhooks_for(transaction, user)
        return WebhookList(items=[_read(transaction, user, webhook) for webhook in found])


@router.post(
    "",
    status_code=201,
    responses=problems(403, 409, 422),
    summary="Make a webhook",
    dependencies=[Depends(shows_secret)],
)
def create_webhook(
    new: WebhookCreate, container: ContainerDep, user: UserDep, response: Response
) -> WebhookMade:
    """Make a webhook; its secret is in this answer and nowhere else.

    It is told of what happens from now on.
    """
    with container.transactions() as transaction:
        form, sealer = new.to_service(), container.sealer
        made = webhooks.make_webhook(transaction, user, form, sealer, container.now())
    response.headers["Location"] = f"/api/v1/webhooks/{made.webhook.id}"
    return WebhookMade.of(made)


@router.get("/{webhook_id}", responses=problems(404, 422), summary="One webhook")
def read_webhook(
    webhook_id: UUID, container: ContainerDep, user: UserDep, response: Response
) -> WebhookRead:
    """A webhook and how its deliveries stand."""
    with container.transactions() as transaction:
        read = _read(transaction, user, webhooks.webhook_for(transaction, user, webhook_id))
    response.headers["ETag"] = etag_of_configured(read, WebhookChange)
    return read


@router.patch(
    "/{webhook_id}", responses=problems(403, 404, 409, 412, 422), summary="Change a webhook"
)
def change_webhook(
    webhook_id: UUID,
    change: WebhookChange,
    container: ContainerDep,
    user: UserDep,
    response: Response,
    if_match: IfMatch = None,
) -> WebhookRead:
    """Change what is given; the receiver is tried again at once."""
    with container.transactions() as transaction:
        transaction.destinations.lock(webhook_id)
        before = webhooks.webhook_for(transaction, user, webhook_id)
        refuse_changed(
            if_match, etag_of_configured(_read(transaction, user, before), WebhookChange)
        )
        form = change.to_service(before)
        changed = webhooks.change_webhook(transaction, user, webhook_id, form)
        read = _read(transaction, user, changed)
    response.headers["ETag"] = etag_of_configured(read, WebhookChange)
    return read


@router.delete(
    "/{webhook_id}", status_code=204, responses=problems(404, 422), summary="Remove a webhook"
)
def remove_webhook(webhook_id: UUID, container: ContainerDep, user: UserDep) -> None:
    """Send nothing to it any more; what still waited is not sent."""
    with container.transactions() as transaction:
        webhooks.remove_webhook(transaction, user, webhook_id, container.now())


@router.post(
    "/{webhook_id}/secret",
    responses=problems(404, 422),
    summary="Renew the secret of a webhook",
    dependencies=[Depends(shows_secret)],
)
def renew_secret(
    webhook_id: UUID, renew: SecretRenew, container: ContainerDep, user: UserDep
) -> WebhookMade:
    """Make a new secret; for the overlap, messages carry a signature of the former one too."""
    overlap = checked_overlap(renew.overlap_hours)
    with container.transactions() as transaction:
        made = webhooks.renew_secret(
            transaction, user, webhook_id, container.sealer, container.now(), overlap
        )
    return WebhookMade.of(made)


@router.get(
    "/{webhook_id}/deliveries", responses=problems(404, 422), summary="Deliveries of a webhook"
)
def list_deliveries(
    request: Request,
    response: Response,
    webhook_id: UUID,
    container: ContainerDep,
    user: UserDep,
    states: States = list(DeliveryState),  # noqa: B006 - never changed; FastAPI copies it
    cursor: Cursor = None,
    before: Annotated[
        UUID | None, Query(description="Only those older than this one.", deprecated=True)
    ] = None,
    limit: Limit = 50,
) -> DeliveryList:
    """What was sent, waits, or was given up, newest first: of cases that the account sees."""
    place = key_from(cursor) or before
    with container.transactions() as transaction:
        webhooks.webhook_for(transaction, user, webhook_id)
        sites = narrowed_to(transaction, user)
        found = transaction.destinations.deliveries(webhook_id, states, place, limit + 1, sites)
    page = DeliveryList.of(found, limit)
    link_next(request, response, page.next_cursor)
    return page


@router.post(
    "/{webhook_id}/replay",
    responses=problems(403, 404, 422),
    summary="Send again what was given up",
)
def replay_dead(webhook_id: UUID, container: ContainerDep, user: UserDep) -> Replayed:
    """Let everything that was given up wait again; of all sites only who sees all may."""
    with container.transactions() as transaction:
        webhooks.webhook_for(transaction, user, webhook_id)
        count = replaying.replay_dead(transaction, webhook_id, container.now(), user)
    return Replayed(replayed=count)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    responses=problems(404, 409, 422),
    summary="Send a message again",
)
def replay(
    webhook_id: UUID, delivery_id: UUID, container: ContainerDep, user: UserDep
) -> DeliveryRead:
    """Send it once more, and after it the later ones of its case that were sent already."""
    with container.transactions() as transaction:
        webhooks.webhook_for(transaction, user, webhook_id)
        return DeliveryRead.of(
            replaying.replay(transaction, webhook_id, delivery_id, container.now(), user)
        )


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/skip",
    responses=problems(404, 409, 422),
    summary="Let a message go",
)
def skip(
    webhook_id: UUID, delivery_id: UUID, container: ContainerDep, user: UserDep
) -> DeliveryRead:
    """Do not send it, so that the later ones of its case are sent."""
    with container.transactions() as transaction:
        webhooks.webhook_for(transaction, user, webhook_id)
        return DeliveryRead.of(
            replaying.skip(transaction, webhook_id, delivery_id, container.now(), user)
        )


def _read(transaction: Transaction, user: User, webhook: Destination) -> WebhookRead:
    counts = transaction.destinations.counts(webhook.id, narrowed_to(transaction, user))
    return WebhookRead.of(webhook, counts, transaction.destinations.last_delivered_at(webhook.id))
