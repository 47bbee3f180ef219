"""`vexascope evaluate`."""

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from app import logs
from app.domain.errors import InvalidInput
from app.settings import LogFormat, load_settings
from app.training.evaluation.patients import Correction
from app.training.evaluation.selection import Choice

_NEEDED = {"scipy": "scipy", "sklearn": "scikit-learn"}


def evaluate(
    bundle: Annotated[Path, typer.Argument(help="Folder of the bundle.")],
    dataset: Annotated[Path, typer.Argument(help="Folder with dataset.json and dataset.csv.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the report.")] = Path(
        "report"
    ),
    split: Annotated[
        Choice | None, typer.Option(help="Cells to evaluate; default: test, else val, else all.")
    ] = None,
    positive_group: Annotated[
        list[str] | None,
        typer.Option(help='Group to be found, may be repeated; default: names that hold "vexas".'),
    ] = None,
    correction: Annotated[
        Correction, typer.Option(help="Of the tests' p values: Holm, or Benjamini-Hochberg.")
    ] = Correction.HOLM,
    resamples: Annotated[int, typer.Option(min=100, help="Of every bootstrap.")] = 1000,
) -> None:
    """Measure a bundle on annotated cells: a page, its numbers, predictions (extra `evaluate`)."""
    require_extra()
    if output.exists() and not output.is_dir():
        raise InvalidInput(f"{output} is a file. Name a folder for the report with --output.")
    from app.cli.evaluation_report import make_report  # noqa: PLC0415 - needs an extra
    from app.training.evaluation.run import Options  # noqa: PLC0415 - slow to import

    logs.configure(LogFormat.TEXT, "WARNING")
    options = Options(split, tuple(positive_group or ()), correction, resamples)
    print(make_report(bundle, dataset, output, options, load_settings()))


def require_extra() -> None:
    """Refuse, naming the extra, where one of its libraries is missing.

    Raises
    ------
    InvalidInput
        With what to install.
    """
    missing = [name for module, name in _NEEDED.items() if not importlib.util.find_spec(module)]
    if missing:
        raise InvalidInput(
            f"This command needs {' and '.join(missing)}, which "
            f"{'is' if len(missing) == 1 else 'are'} not installed. "
            'Install the extra: pip install "vexascope[evaluate]".'
        )
