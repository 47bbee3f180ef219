"""HL7 peers: made, changed and removed by who runs the server."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.errors import Forbidden, InvalidInput, NotFound
from app.domain.hl7_peer import Hl7PeerConfig
from app.domain.message import message
from app.domain.outbox import Destination, EventType, SinkKind
from app.domain.user import User
from app.domain.webhook import checked_name
from app.ports import Transaction
from app.services.sites import sees_all_sites

SIGNED_EVENTS = frozenset({EventType.SIGNED, EventType.AMENDED})
"""What a peer is told unless it asks for more: nothing that nobody has signed."""


@dataclass(frozen=True)
class Hl7PeerForm:
    """What is said of a peer, not checked yet."""

    name: str
    config: Hl7PeerConfig
    events: frozenset[EventType] = SIGNED_EVENTS
    site_name: str | None = None


def peer_named(transaction: Transaction, name: str) -> Destination:
    """One peer; raises `NotFound`."""
    for peer in transaction.destinations.all(SinkKind.HL7):
        if peer.name == name:
            return peer
    raise NotFound(message("There is no HL7 peer named {name}.", name=name))


def peers_for(transaction: Transaction, user: User) -> list[Destination]:
    """Those that an administrator sees: of the account's sites, and of all sites."""
    return [peer for peer in transaction.destinations.all(SinkKind.HL7) if _sees(user, peer)]


def peer_for(transaction: Transaction, user: User, peer_id: UUID) -> Destination:
    """One of them; raises `NotFound`."""
    found = transaction.destinations.get(peer_id)
    if found.kind is not SinkKind.HL7 or not _sees(user, found):
        raise NotFound(message("There is no HL7 peer {peer}.", peer=peer_id))
    return found


def _sees(user: User, peer: Destination) -> bool:
    return peer.site_id is None or user.sees(peer.site_id)


def add_peer(transaction: Transaction, form: Hl7PeerForm, now: datetime) -> Destination:
    """Store a peer; it hears of what is signed from now on.

    Raises
    ------
    InvalidInput, NotFound
    Conflict
        If the name is taken.
    """
    peer = Destination(
        id=uuid7(),
        kind=SinkKind.HL7,
        name=checked_name(form.name),
        events=_checked_events(form.events),
        config=form.config.checked().to_json(),
        created_at=now,
        site_id=_site_id(transaction, form.site_name),
    )
    transaction.destinations.add(peer)
    _note(transaction, "hl7-peer.create", peer, after=_told(peer))
    return peer


def switch_peer(
    transaction: Transaction, peer: Destination, *, enabled: bool, by: User | None = None
) -> Destination:
    """Send to a peer, or keep its messages until it is switched on again.

    Raises
    ------
    Forbidden
        If the peer is of all sites, and who switches it does not see all; None is a command.
    """
    if by is not None and not may_switch(transaction, peer, by):
        raise Forbidden(
            message(
                "This peer is of all sites, and your account does not see all. Ask an "
                "administrator who does."
            )
        )
    transaction.destinations.lock(peer.id)
    before = transaction.destinations.get(peer.id)
    after = replace(before, enabled=enabled)
    transaction.destinations.change(after)
    _note(transaction, "hl7-peer.change", after, before=_told(before), after=_told(after))
    return after


def may_switch(transaction: Transaction, peer: Destination, user: User) -> bool:
    """Whether a peer that an account sees is of its sites alone."""
    return peer.site_id is not None or sees_all_sites(transaction, user)


def remove_peer(transaction: Transaction, name: str, now: datetime) -> None:
    """Send nothing any more; what waited is skipped. Raises `NotFound`."""
    found = peer_named(transaction, name)
    transaction.destinations.lock(found.id)
    transaction.destinations.remove(found.id, now)
    _note(transaction, "hl7-peer.remove", found, before=_told(found))


def _checked_events(events: Collection[EventType]) -> frozenset[EventType]:
    if not events:
        raise InvalidInput(message("Choose at least one event."))
    return frozenset(events)


def _site_id(transaction: Transaction, name: str | None) -> UUID | None:
    if name is None:
        return None
    for site in transaction.sites.all():
        if site.name == name:
            return site.id
    raise NotFound(message("There is no site named {name}.", name=name))


def _told(peer: Destination) -> dict[str, object]:
    return {
        "name": peer.name,
        "events": sorted(peer.events),
        "site": str(peer.site_id) if peer.site_id else None,
        "enabled": peer.enabled,
        **peer.config,
    }


def _note(
    transaction: Transaction,
    action: str,
    peer: Destination,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    subject = f"destination:{peer.id}"
    transaction.audit.note(action, subject=subject, before=before, after=after)
