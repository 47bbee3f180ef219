"""Cells of published fields of view, named by eye."""

import csv

import numpy as np
import pytest

from app.domain.cell import Box
from app.domain.errors import DatasetRefused
from app.training.datasets.fields import CELLS_CSV, read_fields
from app.training.datasets.sample import Split
from tests.training.datasets.cells import write_fields


def test_the_type_decides_pmn_and_nothing_else_is_known(tmp_path):
    named = read_fields(*write_fields(tmp_path))
    assert [(s.cell_type, s.labels.pmn) for s in named.samples] == [
        ("neutrophil", 1),
        ("lymphocyte", 0),
    ]
    assert all(np.isnan(s.labels.abnormalities).all() for s in named.samples)
    assert named.samples[0].box == Box(100, 90, 250, 260)
    assert named.samples[0].centre == "Somewhere, TXL"
    assert (named.unsure, named.without_image) == (1, 0)


def test_both_readers_are_kept_for_their_agreement(tmp_path):
    readings = read_fields(*write_fields(tmp_path)).readings
    assert [(r.reader, r.labels.pmn) for r in readings] == [("A", 1), ("B", 0), ("A", 0), ("B", 0)]


def test_images_are_found_by_name_in_another_arrangement(tmp_path):
    folder, listing = write_fields(tmp_path / "a")
    (folder / "txl_pbc" / "images" / "train").rename(tmp_path / "flat")
    (tmp_path / "flat" / "frame1.jpg").unlink()
    named = read_fields(tmp_path / "flat", listing)
    assert [s.path.name for s in named.samples] == ["frame0.jpg"]
    assert named.without_image == 1


def test_a_folder_without_the_images_is_refused(tmp_path):
    with pytest.raises(DatasetRefused, match="holds none of the images"):
        read_fields(tmp_path)


def test_the_packaged_list_can_be_read():
    with CELLS_CSV.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    boxes = [Box(*(int(row[edge]) for edge in ("left", "top", "right", "bottom"))) for row in rows]
    assert rows
    assert all(box.width > 0 and box.height > 0 for box in boxes)
    assert {row["split"] for row in rows} <= set(Split)
    # A frame may show several cells: all of them lie on one side.
    sides = {row["file"]: set() for row in rows}
    for row in rows:
        sides[row["file"]].add(row["split"])
    assert all(len(side) == 1 for side in sides.values())
