"""Importer of "PBC dataset normal DIB" with the attributes of WBCAtt: cells of healthy donors.

The folder holds `images/` and `cells.csv` with the columns `file, frame, cell_type, split,
nucleus_shape, cytoplasm_vacuole, ...`. The split is by frame (one frame, one cell here). No
patient identifiers exist, so cells of one donor may lie on both sides of it.

Sources: Acevedo et al. 2020 (doi 10.1016/j.dib.2020.105474); Tsutsui et al., NeurIPS 2023.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.domain.abnormality import Abnormality
from app.domain.errors import DatasetRefused
from app.imaging.protrusions import clearly_smooth
from app.imaging.segmentation import segment
from app.training.datasets.sample import UNKNOWN, Dataset, Labels, Sample, Split, read_rgb

GROUP = "healthy donor"
CENTRE = "Barcelona"

_COLUMNS = ("file", "cell_type", "split", "nucleus_shape", "cytoplasm_vacuole")
_NEUTROPHILS = {"segmented neutrophil", "band neutrophil", "neutrophil"}


@dataclass(frozen=True)
class Record:
    """One line of `cells.csv`."""

    path: Path
    cell_type: str
    split: Split
    nucleus_shape: str
    vacuole: str

    @property
    def is_pmn(self) -> bool:
        """Segmented or band; metamyelocytes and what comes before them are not."""
        return self.cell_type in _NEUTROPHILS


def read_records(root: Path) -> list[Record]:
    """Read every cell of the data set in `root`.

    Raises
    ------
    DatasetRefused
        If `cells.csv` is missing, or lacks a column or a valid split.
    """
    path = root / "cells.csv"
    if not path.is_file():
        raise DatasetRefused(f"{path} does not exist. Name the folder that holds cells.csv.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise DatasetRefused(f"{path} lacks the columns {', '.join(missing)}.")
        return [_record(root, row, rows.line_num) for row in rows]


def _record(root: Path, row: dict[str, str], line: int) -> Record:
    if row["split"] not in set(Split):
        found = f"{root / 'cells.csv'} line {line}: split is {row['split']!r}"
        raise DatasetRefused(f"{found}. It must be {', '.join(Split)}.")
    return Record(
        path=root / "images" / row["file"],
        cell_type=row["cell_type"],
        split=Split(row["split"]),
        nucleus_shape=row["nucleus_shape"],
        vacuole=row["cytoplasm_vacuole"],
    )


def samples_of(records: list[Record]) -> Iterator[Sample]:
    """Yield each cell with all that is known of it; each neutrophil is outlined (0.01 s or so)."""
    for record in records:
        yield Sample(
            record.path,
            label(record),
            group=GROUP,
            centre=CENTRE,
            split=record.split,
            cell_type=record.cell_type,
        )


def dataset_of(samples: tuple[Sample, ...]) -> Dataset:
    """Say what the data set is."""
    return Dataset(
        name="pbc",
        licence="CC BY 4.0 (images), MIT (attributes)",
        source=(
            "Acevedo et al. 2020, PBC dataset normal DIB (doi 10.1016/j.dib.2020.105474); "
            "Tsutsui et al. 2023, WBCAtt"
        ),
        description=(
            "Single leukocytes of healthy donors, May-Gruenwald Giemsa, CellaVision DM96, "
            "Barcelona. Vacuoles were annotated. Hypogranularity and pseudo-Pelger are 0 because "
            "the donors are healthy (unknown where the nucleus is one round body); nuclear spikes "
            "are 0 where the outline of the nucleus shows no protrusion, else unknown. No patient "
            "is named: cells of one donor may lie on both sides of the split."
        ),
        samples=samples,
    )


def label(record: Record) -> Labels:
    """Say what is known of an untouched cell of a healthy donor."""
    if not record.is_pmn:
        return Labels(0.0, (UNKNOWN,) * len(Abnormality))
    known = {
        Abnormality.PSEUDO_PELGER: _pelger(record),
        Abnormality.NUCLEAR_SPIKE: _spike(record),
        Abnormality.VACUOLE: {"yes": 1.0, "no": 0.0}.get(record.vacuole, UNKNOWN),
        Abnormality.HYPOGRANULARITY: 0.0,
    }
    return Labels(1.0, tuple(known[each] for each in Abnormality))


def _pelger(record: Record) -> float:
    """Healthy donors have none, but a round nucleus cannot serve as an example of that."""
    return UNKNOWN if record.nucleus_shape == "unsegmented-round" else 0.0


def _spike(record: Record) -> float:
    """About one healthy neutrophil in nine has a small appendage: only clear outlines count."""
    return 0.0 if clearly_smooth(segment(read_rgb(record.path))) else UNKNOWN
