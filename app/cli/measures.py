"""`vexascope dataset measure`: the geometry of every cell of a data set, as CSV."""

from pathlib import Path
from typing import Annotated

import typer


def measure(
    folder: Annotated[Path, typer.Argument(metavar="DATASET", help="Folder with dataset.json.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="New CSV file.")],
) -> None:
    """Measure nucleus and cytoplasm of every cell: one line per cell, in the data set's order.

    A cell that could not be measured has the reason in its line, and no numbers.
    """
    from app.cli.dataset_view import progress  # noqa: PLC0415 - slow to import
    from app.training.datasets.folder import image_root_of, read_dataset  # noqa: PLC0415
    from app.training.datasets.measures import measures_of, write_measures  # noqa: PLC0415

    samples = read_dataset(folder).samples
    shown = progress(samples, "Measuring cells", len(samples))
    refused = write_measures(output, measures_of(shown, image_root_of(folder)))
    print(f"{len(samples)} cells, {refused} of them not measured. Written to {output}.")
