"""`vexascope dataset lesions`: what the drawn abnormalities look like."""

from pathlib import Path
from typing import Annotated

import typer


def lesions(
    folder: Annotated[Path, typer.Argument(metavar="DATASET", help="Folder with dataset.json.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for the contact sheets, as PNG.")
    ],
    *,
    cells: Annotated[int, typer.Option(min=1, help="Cells on each sheet.")] = 8,
    draws: Annotated[int, typer.Option(min=1, help="Draws on each cell.")] = 2,
    enlarge: Annotated[int, typer.Option(min=1, max=8, help="Times 150 px.")] = 3,
    breadth: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of draws from the wide ranges; default: 1/3."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same sheets.")] = 0,
) -> None:
    """Draw each abnormality onto real neutrophils, beside its decoy and the untouched cell.

    Look at them with an atlas: what does not convince you should not teach a classifier.
    """
    from app.cli.dataset_view import progress  # noqa: PLC0415 - slow to import
    from app.domain.abnormality import Abnormality  # noqa: PLC0415
    from app.training.datasets.folder import read_dataset  # noqa: PLC0415
    from app.training.lesion_sheets import (  # noqa: PLC0415
        SheetPlan,
        neutrophils_of,
        write_sheet,
    )

    usual = SheetPlan().breadth
    plan = SheetPlan(cells, draws, enlarge, usual if breadth is None else breadth, seed)
    neutrophils = neutrophils_of(read_dataset(folder).samples, seed)
    wanted = list(Abnormality)
    for abnormality in progress(wanted, "Drawing contact sheets", len(wanted)):
        write_sheet(neutrophils, abnormality, plan, output)
    print(f"{len(wanted)} contact sheets are in {output}.")
