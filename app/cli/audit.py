"""`vexascope audit`: check the chain, and take entries out."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.cli.ready import ready
from app.ports import AuditFilter
from app.services import auditing

audit_commands = typer.Typer(help="The audit.", no_args_is_help=True)

_words = Console(stderr=True)


@audit_commands.command("verify")
def verify(
    head: Annotated[
        str | None,
        typer.Option(help="An end of the chain that was printed before and kept elsewhere."),
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option(
            help="A file with such ends, the server's log for example; every one must fit.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Check that no entry was changed, removed, moved or put in; exit 1 if one was.

    Prints the end of the chain. Keep it where the database's keepers cannot write, and give it to
    a later check: who rewrites the whole chain, its end included, is found out only so.
    """
    known = auditing.read_heads(head) if head else []
    if heads:
        known += auditing.read_heads(heads.read_text(errors="replace"))
    with ready() as container, container.transactions() as transaction:
        count = transaction.audit.head().count
        with _bar(count) as bar:
            task = bar.add_task("Checking the audit", total=count)
            verdict = auditing.verify(
                transaction, known=known, progress=lambda done: bar.update(task, completed=done)
            )
            bar.update(task, completed=count)
    if verdict.found is None:
        compared = f" {len(known)} ends that were kept elsewhere fit." if known else ""
        print(
            f"The audit holds: {verdict.head.count} entries.{compared} "
            f"End of the chain: {auditing.shown_head(verdict.head)}"
        )
        return
    print(f"The audit does NOT hold at entry {verdict.found.sequence}: {verdict.found.reason}.")
    sys.exit(1)


@audit_commands.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="File to write, one entry of JSON a line.")],
    action: Annotated[
        str | None, typer.Option(help="An act, `case.view`, or a kind of them, `case`.")
    ] = None,
    case: Annotated[UUID | None, typer.Option(help="Key of a case.")] = None,
    since: Annotated[datetime | None, typer.Option(help="From this moment on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this moment, UTC.")] = None,
) -> None:
    """Write entries to a file; a file that is there is not overwritten."""
    chosen = AuditFilter(case_id=case, action=action, since=_utc(since), until=_utc(until))
    with ready() as container, file.open("x") as out:
        with container.transactions() as transaction:
            count = 0
            for line in auditing.export(transaction, chosen):
                out.write(f"{line}\n")
                count += 1
        with container.transactions() as transaction:
            transaction.audit.note("audit.export", after={"entries": count})
    print(f"{count} entries written to {file}.")


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _bar(total: int) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=_words,
        transient=True,
        disable=not total,
    )
