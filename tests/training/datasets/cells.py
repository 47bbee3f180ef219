"""Small data sets of drawn cells in the layouts that the importers read."""

import csv
from functools import cache
from pathlib import Path

import cv2

from app.domain.abnormality import Abnormality
from app.imaging.synthetic import CellKind, SyntheticCell, render_cell, render_frame
from app.training.datasets.sample import UNKNOWN, Dataset, Labels, Sample, Split

NO_ABNORMALITY = (0.0,) * len(Abnormality)
NOT_LOOKED_FOR = (UNKNOWN,) * len(Abnormality)


@cache
def cell(seed, kind=CellKind.PMN):
    """A drawn cell, cut tight: (height, width, 3) RGB."""
    return render_cell(SyntheticCell(seed=seed, kind=kind))


def write_image(path: Path, rgb, quality=95):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return path


def write_rows(path: Path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def sample(path, patient="", group="", centre="", split=None, labels=NO_ABNORMALITY, **more):
    """A PMN without abnormalities, unless said otherwise."""
    return Sample(
        Path(path),
        Labels(1.0, labels),
        patient=patient,
        group=group,
        centre=centre,
        split=split,
        **more,
    )


def drawn_samples(folder: Path, cells=6, **values):
    """Different drawn cells, on files."""
    return [
        sample(write_image(folder / f"cell{seed}.jpg", cell(seed)), **values)
        for seed in range(cells)
    ]


def dataset_of(samples, name="drawn", readings=()):
    return Dataset(name, "Apache-2.0", "drawn", "for tests", tuple(samples), tuple(readings))


def write_pbc(folder: Path, cells=4):
    """The layout of pbc/: cells.csv and images/; every second cell is a lymphocyte."""
    rows = []
    for split in (Split.TRAIN, Split.VAL):
        for number in range(cells):
            seed = number + (100 if split is Split.VAL else 0)
            kind = CellKind.LYMPHOCYTE if number % 2 else CellKind.PMN
            name = f"{split}{number}.jpg"
            write_image(folder / "images" / name, cell(seed, kind))
            rows.append(
                {
                    "file": name,
                    "frame": name,
                    "cell_type": "lymphocyte" if number % 2 else "segmented neutrophil",
                    "split": split.value,
                    "nucleus_shape": "unsegmented-round" if number == 2 else "segmented-bilobed",
                    "cytoplasm_vacuole": "yes" if number == 0 else "no",
                    "granularity": "yes",
                }
            )
    write_rows(folder / "cells.csv", rows)
    return folder


LETTERS = {
    "B": Abnormality.NUCLEAR_SPIKE,
    "D": Abnormality.HYPOGRANULARITY,
    "N": None,
    "P": Abnormality.PSEUDO_PELGER,
    "V": Abnormality.VACUOLE,
}


def write_mendeley(folder: Path, names=tuple("BDNPV"), patients=4, cells=6):
    """The published layout; half of the patients are UBA1-mutated, patient 3 is in the test."""
    rows = {"train": [], "test": []}
    for patient in range(patients):
        side = "test" if patient == patients - 1 else "train"
        sample_id = f"vexas{patient:02d}" if patient % 2 == 0 else f"ctrl{patient:02d}"
        for number in range(cells):
            path = f"{side}/{sample_id}_{number:03d}.jpg"
            write_image(folder / path, cell(10 * patient + number))
            shown = list(LETTERS)[number % 5]
            values = {
                name: int(letter == shown) for name, letter in zip(names, "BDNPV", strict=True)
            }
            group = "VEXAS" if patient % 2 == 0 else "MDS"
            rows[side].append({"path": f"./{path}", **values, "group": group})
    for side, found in rows.items():
        write_rows(folder / f"{side}.csv", found)
    return folder


def write_fields(folder: Path):
    """Two frames with a cell each, in folders as published; gives the folder and its list."""
    rows = []
    for number, cell_type in enumerate(("neutrophil", "lymphocyte", "unsure")):
        file = f"txl_pbc/images/train/frame{number}.jpg"
        write_image(folder / file, render_frame(SyntheticCell(seed=number), 360, 363))
        rows.append(
            {
                "file": file,
                "left": 100,
                "top": 90,
                "right": 250,
                "bottom": 260,
                "cell_type": cell_type,
                "split": "test",
                "centre": "Somewhere, TXL",
                "reader_a": cell_type,
                "reader_b": "lymphocyte",
            }
        )
    listing = folder / "list.csv"
    write_rows(listing, rows)
    return folder, listing
