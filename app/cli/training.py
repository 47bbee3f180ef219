"""`vexascope train` and `vexascope export`: from annotated cells to a bundle."""

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from app.domain.errors import InvalidInput

Config = Annotated[Path, typer.Argument(help="TOML file that names data sets and parameters.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Folder of the new bundle; default: models/NAME-VERSION.",
        show_default=False,
    ),
]
Data = Annotated[
    list[Path] | None,
    typer.Option(help="Data set folder, may be repeated; default: those of the TOML file."),
]
Scratch = Annotated[
    Path | None,
    typer.Option(help="Folder of checkpoints and edited cells; default: that of the TOML file."),
]
Int8 = Annotated[
    bool,
    typer.Option("--int8/--no-int8", help="Try an int8 variant; kept if faster and as accurate."),
]


def train(
    config: Config,
    output: Output = None,
    data: Data = None,
    scratch: Scratch = None,
    *,
    int8: Int8 = True,
) -> None:
    """Train, evaluate, calibrate and export a classifier (needs the extra `train`).

    A run that was stopped continues from its last finished epoch.
    """
    _check_extra()
    from app.training.pipeline import run_train  # noqa: PLC0415 - torch is an extra

    folder = run_train(
        config, output, data_sets=tuple(data) if data else None, scratch_dir=scratch, int8=int8
    )
    print(f"Written to {folder}. Next: vexascope bundle check {folder}")


def export(
    config: Config,
    output: Output = None,
    data: Data = None,
    scratch: Scratch = None,
    *,
    int8: Int8 = True,
) -> None:
    """Write a bundle from a finished training, without training again (extra `train`)."""
    _check_extra()
    from app.training.pipeline import run_export  # noqa: PLC0415 - torch is an extra

    folder = run_export(
        config, output, data_sets=tuple(data) if data else None, scratch_dir=scratch, int8=int8
    )
    print(f"Written to {folder}. Next: vexascope bundle check {folder}")


def _check_extra() -> None:
    if importlib.util.find_spec("torch") is None:
        raise InvalidInput("torch is missing. Install the extra: pip install 'vexascope[train]'.")
