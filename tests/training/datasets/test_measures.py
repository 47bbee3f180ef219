"""One line for each cell, measured or not."""

import csv

import cv2
import numpy as np
import pytest

from app.domain.errors import DatasetRefused
from app.training.datasets.measures import COLUMNS, measures_of, write_measures
from app.training.datasets.sample import UNKNOWN, Labels, Sample
from tests.training.drawing import drawn_neutrophil

LABELS = Labels(1.0, (UNKNOWN,) * 4)


def samples(folder):
    blank = np.full((90, 90, 3), 240, np.uint8)
    for name, rgb in (("a.png", drawn_neutrophil()), ("b.png", blank)):
        cv2.imwrite(str(folder / name), rgb[:, :, ::-1])
        yield Sample(folder / name, LABELS, cell_type="neutrophil")


def test_each_cell_has_a_line(tmp_path):
    path = tmp_path / "measures.csv"
    refused = write_measures(path, measures_of(samples(tmp_path), tmp_path))
    with path.open(newline="", encoding="utf-8") as file:
        measured, blank = csv.DictReader(file)
    assert refused == 1
    assert tuple(measured) == COLUMNS
    assert measured["path"] == "a.png"
    assert measured["not_measured"] == ""
    assert int(measured["lobe_count"]) >= 1
    assert 0.1 < float(measured["nucleus_share"]) < 0.6
    assert blank["not_measured"].startswith("Nucleus and cytoplasm")
    assert blank["lobe_count"] == ""


def test_no_file_is_overwritten(tmp_path):
    path = tmp_path / "measures.csv"
    path.write_text("mine")
    with pytest.raises(DatasetRefused, match="exists already"):
        write_measures(path, iter(()))
    assert path.read_text() == "mine"
