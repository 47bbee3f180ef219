"""The HL7 listener as a part of a process: its settings, its loop, its thread."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, tzinfo
from ipaddress import ip_network
from threading import Thread
from zoneinfo import ZoneInfo

import structlog

from app.bootstrap import Container
from app.domain.errors import SettingsRefused
from app.interchange.hl7v2 import CHARACTER_SETS
from app.interchange.hl7v2_ack import Names
from app.interchange.hl7v2_order import Reception
from app.interchange.mllp_server import Listening, MllpServer, Network, Tls
from app.jobs.hl7_reception import Hl7Reception
from app.jobs.hl7_sites import OrderSites
from app.settings import Settings

KIB = 1024

_log = structlog.get_logger(__name__)


@contextmanager
def hl7_listener(container: Container) -> Iterator[int]:
    """Take orders while the context lasts, in a thread; the port that was bound.

    Raises
    ------
    SettingsRefused
    """
    receives = reception(container)
    receives.check()
    server = MllpServer(listening(container.settings), receives)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="hl7-listener", daemon=True)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        _log.info("taking HL7 orders", host=server.listening.host, port=port)
        try:
            yield port
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def reception(container: Container) -> Hl7Reception:
    """How the settings want messages to be taken."""
    settings = container.settings
    return Hl7Reception(
        container,
        Names(settings.hl7_application, settings.hl7_facility),
        Reception(
            settings.hl7_processing_id, _zone(settings.hl7_timezone), _charset(settings.hl7_charset)
        ),
        OrderSites.of(settings.hl7_site, settings.hl7_sites),
    )


def listening(settings: Settings) -> Listening:
    """Where and how the settings want to listen; raises `SettingsRefused`."""
    if settings.hl7_port is None:
        raise SettingsRefused("No port is chosen for HL7. Set VEXASCOPE_HL7_PORT.")
    return Listening(
        host=settings.hl7_host,
        port=settings.hl7_port,
        peers=_networks(settings.hl7_peers),
        max_bytes=settings.hl7_max_kib * KIB,
        tls=_tls(settings),
    )


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingsRefused(
            f"VEXASCOPE_HL7_PEERS: {error}. Name addresses (10.1.2.3) or networks (10.1.0.0/16)."
        ) from error


def _tls(settings: Settings) -> Tls | None:
    certificate, key = settings.hl7_tls_certificate, settings.hl7_tls_key
    if certificate and key:
        return Tls(certificate, key, settings.hl7_tls_client_ca)
    if certificate or key or settings.hl7_tls_client_ca:
        raise SettingsRefused(
            "TLS of the HL7 listener needs both VEXASCOPE_HL7_TLS_CERTIFICATE and "
            "VEXASCOPE_HL7_TLS_KEY."
        )
    return None


def _charset(name: str) -> str:
    if name not in CHARACTER_SETS:
        raise SettingsRefused(
            f"VEXASCOPE_HL7_CHARSET: {name} is not understood. Choose one of "
            f"{', '.join(CHARACTER_SETS)}."
        )
    return name


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsRefused(
            f"VEXASCOPE_HL7_TIMEZONE: there is no zone {name}. Name one as Europe/Paris."
        ) from error
