"""`vexascope hl7`: orders of other systems, and results to them."""

import typer

from app import logs
from app.bootstrap import running
from app.settings import load_settings

hl7_commands = typer.Typer(help="HL7 v2 over MLLP.", no_args_is_help=True)


@hl7_commands.command("listen")
def listen_command() -> None:
    """Take orders (OML^O21) in a process of its own, on VEXASCOPE_HL7_PORT."""
    from app.cli.serving import listen  # noqa: PLC0415 - the queue is slow to import

    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level)
    with running(settings) as container:
        listen(container)
