"""The measured geometry of a data set's cells as a table."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from pathlib import Path

from app.domain.errors import DatasetRefused
from app.imaging.morphometry import Morphometry, NotMeasured, examine
from app.training.datasets.sample import Sample, read_crop

BOX_COLUMNS = ("left", "top", "right", "bottom")
COLUMNS = (
    "path",
    *BOX_COLUMNS,
    "cell_type",
    "not_measured",
    *(field.name for field in fields(Morphometry)),
)
"""`not_measured` holds the reason; units are those of `Morphometry`."""


def measures_of(samples: Iterable[Sample], image_root: Path) -> Iterator[dict[str, object]]:
    """Yield one row for each cell.

    Raises
    ------
    DatasetRefused
        If an image cannot be read.
    """
    for sample in samples:
        row: dict[str, object] = {
            "path": sample.path.relative_to(image_root).as_posix(),
            "cell_type": sample.cell_type,
        }
        if sample.box is not None:
            row |= {name: getattr(sample.box, name) for name in BOX_COLUMNS}
        examined = examine(read_crop(sample))
        if isinstance(examined, NotMeasured):
            yield row | {"not_measured": examined.reason}
        else:
            yield row | {name: _text(v) for name, v in asdict(examined.morphometry).items()}


def write_measures(path: Path, rows: Iterable[dict[str, object]]) -> int:
    """Write the rows to a new file; return how many cells could not be measured.

    Raises
    ------
    DatasetRefused
        If the file exists already, or its folder does not.
    """
    if path.exists():
        raise DatasetRefused(f"{path} exists already. Name a new file, or remove it.")
    if not path.parent.is_dir():
        raise DatasetRefused(f"The folder {path.parent} does not exist. Make it first.")
    refused = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            refused += "not_measured" in row
            writer.writerow(row)
    return refused


def _text(value: float | None) -> object:
    """Four significant digits; an empty field where there is no neck to measure."""
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else value
