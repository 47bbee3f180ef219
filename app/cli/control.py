"""`vexascope control`: control slides, from images or cases, read now or every day."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app.bootstrap import Container
from app.cli.ready import ready
from app.domain.control import ControlSet, SetRun
from app.domain.errors import InvalidInput
from app.services.controlling import begin_control, control_standings
from app.services.freezing import freeze_cases, freeze_images
from app.services.intake import IncomingFile, take_in
from app.services.standing import active_digest

control_commands = typer.Typer(help="Control slides.", no_args_is_help=True)
_OPERATOR = "operator of the server"


@control_commands.command("create")
def create_set(
    name: Annotated[str, typer.Argument(help="Name of the set.")],
    folder: Annotated[
        Path | None, typer.Option(help="Folder of images; folders in it are the groups.")
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option(help="Accession number of a case; more than once.")
    ] = None,
    *,
    daily: Annotated[bool, typer.Option(help="Read it every day as control slides.")] = True,
) -> None:
    """Freeze images or cases into a set that never changes."""
    if (folder is None) == (not case):
        raise InvalidInput("Give either --folder or --case.")
    with _ready() as container:
        if folder is not None:
            fixed = _from_folder(container, name, folder, daily=daily)
        else:
            with container.transactions() as transaction:
                fixed = freeze_cases(
                    transaction, name, case or [], _OPERATOR, container.now(), is_daily=daily
                )
    print(f"{fixed.name}: {fixed.cell_count} cells, key {fixed.id}")


def _from_folder(container: Container, name: str, folder: Path, *, daily: bool) -> ControlSet:
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}.")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [IncomingFile(str(path.relative_to(folder)), path.open("rb")) for path in paths]
    delivery = take_in(files, container.limits, container.blobs, container.threads)
    for refused in delivery.refused:
        print(f"refused: {refused.file}: {refused.detail}", file=sys.stderr)
    with container.transactions() as transaction:
        return freeze_images(
            transaction, name, delivery, _OPERATOR, container.now(), is_daily=daily
        )


@control_commands.command("list")
def list_sets() -> None:
    """List the sets of control slides, and how each stands."""
    with _ready() as container, container.transactions() as transaction:
        for standing in control_standings(transaction, container.now()):
            last = standing.last
            when = last.finished_at.isoformat() if last and last.finished_at else "never read"
            print(f"{standing.fixed.name}  {standing.state.value}  {when}")


@control_commands.command("run")
def run_sets(
    name: Annotated[
        str | None, typer.Argument(help="Name of a set; default: all that are daily.")
    ] = None,
) -> None:
    """Read sets with the active bundle now; exit 1 if counts moved."""
    from app.jobs.background import set_job  # noqa: PLC0415 - the queue is slow to import
    from app.jobs.courtesy import Courtesy  # noqa: PLC0415 - the queue is slow to import

    with _ready() as container:
        chosen = _chosen(container, name)
        runs = []
        for fixed in chosen:
            with container.transactions() as transaction:
                digest = active_digest(transaction, container.default_digest)
                now = container.now()
                run = begin_control(transaction, fixed.id, digest, _OPERATOR, now, queued=False)
            runs.append(set_job(container, Courtesy(), run.id))
            print(f"{fixed.name}: {_said(runs[-1])}")
    sys.exit(any(run.has_moved for run in runs))


def _chosen(container: Container, name: str | None) -> list[ControlSet]:
    with container.transactions() as transaction:
        sets = transaction.controls.sets()
    chosen = [fixed for fixed in sets if (fixed.is_daily if name is None else fixed.name == name)]
    if not chosen:
        raise InvalidInput("There is no such set. Make one with `vexascope control create`.")
    return chosen


def _said(run: SetRun) -> str:
    counts = run.counts.lines() if run.counts else {}
    numbers = ", ".join(f"{name} {number}" for name, number in counts.items())
    if run.shift is None:
        return f"{numbers}; the first run of this bundle: its counts are the baseline"
    moved = ", ".join(f"{name} {before} -> {now}" for name, before, now in run.shift.moved)
    largest = f"largest shift of a probability {run.shift.largest:.6f}"
    return f"{numbers}; {'MOVED: ' + (moved or largest) if run.has_moved else 'stands, ' + largest}"


@contextmanager
def _ready() -> Iterator[Container]:
    with ready("ERROR") as container:
        container.remember_bundle()
        yield container
