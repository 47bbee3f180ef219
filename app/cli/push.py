"""`vexascope push`: send a folder of images to a case on a server."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from app.client import (
    Case,
    Conflict,
    Delivered,
    Report,
    SendProgress,
    Vexascope,
    VexascopeClientError,
)
from app.client.sending import find_files

SOME_REFUSED, FAILED, INTERRUPTED = 1, 2, 130
_words = Console(stderr=True, highlight=False)


def push(
    paths: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders, images and ZIPs.")
    ],
    case: Annotated[str, typer.Option(help="Id of the case, or its accession number.")],
    url: Annotated[str, typer.Option(envvar="VEXASCOPE_URL", help="Address of the server.")],
    key: Annotated[
        str,
        typer.Option(
            envvar="VEXASCOPE_KEY",
            help="Key of an API client. Better in the environment: other accounts of the machine "
            "can read the options of a command.",
        ),
    ],
    *,
    open_case: Annotated[
        bool,
        typer.Option(
            "--open", help="Open the case under this accession number if it is not there."
        ),
    ] = False,
    patient: Annotated[
        str | None,
        typer.Option(
            help="Pseudonymous identifier of the patient; --open needs it. Nothing is sent into "
            "another patient's case."
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the findings and print what was counted.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that --wait waits at most.")] = 600,
) -> None:
    """Send images to a case; exit 1 if any was refused, 2 if it could not be done.

    It can be run again at any time: what the case has already is not doubled.
    """
    if open_case and not patient:
        raise typer.BadParameter("--open needs --patient.", param_hint="--patient")
    with _told(), Vexascope(url, key) as server:
        # Before a case is opened that would then stay empty.
        _refuse_nothing(paths)
        chosen = _case(server, case, patient, may_open=open_case)
        delivered = _send(server, chosen, paths)
        _tell_delivered(delivered)
        if wait:
            chosen = server.wait(chosen.id, timeout)
            _tell_report(server.report(chosen.id))
    sys.exit(exit_status(delivered, chosen.progress.failed_count if wait else 0))


def exit_status(delivered: Delivered, failed_count: int) -> int:
    """1 where a file was refused, or a cell of the case could not be classified; else 0."""
    if failed_count:
        _words.print(f"Cells that could not be classified: {failed_count}.")
    return SOME_REFUSED if delivered.refused or failed_count else 0


@contextmanager
def _told() -> Iterator[None]:
    """A problem is a sentence and an exit status."""
    try:
        yield
    except (VexascopeClientError, FileNotFoundError) as error:
        _words.print(str(error), style="red", markup=False)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        _words.print(
            "Interrupted. Each batch is stored whole or not at all: run the command again to go on."
        )
        sys.exit(INTERRUPTED)


def _refuse_nothing(paths: list[Path]) -> None:
    if not find_files(paths):
        raise VexascopeClientError(
            "There is no image and no ZIP there. JPEG, PNG, TIFF, BMP and ZIP are sent."
        )


def _case(server: Vexascope, named: str, patient: str | None, *, may_open: bool) -> Case:
    """By id, else by accession number, else opened for the patient; never another patient's."""
    if (case_id := _as_id(named)) is not None:
        return _of_patient(server.case(case_id), patient)
    found = server.find_case(named)
    if found is not None:
        return _of_patient(found, patient)
    if patient is None or not may_open:
        raise VexascopeClientError(
            "There is no case with this accession number that the key may see. Check it, or add "
            "--open and --patient to open the case."
        )
    return _opened(server, named, patient)


def _opened(server: Vexascope, accession_number: str, patient: str) -> Case:
    try:
        return server.open_case(accession_number, patient)
    except Conflict:
        # Another run may have opened it a moment ago.
        found = server.find_case(accession_number)
        if found is None:
            raise
        return _of_patient(found, patient)


def _of_patient(case: Case, patient: str | None) -> Case:
    """The case, unless a patient was named and it is another's: nothing is sent then."""
    if patient is not None and case.patient_identifier != patient.strip():
        raise VexascopeClientError(
            "The case that --case names is another patient's. Nothing was sent. Check --case and "
            "--patient."
        )
    return case


def _as_id(named: str) -> UUID | None:
    try:
        return UUID(named)
    except ValueError:
        return None


def _send(server: Vexascope, case: Case, paths: list[Path]) -> Delivered:
    columns = (
        TextColumn("Sending"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_words, disable=not _words.is_terminal) as bar:
        task = bar.add_task("sending", total=None)

        def show(progress: SendProgress) -> None:
            bar.update(task, completed=progress.sent_files, total=progress.all_files)

        return server.send(case.id, paths, progress=show)


def _tell_delivered(delivered: Delivered) -> None:
    _words.print(
        f"New cells: {delivered.accepted_count}. There already: {len(delivered.duplicates)}. "
        f"Refused: {len(delivered.refused)}."
    )
    for item in delivered.refused:
        # As text, not as rich's markup: names hold square brackets.
        _words.print(Text(f"  {item.file}: {item.detail} ({item.reason})"), soft_wrap=True)


def _tell_report(report: Report) -> None:
    table = Table("abnormality", caption=report.notice)
    for heading in ("count", "of PMN", "proportion", "95 % interval"):
        table.add_column(heading, justify="right")
    for line in report.abnormalities:
        table.add_row(
            line.label,
            str(line.count),
            str(line.total),
            _percent(line.proportion),
            f"{_percent(line.interval_low)} to {_percent(line.interval_high)}",
        )
    answer = Console(highlight=False)
    answer.print(table)
    if report.score:
        answer.print(f"Score {report.score.value:.3f}, cut-off {report.score.cut_off:.3f}.")
    answer.print(Text(report.recommendation or "No recommendation: cells still wait."))
    for warning in report.warnings:
        answer.print(Text(f"Note: {warning}"))


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share * 100:.1f} %"
