"""`vexascope dataset`: import, check and split annotated data sets."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.lesions import lesions
from app.cli.measures import measure
from app.domain.errors import InvalidInput

if TYPE_CHECKING:
    from app.training.datasets.sample import Dataset, Sample
    from app.training.datasets.splits import Shares

dataset_commands = typer.Typer(
    help="Annotated data sets: import, check, split.", no_args_is_help=True
)
import_commands = typer.Typer(
    help="Make a data set folder of published images, which are only read.", no_args_is_help=True
)
dataset_commands.add_typer(import_commands, name="import")
dataset_commands.command("lesions")(lesions)
dataset_commands.command("measure")(measure)

Source = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the published data.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", help="New folder; default: named after the data, in the current one."
    ),
]
Copy = Annotated[
    bool, typer.Option("--copy", help="Copy the images; otherwise they stay where they are.")
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same choice.")]


@import_commands.command("pbc")
def import_pbc(folder: Source, output: Output = None, *, copy: Copy = False) -> None:
    """Import "PBC dataset normal DIB" (healthy donors) with the WBCAtt attributes in cells.csv."""
    from app.cli.dataset_view import progress, show_counts  # noqa: PLC0415 - slow to import
    from app.training.datasets import pbc  # noqa: PLC0415

    target = _target(output, "pbc", folder)
    records = pbc.read_records(folder)
    samples = tuple(progress(pbc.samples_of(records), "Outlining neutrophils", len(records)))
    show_counts(samples)
    _write(target, pbc.dataset_of(samples), folder, copy=copy)


@import_commands.command("vexas-mendeley")
def import_vexas_mendeley(
    folder: Source,
    output: Output = None,
    *,
    letters: Annotated[
        str | None, typer.Option(help="What the letters mean; the default is shown on import.")
    ] = None,
    columns: Annotated[
        str,
        typer.Option(
            help="Letters of the 0/1 columns from left to right, as B,D,N,P,V; "
            "default: as the columns are named."
        ),
    ] = "",
    patient: Annotated[
        str | None,
        typer.Option(help="Regular expression that finds the patient's identifier in a path."),
    ] = None,
    mutated: Annotated[
        str | None,
        typer.Option(help="Regular expression that fits identifiers of UBA1-mutated patients."),
    ] = None,
    group_column: Annotated[
        str, typer.Option(help='Column of the group; "" takes it from --mutated alone.')
    ] = "group",
    centre: Annotated[str, typer.Option(help="Name of the centre, which the files lack.")] = "",
    copy: Copy = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is right.")] = False,
) -> None:
    """Import the PMN of 64 patients that De Almeida Braga et al. published in 2025.

    What letters, columns and paths mean is inferred: read what is printed before you agree.
    """
    from app.cli.dataset_view import show_publication  # noqa: PLC0415 - slow to import
    from app.training.datasets import mendeley  # noqa: PLC0415

    target = _target(output, "vexas-mendeley", folder)
    layout = mendeley.layout_of(
        letters or mendeley.DEFAULT_LETTERS,
        columns,
        patient or mendeley.DEFAULT_PATIENT,
        mutated or mendeley.DEFAULT_MUTATED,
        group_column,
    )
    publication = mendeley.read_publication(folder, layout)
    show_publication(publication, layout, folder)
    _confirm(yes=yes)
    samples = mendeley.at_centre(publication.samples, centre)
    _write(target, mendeley.dataset_of(samples, layout), folder, copy=copy)


@import_commands.command("fields")
def import_fields(folder: Source, output: Output = None, *, copy: Copy = False) -> None:
    """Import single cells of published fields of view (TXL-PBC, BCCD), named by two developers.

    DIR holds txl_pbc/ or bccd/. PMN or not, and the cell's type; no abnormality is known.
    """
    from app.cli.dataset_view import show_counts, show_left_out  # noqa: PLC0415 - slow to import
    from app.training.datasets import fields  # noqa: PLC0415

    target = _target(output, "fields", folder)
    named = fields.read_fields(folder)
    show_counts(named.samples)
    show_left_out(named)
    _write(target, fields.dataset_of(named), folder, copy=copy)


@dataset_commands.command("check")
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with dataset.json.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder for contact sheets of the cells, as PNG."),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Look for unreadable, missing, doubled and leaking images; exit 1 if there is an error."""
    from app.cli import dataset_view as view  # noqa: PLC0415 - slow to import
    from app.training.datasets import check as checks  # noqa: PLC0415
    from app.training.datasets import sheets  # noqa: PLC0415
    from app.training.datasets.folder import survey_dataset  # noqa: PLC0415

    dataset, lines = survey_dataset(folder)
    samples = dataset.samples
    prints = list(view.progress(checks.take_prints(samples), "Reading images", len(samples)))
    pairs = checks.find_pairs(samples, prints)
    problems = [*checks.refused_lines(lines), *checks.problems_of(samples, prints, pairs)]
    view.show_counts(samples)
    view.show_problems(problems)
    if output is not None:
        planned = [*sheets.plan_sheets(samples, seed), *sheets.pair_sheet(pairs)]
        for sheet in view.progress(planned, "Drawing contact sheets", len(planned)):
            sheets.write_sheet(sheet, output)
        sheets.write_pairs(pairs, output)
        print(f"{len(planned)} contact sheets and near-duplicates.csv are in {output}.")
    sys.exit(int(checks.is_refused(problems)))


@dataset_commands.command("split")
def split(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with dataset.json.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="New folder.")],
    *,
    train: Annotated[float, typer.Option(help="Share of the patients for training.")] = 0.7,
    val: Annotated[float, typer.Option(help="Share for validation.")] = 0.15,
    test: Annotated[float, typer.Option(help="Share for the test.")] = 0.15,
    keep_test: Annotated[
        bool, typer.Option("--keep-test", help="Leave the test split as it is.")
    ] = False,
    leave_out_centre: Annotated[
        str | None, typer.Option(metavar="NAME", help="All cells of this centre are the test.")
    ] = None,
    leave_one_centre_out: Annotated[
        bool, typer.Option("--leave-one-centre-out", help="One folder for each centre left out.")
    ] = False,
    seed: Seed = 0,
) -> None:
    """Divide a data set by patient, each group in the same shares; the images stay."""
    from app.cli import dataset_view as view  # noqa: PLC0415 - slow to import
    from app.training.datasets import splits  # noqa: PLC0415
    from app.training.datasets.copying import refuse_existing  # noqa: PLC0415
    from app.training.datasets.folder import image_root_of, read_dataset  # noqa: PLC0415

    if sum((keep_test, leave_out_centre is not None, leave_one_centre_out)) > 1:
        raise InvalidInput(
            "Choose one of --keep-test, --leave-out-centre and --leave-one-centre-out."
        )
    dataset = read_dataset(folder)
    refuse_existing(output)
    view.warn_without_patients(dataset.samples)
    shares = splits.Shares(train, val, test)
    root = image_root_of(folder)
    if leave_one_centre_out:
        for centre, samples in splits.centre_folds(dataset.samples, shares, seed):
            _write_split(output / splits.folder_name(centre), dataset, samples, root)
        return
    _write_split(
        output, dataset, _divided(dataset, shares, seed, leave_out_centre, keep=keep_test), root
    )


def _divided(
    dataset: "Dataset", shares: "Shares", seed: int, centre: str | None, *, keep: bool
) -> "tuple[Sample, ...]":
    from app.training.datasets import splits  # noqa: PLC0415 - slow to import

    if centre is not None:
        return splits.leave_out_centre(dataset.samples, centre, shares, seed)
    if keep:
        return splits.keep_test(dataset.samples, shares, seed)
    return splits.divide(dataset.samples, shares, seed)


def _write_split(
    target: Path, dataset: "Dataset", samples: "tuple[Sample, ...]", image_root: Path
) -> None:
    from dataclasses import replace  # noqa: PLC0415

    from app.cli.dataset_view import show_splits  # noqa: PLC0415 - slow to import
    from app.training.datasets.folder import write_dataset  # noqa: PLC0415
    from app.training.datasets.leaks import refuse_leaks  # noqa: PLC0415

    divided = replace(dataset, samples=samples)
    refuse_leaks(divided)
    write_dataset(target, divided, image_root)
    show_splits(samples)
    print(f"Written to {target}.")


def _target(output: Path | None, name: str, source: Path) -> Path:
    from app.training.datasets.copying import refuse_output  # noqa: PLC0415 - slow to import

    target = output or Path.cwd() / name
    refuse_output(target, source)
    return target


def _confirm(*, yes: bool) -> None:
    """Go on only if somebody, or the command line, says that it is right."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(
            "Nobody can be asked here whether this is right. If it is, add --yes. "
            "Nothing was written."
        )
    if not typer.confirm("Is this right?"):
        print("Nothing was written. Correct --letters, --columns, --patient or --mutated.")
        raise typer.Exit(1)


def _write(target: Path, dataset: "Dataset", source: Path, *, copy: bool) -> None:
    from dataclasses import replace  # noqa: PLC0415

    from app.cli.dataset_view import progress  # noqa: PLC0415 - slow to import
    from app.training.datasets.copying import copied, moved_readings  # noqa: PLC0415
    from app.training.datasets.folder import write_dataset  # noqa: PLC0415

    root = source
    if copy:
        count = len(dataset.samples)
        samples = progress(copied(dataset.samples, source, target), "Copying images", count)
        readings = moved_readings(dataset.readings, source, target)
        dataset, root = replace(dataset, samples=tuple(samples), readings=readings), target
    write_dataset(target, dataset, root)
    print(f"Written to {target}. Next: vexascope dataset check {target}")
