"""Importer of single cells in published fields of view (TXL-PBC and BCCD), named by eye.

Both sources box leukocytes without saying which kind. `fields.csv`, packaged beside this module,
says it for some of them. Two developers read the cells, no haematologist: good enough to see how
PMN are told from other cells under other stains and cameras, and for nothing else.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.domain.abnormality import Abnormality
from app.domain.cell import Box
from app.domain.errors import DatasetRefused
from app.training.datasets.sample import UNKNOWN, Labels, Sample, Split

CELLS_CSV = Path(__file__).with_name("fields.csv")
UNSURE = "unsure"
PMN_TYPES = {"neutrophil", "segmented neutrophil", "band neutrophil"}
IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"}

_UNKNOWN_ABNORMALITIES = (UNKNOWN,) * len(Abnormality)


@dataclass(frozen=True)
class NamedCells:
    """The cells whose images were found, and how many were left out."""

    samples: tuple[Sample, ...]
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
    samples = tuple(_samples(named, root, found))
    if not samples:
        raise DatasetRefused(
            f"{root} holds none of the images of the {len(named)} named cells. "
            "Name the folder that holds txl_pbc/ or bccd/ with their images."
        )
    return NamedCells(samples, len(rows) - len(named), len(named) - len(samples))


def _images(root: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() in IMAGE_SUFFIXES:
            found[path.name].append(path)
    return found


def _samples(
    rows: list[dict[str, str]], root: Path, found: dict[str, list[Path]]
) -> Iterator[Sample]:
    for row in rows:
        path = _image(row["file"], root, found)
        if path is None:
            continue
        yield Sample(
            path,
            Labels(1.0 if row["cell_type"] in PMN_TYPES else 0.0, _UNKNOWN_ABNORMALITIES),
            centre=row["centre"],
            split=Split(row["split"]) if row["split"] else None,
            cell_type=row["cell_type"],
            box=Box(*(int(row[edge]) for edge in ("left", "top", "right", "bottom"))),
        )


def _image(file: str, root: Path, found: dict[str, list[Path]]) -> Path | None:
    """Take the listed path or, where the folder was arranged anew, the only file of that name."""
    if (root / file).is_file():
        return root / file
    same_name = found.get(Path(file).name, [])
    return same_name[0] if len(same_name) == 1 else None
