"""`vexascope retention`: what the rule erases, tried dry or done now."""

from typing import Annotated

import typer

from app.bootstrap import Container
from app.cli.ready import ready
from app.jobs.maintenance import retain
from app.services.erasing import SETTLES, remove_images

retention_commands = typer.Typer(help="For how long cases are kept.", no_args_is_help=True)

SHOWN = 1000


@retention_commands.command("run")
def run(
    *, dry: Annotated[bool, typer.Option("--dry", help="Only say what would be erased.")] = False
) -> None:
    """Erase the cases whose time is over, as the server does once a day."""
    with ready() as container:
        rule = container.retention_rule
        if rule.is_empty:
            print("Cases are kept for ever: no rule is set (VEXASCOPE_KEEP_SIGNED_DAYS, ...).")
            return
        if not dry:
            print(f"{retain(container)} cases erased.")
            _remove(container)
            return
        with container.transactions() as transaction:
            cases = transaction.erasures.overdue(rule, container.now(), SHOWN)
    # Keys and days: what a terminal shows is often kept, and a number of a patient must not be.
    for case in cases:
        print(f"{case.id}  opened {case.created_at:%Y-%m-%d}")
    more = " or more" if len(cases) == SHOWN else ""
    print(f"{len(cases)}{more} cases would be erased.")


def _remove(container: Container) -> None:
    """Images of earlier erasures; those of this one follow from the server a minute later."""
    while remove_images(container.transactions, container.blobs, container.now()):
        pass
    container.clear_traces()
    print(f"Their images follow in {SETTLES.seconds} s, from the server or the next run.")
