"""`vexascope hl7`: orders of other systems, and results to them."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app import logs
from app.bootstrap import running
from app.cli.ready import ready
from app.domain.hl7_peer import CHARSETS, Hl7PeerConfig
from app.domain.outbox import DeliveryState, Destination, EventType, SinkKind
from app.interchange.hl7v2_ack import control_id
from app.ports import Transaction
from app.services import hl7_peers, replaying
from app.settings import load_settings

DELIVERIES_SHOWN = 50

hl7_commands = typer.Typer(help="HL7 v2 over MLLP.", no_args_is_help=True)
peer_commands = typer.Typer(help="Systems that results are sent to.", no_args_is_help=True)
hl7_commands.add_typer(peer_commands, name="peer")

Name = Annotated[str, typer.Argument(help="Name of the peer.")]


@hl7_commands.command("listen")
def listen_command() -> None:
    """Take orders (OML^O21) in a process of its own, on VEXASCOPE_HL7_PORT."""
    from app.cli.serving import listen  # noqa: PLC0415 - the queue is slow to import

    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level)
    with running(settings) as container:
        listen(container)


@peer_commands.command("add")
def add(
    name: Name,
    host: Annotated[str, typer.Option(help="Where it listens.")],
    port: Annotated[int, typer.Option(help="On which port.")],
    application: Annotated[str, typer.Option(help="Its name in MSH-5.")] = "",
    facility: Annotated[str, typer.Option(help="Its laboratory's name in MSH-6.")] = "",
    site: Annotated[str | None, typer.Option(help="Only cases of this site.")] = None,
    charset: Annotated[str, typer.Option(help=f"One of {', '.join(CHARSETS)}.")] = CHARSETS[0],
    language: Annotated[str, typer.Option(help="Of the PDF: en or fr.")] = "en",
    authorities: Annotated[
        Path | None, typer.Option(help="Certificates (PEM) of who vouches for it.")
    ] = None,
    *,
    tls: Annotated[bool, typer.Option("--tls", help="Over TLS.")] = False,
    no_pdf: Annotated[bool, typer.Option("--no-pdf", help="Numbers alone.")] = False,
    preliminary: Annotated[
        bool, typer.Option("--preliminary", help="Also what nobody has signed, with status P.")
    ] = False,
) -> None:
    """Send results (ORU^R01) to a system: what is signed and amended from now on."""
    config = Hl7PeerConfig(
        host=host,
        port=port,
        tls=tls,
        authorities=str(authorities.resolve()) if authorities else None,
        application=application,
        facility=facility,
        charset=charset,
        pdf=not no_pdf,
        language=language,
    )
    events = hl7_peers.SIGNED_EVENTS | ({EventType.CLASSIFIED} if preliminary else set())
    form = hl7_peers.Hl7PeerForm(name, config, frozenset(events), site)
    with ready() as container, container.transactions() as transaction:
        hl7_peers.add_peer(transaction, form, container.now())
    print(f"Results go to {name} at {host}:{port}.")


@peer_commands.command("list")
def list_peers() -> None:
    """Show each peer, what waits for it, and what went wrong last."""
    with ready() as container, container.transactions() as transaction:
        for peer in transaction.destinations.all(SinkKind.HL7):
            print(_described(transaction, peer))


def _described(transaction: Transaction, peer: Destination) -> str:
    """A line, and below it what went wrong last."""
    config, counts = Hl7PeerConfig.of(peer.config), transaction.destinations.counts(peer.id)
    state = "off" if not peer.enabled else "does not answer" if peer.failures else "on"
    numbers = ", ".join(f"{counts.get(item, 0)} {item.value}" for item in DeliveryState)
    line = f"{peer.name}  {config.host}:{config.port}  {state}  {numbers}"
    return f"{line}\n    {peer.last_error}" if peer.last_error else line


@peer_commands.command("off")
def switch_off(name: Name) -> None:
    """Send nothing for now; messages are kept, and wait."""
    with ready() as container, container.transactions() as transaction:
        peer = hl7_peers.peer_named(transaction, name)
        hl7_peers.switch_peer(transaction, peer, enabled=False)


@peer_commands.command("on")
def switch_on(name: Name) -> None:
    """Send again, what has waited too."""
    with ready() as container, container.transactions() as transaction:
        peer = hl7_peers.peer_named(transaction, name)
        hl7_peers.switch_peer(transaction, peer, enabled=True)


@peer_commands.command("remove")
def remove(name: Name) -> None:
    """Send nothing any more, and forget what waits."""
    with ready() as container, container.transactions() as transaction:
        hl7_peers.remove_peer(transaction, name, container.now())


@peer_commands.command("messages")
def messages(
    name: Name,
    state: Annotated[list[DeliveryState] | None, typer.Option(help="Only those.")] = None,
) -> None:
    """Show the newest messages to a peer: key, MSH-10, state, and what went wrong last."""
    with ready() as container, container.transactions() as transaction:
        peer = hl7_peers.peer_named(transaction, name)
        found = transaction.destinations.deliveries(
            peer.id, state or list(DeliveryState), None, DELIVERIES_SHOWN
        )
    for item in found:
        number = control_id(str(item.event.id))
        print(f"{item.id}  {number}  {item.state.value:<9}  {item.last_error or ''}".rstrip())


@peer_commands.command("replay")
def replay(
    name: Name,
    message: Annotated[
        UUID | None, typer.Argument(help="Key of the message; default: all that were given up.")
    ] = None,
) -> None:
    """Send again, under the same MSH-10: what was given up, or one message."""
    with ready() as container, container.transactions() as transaction:
        peer = hl7_peers.peer_named(transaction, name)
        if message is None:
            count = replaying.replay_dead(transaction, peer.id, container.now(), None)
        else:
            replaying.replay(transaction, peer.id, message, container.now(), None)
            count = 1
    print(f"Sent again: {count}")


@peer_commands.command("skip")
def skip(
    name: Name,
    message: Annotated[UUID, typer.Argument(help="Key of the message.")],
) -> None:
    """Let a message go, so that the later ones of its case are sent."""
    with ready() as container, container.transactions() as transaction:
        peer = hl7_peers.peer_named(transaction, name)
        replaying.skip(transaction, peer.id, message, container.now(), None)
