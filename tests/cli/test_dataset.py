"""`vexascope dataset` as a laboratory calls it."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import main
from app.training.datasets import fields
from app.training.datasets.folder import Split, read_dataset, write_dataset
from tests.training.datasets.cells import (
    cell,
    dataset_of,
    drawn_samples,
    sample,
    write_fields,
    write_image,
    write_mendeley,
    write_pbc,
)


@pytest.fixture
def dataset(monkeypatch, capsys, tmp_path):
    """Run the command in an empty folder; gives exit status, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["vexascope", "dataset", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        # Errors are wrapped to the width of a terminal.
        return caught.value.code or 0, captured.out, " ".join(captured.err.split())

    return run


def files_in(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_healthy_cells_are_imported_beside_and_checked(dataset, tmp_path):
    source = write_pbc(tmp_path / "source")
    before = files_in(source)
    status, out, _ = dataset("import", "pbc", source)
    assert status == 0
    assert "healthy donor" in out
    assert "train: 4 cells; val: 4 cells" in out
    imported = read_dataset(tmp_path / "pbc")
    assert [s.path.parent for s in imported.samples] == [source / "images"] * 8
    assert files_in(source) == before
    status, out, _ = dataset("check", "pbc", "-o", "sheets")
    assert status == 0
    assert "Cells without a patient: 8 of 8" in out
    assert {path.name for path in Path("sheets").iterdir()} == {
        "label-pmn.png",
        "label-vacuole.png",
        "near-duplicates.csv",
        "type-lymphocyte.png",
        "type-segmented-neutrophil.png",
    }


def test_copied_images_need_no_source(dataset, tmp_path):
    source = write_pbc(tmp_path / "source")
    assert dataset("import", "pbc", source, "--copy", "-o", "set")[0] == 0
    source.rename(tmp_path / "gone")
    copies = [s.path for s in read_dataset(tmp_path / "set").samples]
    originals = sorted((tmp_path / "gone" / "images").iterdir())
    assert [p.read_bytes() for p in sorted(copies)] == [p.read_bytes() for p in originals]


def test_nothing_is_written_into_the_source_or_over_something(dataset, tmp_path):
    source = write_pbc(tmp_path / "pbc")
    before = files_in(source)
    status, _, err = dataset("import", "pbc", source)
    assert status == 2
    assert "lies in the source, which is never written to" in err
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine")
    status, _, err = dataset("import", "pbc", source, "-o", "taken")
    assert status == 2
    assert "taken exists already" in err
    assert files_in(source) == before


def test_the_published_set_is_shown_before_it_is_written(dataset, tmp_path):
    source = write_mendeley(tmp_path / "source")
    status, out, err = dataset("import", "vexas-mendeley", source)
    assert status == 2
    assert "add --yes" in err
    assert not (tmp_path / "vexas-mendeley").exists()
    assert "column B: letter B, nuclear_spike" in out
    assert "normal exactly where nothing else is found: 100.0%" in out
    assert "VEXAS: 12 cells fit, 0 do not" in out
    assert "MDS: 0 cells fit, 12 do not" in out
    assert "4, with 6 to 6 cells each (24 cells; published: 9514 of 64)" in out
    assert "train/vexas00_000.jpg: patient vexas00, group VEXAS" in out


def test_the_published_set_is_written_with_yes(dataset, tmp_path):
    source = write_mendeley(tmp_path / "source")
    status, _, _ = dataset("import", "vexas-mendeley", source, "--yes", "--centre", "Paris")
    assert status == 0
    imported = read_dataset(tmp_path / "vexas-mendeley")
    assert {(s.centre, s.group) for s in imported.samples} == {("Paris", "VEXAS"), ("Paris", "MDS")}
    assert "V vacuole" in imported.description


def test_a_patient_on_both_published_sides_is_warned_of(dataset, tmp_path):
    source = write_mendeley(tmp_path / "source")
    lines = (source / "test.csv").read_text()
    write_image(source / "test" / "vexas00_900.jpg", cell(900))
    (source / "test.csv").write_text(lines + "./test/vexas00_900.jpg,1,0,0,0,0,MDS\n")
    status, out, _ = dataset("import", "vexas-mendeley", source, "--yes")
    assert status == 0
    assert "Warning: 1 patients lie in train and test" in out
    assert "MDS: 1 cells fit, 12 do not  (both: the pattern or the group is wrong)" in out
    status, out, _ = dataset("check", "vexas-mendeley")
    assert status == 1
    assert "Error: Patients in more than one split: 1\n  vexas00\n" in out
    assert dataset("split", "vexas-mendeley", "-o", "divided")[0] == 0
    assert dataset("check", "divided")[0] == 0


@pytest.mark.parametrize(("answer", "is_written"), [("y", True), ("n", False)])
def test_a_terminal_is_asked(tmp_path, answer, is_written):
    source = write_mendeley(tmp_path / "source", patients=2, cells=5)
    ours, theirs = pty.openpty()
    code = "from app.cli import main; main()"
    arguments = ["dataset", "import", "vexas-mendeley", str(source), "-o", str(tmp_path / "out")]
    command = [sys.executable, "-c", code, *arguments]
    os.write(ours, f"{answer}\n".encode())
    try:
        done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Is this right?" in done.stdout
    assert done.returncode == (0 if is_written else 1)
    assert (tmp_path / "out").exists() == is_written


def test_fields_of_view_are_imported_with_their_readers(dataset, tmp_path, monkeypatch):
    source, listing = write_fields(tmp_path / "source")
    monkeypatch.setattr(fields.read_fields, "__defaults__", (listing,))
    status, out, _ = dataset("import", "fields", source, "--copy")
    assert status == 0
    assert "1 cells that the readers did not agree on" in out
    imported = read_dataset(tmp_path / "fields")
    assert [s.box is not None for s in imported.samples] == [True, True]
    assert len(imported.readings) == 4
    assert "not haematologists" in imported.description


def test_a_broken_data_set_fails_the_check(dataset, tmp_path):
    one, two, three = drawn_samples(tmp_path / "set", 3, patient="P1", split=Split.TRAIN)
    copy = sample(write_image(tmp_path / "set" / "x.jpg", cell(2)), "P2", split=Split.TEST)
    write_dataset(tmp_path / "set", dataset_of([one, two, three, copy]), tmp_path / "set")
    one.path.write_text("not an image")
    two.path.unlink()
    status, out, _ = dataset("check", "set")
    assert status == 1
    assert "Lines that cannot be read: 1\n  dataset.csv line 3: cell1.jpg does not exist" in out
    assert "Images that cannot be read: 1" in out
    assert "Pairs of images in different splits with the same pixels: 1" in out
    assert "cell2.jpg (train) and x.jpg (test)" in out
    assert "No error was found" not in out


def cohort(folder, centres=("Paris", "Nice")):
    samples = [
        sample(
            write_image(folder / f"{n}.jpg", cell(n)), f"P{n // 2}", "VEXAS", centres[n % 4 // 2]
        )
        for n in range(16)
    ]
    write_dataset(folder, dataset_of(samples), folder)


def test_splits_are_by_patient_and_leave_the_images(dataset, tmp_path):
    cohort(tmp_path / "set")
    before = files_in(tmp_path / "set")
    shares = ("--train", "0.5", "--val", "0.25", "--test", "0.25")
    status, out, err = dataset("split", "set", "-o", "out", *shares)
    assert (status, err) == (0, "")
    assert "train: 8 cells of 4 patients; val: 4 cells of 2 patients; test: 4 cells" in out
    assert files_in(tmp_path / "set") == before
    assert len(read_dataset(tmp_path / "out").samples) == 16


def test_each_centre_is_left_out_once(dataset, tmp_path):
    cohort(tmp_path / "set")
    assert dataset("split", "set", "-o", "folds", "--leave-one-centre-out")[0] == 0
    for centre in ("Paris", "Nice"):
        fold = read_dataset(tmp_path / "folds" / f"without-{centre.lower()}")
        assert {s.centre for s in fold.samples if s.split is Split.TEST} == {centre}
    assert dataset("split", "set", "-o", "one", "--leave-out-centre", "Nice")[0] == 0
    one = read_dataset(tmp_path / "one")
    assert {s.centre for s in one.samples if s.split is Split.TEST} == {"Nice"}


def test_two_ways_to_choose_the_test_are_refused(dataset, tmp_path):
    cohort(tmp_path / "set")
    ways = ("--keep-test", "--leave-one-centre-out")
    status, _, err = dataset("split", "set", "-o", "out", *ways)
    assert status == 2
    assert "Choose one of" in err


def test_a_split_without_patients_is_warned_of_loudly(dataset, tmp_path):
    samples = drawn_samples(tmp_path / "set", 8)
    write_dataset(tmp_path / "set", dataset_of(samples), tmp_path / "set")
    status, _, err = dataset("split", "set", "-o", "out")
    assert status == 0
    assert "WARNING: 8 of 8 cells name no patient" in err
    assert "Figures measured on such a split are too good" in err
