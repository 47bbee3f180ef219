"""The command `vexascope`: each activity of the product from a terminal."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console

from app import __version__, logs
from app.bootstrap import Container, migrate, running
from app.cli.audit import audit_commands
from app.cli.bundle import bundle_commands
from app.cli.case import case_commands
from app.cli.client import client_commands
from app.cli.control import control_commands
from app.cli.dataset import dataset_commands
from app.cli.evaluation import evaluate
from app.cli.format import Format
from app.cli.hl7 import hl7_commands
from app.cli.push import push
from app.cli.retention import retention_commands
from app.cli.score import score_commands
from app.cli.training import export, train
from app.cli.user import user_commands
from app.domain.audit import Actor, ActorKind
from app.domain.errors import VexascopeError
from app.services.acting import acting_as
from app.settings import LogFormat, Settings, load_settings

app = typer.Typer(
    name="vexascope",
    help="Screening of blood smears for VEXAS syndrome. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(bundle_commands, name="bundle")
app.add_typer(audit_commands, name="audit")
app.add_typer(case_commands, name="case")
app.add_typer(client_commands, name="client")
app.add_typer(control_commands, name="control")
app.add_typer(dataset_commands, name="dataset")
app.add_typer(hl7_commands, name="hl7")
app.add_typer(retention_commands, name="retention")
app.add_typer(score_commands, name="score")
app.add_typer(user_commands, name="user")
app.command()(train)
app.command()(export)
app.command()(evaluate)
app.command()(push)

_errors = Console(stderr=True)
_log = structlog.get_logger(__name__)


def main() -> None:
    """Run the command; a problem that can be explained is one sentence, not a traceback."""
    try:
        with acting_as(_operator()):
            app()
    except VexascopeError as error:
        _errors.print(f"{error.title}: {error.detail}", style="red", highlight=False, markup=False)
        sys.exit(2)


def _operator() -> Actor:
    """Who types commands, as the system knows them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(ActorKind.PRODUCT, f"command of {name}")


@contextmanager
def _container(settings: Settings | None = None) -> Iterator[Container]:
    settings = settings or load_settings()
    logs.configure(settings.log_format, settings.log_level)
    with running(settings) as container:
        yield container


@app.command()
def version() -> None:
    """Print the version."""
    print(f"vexascope {__version__}")


@app.command("migrate")
def migrate_command() -> None:
    """Bring the database to this version's revision."""
    with _container() as container:
        migrate(container)
        _log.info("database migrated")


@app.command()
def serve() -> None:
    """Run the server (and, unless the settings say otherwise, the worker in it)."""
    from app.cli.serving import serve as run  # noqa: PLC0415 - the web stack is slow to import

    with _container() as container:
        run(container)


@app.command()
def worker() -> None:
    """Run a worker alone: it classifies what servers accepted."""
    from app.cli.serving import work  # noqa: PLC0415 - the queue is slow to import

    with _container() as container:
        work(container)


@app.command()
def demo(
    *,
    real: Annotated[
        bool, typer.Option("--real", help="Use published images of real neutrophils.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the published images (holds pbc/).")
    ] = None,
) -> None:
    """Seed three demonstration cases, then serve them, already signed in."""
    from app.cli.demonstration import run_demo  # noqa: PLC0415 - the web stack is slow to import

    settings = load_settings()
    # It waits for its cells, so it needs a worker whatever the environment says.
    changes = {"log_format": LogFormat.TEXT, "log_level": "WARNING", "worker_in_server": True}
    quiet = settings.model_copy(update=changes)
    with _container(quiet) as container:
        run_demo(container, data if real else None, real=real)


@app.command()
def predict(
    paths: Annotated[list[Path], typer.Argument(help="Images, ZIPs or folders.")],
    bundle: Annotated[Path | None, typer.Option(help="Folder of the bundle.")] = None,
    output: Annotated[Format, typer.Option("--format", help="Form of the answer.")] = Format.TABLE,
) -> None:
    """Classify image files exactly as the server does; exit 1 if any was refused."""
    from app.cli.prediction import predict_paths  # noqa: PLC0415 - the classifier is slow to import

    settings = load_settings()
    if bundle is not None:
        settings = settings.model_copy(update={"bundle": bundle})
    logs.configure(LogFormat.TEXT, "WARNING")
    sys.exit(predict_paths(paths, settings, output))
