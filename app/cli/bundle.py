"""`vexascope bundle`: what is installed, what is active, and activating another one."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app import logs
from app.bootstrap import Container
from app.cli.ready import ready
from app.domain.errors import InvalidInput
from app.ports import InstalledBundle
from app.services.switching import Switcher, activate, shadow_digest
from app.settings import LogFormat, load_settings

bundle_commands = typer.Typer(help="Classifier bundles.", no_args_is_help=True)
SHORTEST_PREFIX = 6
_OPERATOR = Switcher("operator of the server")


@bundle_commands.command("check")
def check_bundle(
    folder: Annotated[Path | None, typer.Argument(help="Folder; default: the settings'.")] = None,
) -> None:
    """Check a bundle's files, digests and network."""
    from app.cli.prediction import describe_bundle  # noqa: PLC0415 - the classifier is slow to import

    settings = load_settings()
    logs.configure(LogFormat.TEXT, "WARNING")
    print(describe_bundle(folder or settings.bundle_dir, settings))


@bundle_commands.command("list")
def list_bundles() -> None:
    """List the installed bundles, and what each one does here."""
    table = Table(box=None, show_edge=False, pad_edge=False)
    for heading in ("bundle", "digest", "part", "folder"):
        table.add_column(heading, overflow="fold")
    with ready() as container:
        with container.transactions() as transaction:
            shadow = shadow_digest(transaction)
        for item in container.shelf.installed():
            table.add_row(*map(Text, _row(item, container.bundle.manifest.digest, shadow)))
    Console(width=200).print(table)


@bundle_commands.command("activate")
def activate_bundle(
    digest: Annotated[str, typer.Argument(help="Its digest, or how it begins.")],
    reason: Annotated[str, typer.Option(help="Why; it is stored and shown.")],
) -> None:
    """Let an installed bundle read what comes from now on, in every process."""
    with ready() as container:
        candidate = container.candidate(_full_digest(container, digest))
        with container.transactions() as transaction:
            activate(
                transaction,
                candidate,
                _OPERATOR,
                reason,
                container.default_digest,
                container.now(),
            )
    print(f"Active: {candidate.bundle.manifest.title}, digest {candidate.digest}")


def _row(item: InstalledBundle, active: str, shadow: str | None) -> tuple[str, str, str, str]:
    if item.bundle is None:
        return item.folder.name, "", f"refused: {item.refusal}", str(item.folder)
    manifest = item.bundle.manifest
    parts = {active: "active", shadow: "in shadow"}
    return manifest.title, manifest.digest, parts.get(manifest.digest, ""), str(item.folder)


def _full_digest(container: Container, prefix: str) -> str:
    """The installed bundle that is meant; raises `InvalidInput` unless there is exactly one."""
    digests = [item.bundle.manifest.digest for item in container.shelf.installed() if item.bundle]
    found = [digest for digest in digests if digest.startswith(prefix)]
    if len(prefix) < SHORTEST_PREFIX or len(found) != 1:
        raise InvalidInput(
            f"{len(found)} installed bundles have a digest that begins with {prefix!r}. Give at "
            f"least {SHORTEST_PREFIX} characters of one that `vexascope bundle list` shows."
        )
    return found[0]
