"""`vexascope client`: systems that send cases and read reports, and their keys."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from app.cli.ready import ready
from app.domain.access import Scope
from app.domain.client import (
    DEFAULT_KEY_DAYS,
    DEFAULT_OVERLAP_HOURS,
    ApiClient,
    ClientKey,
)
from app.domain.errors import NotFound
from app.domain.site import DEFAULT_SITE_ID
from app.ports import Transaction
from app.services import clients

client_commands = typer.Typer(
    help="API clients: systems that act without a person.", no_args_is_help=True
)
# Words go beside the key, never into it: KEY=$(vexascope client create ...) takes the key alone.
_words = Console(stderr=True, highlight=False)

Name = Annotated[str, typer.Argument(help="Name of the client.")]
Days = Annotated[int, typer.Option(help="Days until the key expires.")]


@client_commands.command("create")
def create_client(
    name: Name,
    scope: Annotated[
        list[Scope], typer.Option(help="What it may do; give the option once for each scope.")
    ],
    site: Annotated[
        list[str] | None,
        typer.Option(help="Name of a site whose cases it sees; default: the main laboratory."),
    ] = None,
    days: Days = DEFAULT_KEY_DAYS,
    subject: Annotated[
        str | None,
        typer.Option(help="Its client id at the identity provider, for tokens in place of keys."),
    ] = None,
) -> None:
    """Make a client and print its key, once: the key alone on standard output."""
    with ready() as container, container.transactions() as transaction:
        sites = _sites(transaction, site) if site else frozenset({DEFAULT_SITE_ID})
        new = clients.NewClient(name, frozenset(scope), sites, days, subject)
        client, key = clients.create_client(transaction, new, None, container.now())
    _words.print(f"API client {name} may {_scopes(client)}.", markup=False)
    _show(key, client.keys[0].expires_at)


@client_commands.command("rotate")
def rotate_key(
    name: Name,
    days: Days = DEFAULT_KEY_DAYS,
    overlap_hours: Annotated[
        int, typer.Option(help="Hours for which the keys before go on; 0 ends them now.")
    ] = DEFAULT_OVERLAP_HOURS,
) -> None:
    """Make a new key and print it, once; the keys before end after the overlap."""
    with ready() as container, container.transactions() as transaction:
        client = clients.held(transaction, transaction.clients.by_name(name).id)
        key, made = clients.rotate_key(
            transaction, client, None, container.now(), days=days, overlap_hours=overlap_hours
        )
    _words.print(f"The keys before end in {overlap_hours} h.", markup=False)
    _show(key, made.expires_at)


@client_commands.command("revoke")
def revoke_keys(
    name: Name,
    key: Annotated[
        str | None, typer.Option(help="Public start of the key; without: every key.")
    ] = None,
) -> None:
    """End a client's keys at once."""
    with ready() as container, container.transactions() as transaction:
        client = clients.held(transaction, transaction.clients.by_name(name).id)
        number = clients.revoke_keys(transaction, client, container.now(), key)
    _words.print(f"Keys revoked: {number}.", markup=False)


@client_commands.command("list")
def list_clients() -> None:
    """Show every client and its keys: when they end, and when and from where they were used."""
    with ready() as container, container.transactions() as transaction:
        found, now = transaction.clients.all(), container.now()
    table = Table("client", "scopes", "key", "state", "expires (UTC)", "last used (UTC)", "from")
    for client in found:
        for key in client.keys or (None,):
            table.add_row(*_line(client, key, now))
    Console(highlight=False).print(table)


def _sites(transaction: Transaction, names: list[str]) -> frozenset[UUID]:
    known = {site.name: site.id for site in transaction.sites.all()}
    if unknown := [name for name in names if name not in known]:
        raise NotFound(f"There is no site {unknown[0]}. There are: {', '.join(known)}.")
    return frozenset(known[name] for name in names)


def _line(client: ApiClient, key: ClientKey | None, now: datetime) -> tuple[str, ...]:
    head = (client.name if client.is_active else f"{client.name} (off)", _scopes(client))
    if key is None:
        return (*head, "none", "", "", "", "")
    used = _minute(key.last_used_at) if key.last_used_at else "never"
    times = (_minute(key.expires_at), used, key.last_used_from or "")
    return (*head, key.prefix, key.state(now).value, *times)


def _scopes(client: ApiClient) -> str:
    return ", ".join(sorted(client.scopes))


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _show(key: str, expires_at: datetime) -> None:
    _words.print(
        f"Its key, shown this once, lasts until {_minute(expires_at)} UTC. Keep it secret:",
        markup=False,
    )
    print(key)
