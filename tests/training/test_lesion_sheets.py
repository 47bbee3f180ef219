"""Contact sheets of drawn abnormalities, and the command that writes them."""

import cv2
import numpy as np
import pytest
from PIL import Image

from app.cli import main
from app.domain.abnormality import Abnormality
from app.domain.errors import DatasetRefused
from app.training.datasets.folder import write_dataset
from app.training.datasets.sample import Dataset, Labels, Sample
from app.training.lesion_sheets import SheetPlan, neutrophils_of, write_sheet
from tests.training.drawing import drawn_neutrophil

PLAN = SheetPlan(cells=2, draws=1, enlargement=1)


def samples_in(folder, pictures, pmn=1.0):
    folder.mkdir(exist_ok=True)
    for number, rgb in enumerate(pictures):
        path = folder / f"cell{number}.png"
        assert cv2.imwrite(str(path), rgb[:, :, ::-1])
        yield Sample(path, Labels(pmn, (0.0,) * len(Abnormality)))


def neutrophils(folder, count=3):
    return tuple(samples_in(folder, [drawn_neutrophil(seed=seed) for seed in range(count)]))


def test_a_sheet_shows_each_cell_untouched_drawn_and_with_its_decoy(tmp_path):
    cells = neutrophils(tmp_path / "in")
    written = write_sheet(cells, Abnormality.VACUOLE, PLAN, tmp_path / "out")
    assert written.name == "lesion-vacuole.png"
    picture = np.asarray(Image.open(written))
    left, drawn, decoy = (picture[34:184, 6 + 156 * column :][:, :150] for column in range(3))
    np.testing.assert_array_equal(left, drawn_neutrophil(seed=0))
    assert (drawn != left).any()
    assert (decoy != left).any()
    assert (drawn != decoy).any()
    same = write_sheet(cells, Abnormality.VACUOLE, PLAN, tmp_path / "again")
    assert same.read_bytes() == written.read_bytes()


def test_only_real_neutrophils_are_drawn_on(tmp_path):
    real = neutrophils(tmp_path, 1)
    edited = [Sample(s.path, s.labels, origin="vacuole") for s in real]
    other = list(samples_in(tmp_path / "other", [drawn_neutrophil()], pmn=0.0))
    assert neutrophils_of([*edited, *other, *real], 0) == list(real)
    with pytest.raises(DatasetRefused, match="no real cell that is known to be a neutrophil"):
        neutrophils_of([*edited, *other], 0)


def test_images_that_are_no_cells_are_refused(tmp_path):
    blank = list(samples_in(tmp_path, [np.full((90, 90, 3), 235, np.uint8)]))
    with pytest.raises(DatasetRefused, match="could not be drawn onto any of 1 neutrophils"):
        write_sheet(blank, Abnormality.NUCLEAR_SPIKE, PLAN, tmp_path / "out")


def test_the_command_writes_one_sheet_for_each_abnormality(tmp_path, monkeypatch, capsys):
    cells = neutrophils(tmp_path / "set", 1)
    drawn = Dataset("drawn", "Apache-2.0", "drawn", "for tests", cells)
    write_dataset(tmp_path / "set", drawn, tmp_path / "set")
    sheets = tmp_path / "sheets"
    command = f"vexascope dataset lesions {tmp_path / 'set'} -o {sheets} --draws 1 --enlarge 1"
    monkeypatch.setattr("sys.argv", command.split())
    with pytest.raises(SystemExit) as caught:
        main()
    assert not caught.value.code
    assert {p.name for p in sheets.iterdir()} == {f"lesion-{a.value}.png" for a in Abnormality}
    assert "4 contact sheets" in capsys.readouterr().out
