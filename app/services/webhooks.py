"""Webhooks: made, changed, given a new secret, and removed by an administrator."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.errors import Forbidden, InvalidInput, NotFound
from app.domain.message import message
from app.domain.outbox import Destination, EventType, SinkKind
from app.domain.user import User
from app.domain.webhook import (
    SealedSecret,
    WebhookConfig,
    checked_name,
    checked_url,
    new_secret,
)
from app.ports import Transaction
from app.ports.sealing import Sealer
from app.services.sites import sees_all_sites


@dataclass(frozen=True)
class WebhookForm:
    """What an administrator says of a webhook, not checked yet."""

    name: str
    url: str
    events: frozenset[EventType]
    site_id: UUID | None = None
    enabled: bool = True


@dataclass(frozen=True)
class Made:
    """A webhook and its secret, which is shown once."""

    webhook: Destination
    secret: str


def webhooks_for(transaction: Transaction, user: User) -> list[Destination]:
    """Those that an administrator sees: of the account's sites, and of all sites."""
    every = transaction.destinations.all(SinkKind.WEBHOOK)
    return [webhook for webhook in every if _sees(user, webhook)]


def webhook_for(transaction: Transaction, user: User, webhook_id: UUID) -> Destination:
    """One of them; raises `NotFound`."""
    found = transaction.destinations.get(webhook_id)
    if found.kind is not SinkKind.WEBHOOK or not _sees(user, found):
        raise NotFound(message("There is no webhook {webhook}.", webhook=webhook_id))
    return found


def _sees(user: User, webhook: Destination) -> bool:
    return webhook.site_id is None or user.sees(webhook.site_id)


def make_webhook(
    transaction: Transaction, user: User, form: WebhookForm, sealer: Sealer, now: datetime
) -> Made:
    """Store a webhook with a secret of its own; it hears of what happens from now on.

    Raises
    ------
    InvalidInput, Forbidden
    Conflict
        If the name is taken.
    """
    secret = new_secret()
    config = WebhookConfig(checked_url(form.url), (SealedSecret(sealer.seal(secret)),))
    webhook = Destination(
        id=uuid7(),
        kind=SinkKind.WEBHOOK,
        name=checked_name(form.name),
        events=_checked_events(form.events),
        config=config.to_json(),
        created_at=now,
        site_id=_checked_site(transaction, user, form.site_id),
        enabled=form.enabled,
    )
    transaction.destinations.add(webhook)
    _note(transaction, "webhook.create", webhook, after=_told(webhook))
    return Made(webhook, secret)


def change_webhook(
    transaction: Transaction, user: User, webhook_id: UUID, form: WebhookForm
) -> Destination:
    """Store what an administrator says now; its secrets stay.

    Raises
    ------
    NotFound, InvalidInput, Forbidden, Conflict
    """
    transaction.destinations.lock(webhook_id)
    before = _changeable(transaction, user, webhook_id)
    config = replace(WebhookConfig.of(before.config), url=checked_url(form.url))
    site = form.site_id
    after = replace(
        before,
        name=checked_name(form.name),
        events=_checked_events(form.events),
        config=config.to_json(),
        site_id=site if site == before.site_id else _checked_site(transaction, user, site),
        enabled=form.enabled,
    )
    transaction.destinations.change(after)
    _note(transaction, "webhook.change", after, before=_told(before), after=_told(after))
    return transaction.destinations.get(webhook_id)


def renew_secret(
    transaction: Transaction,
    user: User,
    webhook_id: UUID,
    sealer: Sealer,
    now: datetime,
    overlap: timedelta,
) -> Made:
    """Give a webhook a new secret; during the overlap messages are signed with the former too.

    Raises
    ------
    NotFound, Forbidden
    """
    transaction.destinations.lock(webhook_id)
    before = _changeable(transaction, user, webhook_id)
    secret = new_secret()
    config = WebhookConfig.of(before.config).rotated(sealer.seal(secret), now, overlap)
    after = replace(before, config=config.to_json())
    transaction.destinations.change(after)
    hours = overlap / timedelta(hours=1)
    _note(transaction, "webhook.renew-secret", after, after={"overlap_hours": hours})
    return Made(after, secret)


def remove_webhook(transaction: Transaction, user: User, webhook_id: UUID, now: datetime) -> None:
    """Send nothing any more; what waited is skipped, and the secret is forgotten.

    Raises
    ------
    NotFound, Forbidden
    """
    transaction.destinations.lock(webhook_id)
    before = _changeable(transaction, user, webhook_id)
    transaction.destinations.remove(webhook_id, now)
    _note(transaction, "webhook.remove", before, before=_told(before))


def _changeable(transaction: Transaction, user: User, webhook_id: UUID) -> Destination:
    """One that the account may change; raises `NotFound` or `Forbidden`."""
    found = webhook_for(transaction, user, webhook_id)
    if found.site_id is None and not sees_all_sites(transaction, user):
        raise Forbidden(
            message(
                "This webhook is of all sites, and your account does not see all. Ask an "
                "administrator who does."
            )
        )
    return found


def _checked_events(events: Collection[EventType]) -> frozenset[EventType]:
    if not events:
        raise InvalidInput(message("Choose at least one event."))
    return frozenset(events)


def _checked_site(transaction: Transaction, user: User, site_id: UUID | None) -> UUID | None:
    """A site of the account; all sites only for an account that sees them all."""
    if site_id is None and sees_all_sites(transaction, user):
        return None
    if site_id is None:
        raise Forbidden(
            message("Your account does not see all sites. Choose one of its sites for the webhook.")
        )
    known = {site.id for site in transaction.sites.all()}
    if site_id not in known or not user.sees(site_id):
        raise Forbidden(message("Your account does not see this site. Choose another one."))
    return site_id


def _told(webhook: Destination) -> dict[str, object]:
    """What the audit keeps: no secret, sealed or not; the path of an address often is one."""
    url = WebhookConfig.of(webhook.config).url
    return {
        "name": webhook.name,
        "host": urlsplit(url).hostname,
        "url_sha256": hashlib.sha256(url.encode()).hexdigest(),
        "events": sorted(webhook.events),
        "site": str(webhook.site_id) if webhook.site_id else None,
        "enabled": webhook.enabled,
    }


def _note(
    transaction: Transaction,
    action: str,
    webhook: Destination,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    subject = f"destination:{webhook.id}"
    transaction.audit.note(action, subject=subject, before=before, after=after)
