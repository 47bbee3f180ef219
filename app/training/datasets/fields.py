"""Importer of single cells in published fields of view (TXL-PBC and BCCD), named by eye.

Both sources box leukocytes without saying which kind. `fields.csv`, packaged beside this module,
says it for some of them. Two developers read the cells, no haematologist: good enough to see how
PMN are told from other cells under other stains and cameras, and for nothing else.

Sources: BCCD dataset (MIT); TXL-PBC dataset (MIT), which mixes several.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.domain.abnormality import Abnormality
from app.domain.cell import Box
from app.domain.errors import DatasetRefused
from app.training.datasets.sample import UNKNOWN, Dataset, Labels, Reading, Sample, Split

CELLS_CSV = Path(__file__).with_name("fields.csv")
UNSURE = "unsure"
PMN_TYPES = {"neutrophil", "segmented neutrophil", "band neutrophil"}
IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"}

_READERS = {"reader_a": "A", "reader_b": "B"}


@dataclass(frozen=True)
class NamedCells:
    """The cells whose images were found, and how many were left out."""

    samples: tuple[Sample, ...]
    readings: tuple[Reading, ...]
    unsure: int
    without_image: int


def read_fields(root: Path, cells_csv: Path = CELLS_CSV) -> NamedCells:
    """Find the images of the named cells below a folder.

    Raises
    ------
    DatasetRefused
        If not one image is there, or the list of cells is damaged.
    """
    if not root.is_dir():
        raise DatasetRefused(f"{root} is not a folder. Name the one that holds txl_pbc/ or bccd/.")
    with cells_csv.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    named = [row for row in rows if row["cell_type"] != UNSURE]
    found = _images(root)
    placed = [(row, path) for row in named if (path := _image(row["file"], root, found))]
    samples = tuple(_sample(row, path) for row, path in placed)
    if not samples:
        raise DatasetRefused(
            f"{root} holds none of the images of the {len(named)} named cells. "
            "Name the folder that holds txl_pbc/ or bccd/ with their images."
        )
    left_out = (len(rows) - len(named), len(named) - len(samples))
    return NamedCells(samples, tuple(_readings(placed)), *left_out)


def dataset_of(named: NamedCells) -> Dataset:
    """Say what the data set is."""
    return Dataset(
        name="fields",
        licence="MIT",
        source="TXL-PBC dataset; BCCD dataset",
        description=(
            "Single leukocytes boxed in published fields of view. The type of each cell was read "
            "by eye by two developers, who are not haematologists; cells on which they did not "
            "agree are left out. PMN or not is known, the four abnormalities are not. No patient "
            "is named."
        ),
        samples=named.samples,
        readings=named.readings,
    )


def _images(root: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() in IMAGE_SUFFIXES:
            found[path.name].append(path)
    return found


def _sample(row: dict[str, str], path: Path) -> Sample:
    return Sample(
        path,
        _labels(row["cell_type"]),
        centre=row["centre"],
        split=Split(row["split"]) if row["split"] else None,
        cell_type=row["cell_type"],
        box=Box(*(int(row[edge]) for edge in ("left", "top", "right", "bottom"))),
    )


def _labels(cell_type: str) -> Labels:
    """Nobody looked for the abnormalities."""
    pmn = UNKNOWN if cell_type == UNSURE else float(cell_type in PMN_TYPES)
    return Labels(pmn, (UNKNOWN,) * len(Abnormality))


def _readings(placed: list[tuple[dict[str, str], Path]]) -> Iterator[Reading]:
    """Yield both readers' opinions of images with one cell: a reading names its image alone."""
    cells = Counter(path for _, path in placed)
    for row, path in placed:
        if cells[path] == 1:
            for column, reader in _READERS.items():
                yield Reading(path, reader, _labels(row[column]))


def _image(file: str, root: Path, found: dict[str, list[Path]]) -> Path | None:
    """Take the listed path or, where the folder was arranged anew, the only file of that name."""
    if (root / file).is_file():
        return root / file
    same_name = found.get(Path(file).name, [])
    return same_name[0] if len(same_name) == 1 else None
