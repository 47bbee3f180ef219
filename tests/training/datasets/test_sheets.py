"""Contact sheets show the cells of a label, and the same ones for the same seed."""

import csv

import cv2

from app.training.datasets.check import Pair
from app.training.datasets.sheets import pair_sheet, plan_sheets, write_pairs, write_sheet
from tests.training.datasets.cells import NO_ABNORMALITY, drawn_samples, sample


def test_there_is_a_sheet_for_each_label_and_type_that_occurs(tmp_path):
    cells = drawn_samples(tmp_path, 4)
    marked = sample(cells[0].path, labels=(0.0, 0.0, 1.0, 0.0), cell_type="band neutrophil")
    sheets = {sheet.name: sheet for sheet in plan_sheets([marked, *cells[1:]], seed=0)}
    assert set(sheets) == {"label-pmn", "label-vacuole", "type-band-neutrophil"}
    assert sheets["label-vacuole"].samples == (marked,)
    assert sheets["label-pmn"].title == "pmn: 4 of 4 cells"


def test_a_large_sample_is_drawn_by_the_seed():
    cells = [sample(f"/i/{n:03d}.jpg", labels=NO_ABNORMALITY) for n in range(300)]
    one, again, other = (next(plan_sheets(cells, seed)).samples for seed in (1, 1, 2))
    assert one == again != other
    assert len(set(one)) == 80


def test_a_sheet_shows_the_cells_and_leaves_a_place_for_what_cannot_be_read(tmp_path):
    cells = drawn_samples(tmp_path, 12)
    cells[1].path.write_text("not an image")
    path = write_sheet(next(plan_sheets(cells, 0)), tmp_path / "sheets")
    picture = cv2.imread(str(path))
    assert path.name == "label-pmn.png"
    assert picture.shape[1] > 10 * 128
    # Twelve cells are two rows: something is drawn in the second, and nothing at its right end.
    second = picture[200:320]
    assert (second[:, :250] < 200).any()
    assert (second[:, 400:] == 255).all()
    assert (picture[94, 6 + 134 + 64] == 190).all()


def test_pairs_stand_side_by_side_and_in_a_list(tmp_path):
    one, two = drawn_samples(tmp_path, 2)
    pairs = [Pair(one, two, 0.9, is_copy=False)]
    assert next(pair_sheet(pairs)).samples == (one, two)
    assert list(pair_sheet([])) == []
    with write_pairs(pairs, tmp_path).open(newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["first"], row["likeness"]) == (str(one.path), "0.900")
