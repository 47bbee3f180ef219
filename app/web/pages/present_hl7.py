"""HL7 peers and the listener, in words."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.hl7_peer import Hl7PeerConfig
from app.domain.outbox import Delivery, DeliveryState, OutboxEvent
from app.interchange.hl7v2_ack import control_id
from app.settings import Settings
from app.web.language import Language, gettext
from app.web.pages.contexts import Named
from app.web.pages.destination_contexts import DestinationLine
from app.web.pages.hl7_contexts import Hl7Page, Hl7PeerPage
from app.web.pages.present_destinations import (
    DestinationView,
    destination_line,
    messages_part,
    trouble_of,
)
from app.web.pages.wording import DASH, count

PATH = "/administration/hl7"


def hl7_page(settings: Settings, views: Sequence[DestinationView]) -> Hl7Page:
    """The listener and every peer."""
    return Hl7Page(_listener(settings), tuple(_line(view) for view in views))


def hl7_peer_page(
    view: DestinationView,
    found: Sequence[Delivery],
    chosen: DeliveryState | None,
    *,
    older: UUID | None,
    saved: str | None,
    can_switch: bool = True,
) -> Hl7PeerPage:
    """One peer; `found` are its messages of the chosen state."""
    line = _line(view)
    return Hl7PeerPage(
        peer=line,
        enabled=view.destination.enabled,
        can_switch=can_switch,
        facts=_facts(Hl7PeerConfig.of(view.destination.config), line),
        trouble=trouble_of(view),
        saved=saved,
        sent=messages_part(view, line.path, found, chosen, older, _number),
    )


def _number(event: OutboxEvent) -> str:
    """MSH-10."""
    return control_id(str(event.id))


def _line(view: DestinationView) -> DestinationLine:
    config = Hl7PeerConfig.of(view.destination.config)
    return destination_line(view, PATH, f"{config.host}:{config.port}")


def _listener(settings: Settings) -> tuple[Named, ...]:
    """What the settings say; nothing where no port is set."""
    if settings.hl7_port is None:
        return ()
    limit = gettext("{count} KiB").format(count=count(settings.hl7_max_kib))
    return (
        Named(gettext("Address"), f"{settings.hl7_host}:{settings.hl7_port}"),
        Named(gettext("Who may send"), settings.hl7_peers),
        Named("TLS", _tls_of_listener(settings)),
        Named(gettext("Site"), settings.hl7_site or gettext("the main one")),
        Named("MSH-11", settings.hl7_processing_id.value),
        Named(gettext("Longest message"), limit),
    )


def _tls_of_listener(settings: Settings) -> str:
    if settings.hl7_tls_certificate is None:
        return gettext("no")
    if settings.hl7_tls_client_ca is None:
        return gettext("yes")
    return gettext("yes, with certificates of senders")


def _facts(config: Hl7PeerConfig, line: DestinationLine) -> tuple[Named, ...]:
    names = f"{config.application or DASH} / {config.facility or DASH}"
    return (
        Named(gettext("Is told of"), line.events),
        Named(gettext("Cases of the site"), line.site),
        Named("MSH-5 / MSH-6", names),
        Named("TLS", gettext("yes") if config.tls else gettext("no")),
        Named(gettext("Character set"), config.charset),
        Named("PDF", Language(config.language).own_name if config.pdf else gettext("no")),
    )
