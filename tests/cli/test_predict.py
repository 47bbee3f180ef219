"""`vexascope predict` as a person or a script calls it."""

import csv
import errno
import io
import json
from pathlib import Path

import pytest

from app.cli import main
from app.services.analysis import classify_cells
from tests.bundles import write_bundle
from tests.images import cell_jpeg, cell_png, frame_jpeg, zipped
from tests.jobs.test_worker import accept

KEYS = {
    "file",
    "accepted",
    "reason",
    "pmn",
    "probabilities",
    "findings",
    "novelty",
    "unfamiliar",
    "quality",
}


@pytest.fixture
def predict(monkeypatch, capsys, small_bundle):
    """Run the command; gives exit status, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr(
            "sys.argv",
            ["vexascope", "predict", "--bundle", str(small_bundle), *map(str, arguments)],
        )
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        return caught.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.png").write_bytes(cell_png(1))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.jpg").write_bytes(frame_jpeg(2))
    return tmp_path


def test_jsonl_has_one_object_a_file(predict, folder):
    status, out, _ = predict(folder, "--format", "jsonl")
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [record["file"] for record in records] == [
        str(folder / "a.png"),
        str(folder / "sub" / "b.jpg"),
    ]
    for record in records:
        assert set(record) == KEYS
        assert record["accepted"] is True
        assert 0 <= record["pmn"] <= 1
        over = [label for label, value in record["probabilities"].items() if value >= 0.5]
        assert record["findings"] == over
        assert record["quality"]["framing"] in {"tight", "framed"}
        assert record["quality"]["measures"]


@pytest.mark.parametrize(("threshold", "unfamiliar"), [(0.3, True), (0.999, False)])
def test_the_novelty_stands_beside_the_probabilities(predict, folder, threshold, unfamiliar):
    bundle = write_bundle(folder / "novel", novelty_threshold=threshold)
    cell = folder / "a.png"
    _, out, _ = predict(cell, "--bundle", bundle, "--format", "jsonl")
    record = json.loads(out)
    assert 0.3 < record["novelty"] < 0.999
    assert record["unfamiliar"] is unfamiliar
    _, out, _ = predict(cell, "--bundle", bundle, "--format", "csv")
    [row] = csv.DictReader(io.StringIO(out))
    assert float(row["novelty"]) == pytest.approx(record["novelty"], abs=1e-4)
    assert row["unfamiliar"] == ("unfamiliar" if unfamiliar else "")


def test_without_a_threshold_no_novelty_is_said(predict, folder):
    _, out, _ = predict(folder / "a.png", "--format", "jsonl")
    record = json.loads(out)
    assert (record["novelty"], record["unfamiliar"]) == (None, None)


def test_a_refused_file_is_named_and_the_exit_status_is_1(predict, folder):
    (folder / "c.jpg").write_bytes(cell_jpeg(3)[:2000])
    status, out, _ = predict(folder, "--format", "jsonl")
    refused = [record for line in out.splitlines() if not (record := json.loads(line))["accepted"]]
    assert status == 1
    [record] = refused
    assert set(record) == KEYS
    assert record["file"].endswith("c.jpg")
    assert record["reason"].startswith("truncated: ")


def test_archives_are_read_member_by_member(predict, tmp_path):
    (tmp_path / "cells.zip").write_bytes(zipped({"x.png": cell_png(1), "y.png": cell_png(2)}))
    status, out, _ = predict(tmp_path / "cells.zip", "--format", "jsonl")
    assert status == 0
    assert [json.loads(line)["file"][-11:] for line in out.splitlines()] == [
        "s.zip/x.png",
        "s.zip/y.png",
    ]


def test_csv_has_a_heading_and_a_row_a_file(predict, folder):
    status, out, _ = predict(folder, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert len(rows) == 2
    assert 0 <= float(rows[0]["vacuole"]) <= 1


def test_the_table_carries_the_notice(predict, folder):
    status, out, _ = predict(folder)
    assert status == 0
    assert "research use only" in " ".join(out.split())
    assert "a.png" in out


def test_names_with_brackets_stand_in_the_table_as_they_are(predict, tmp_path):
    members = {"x[/b].png": cell_png(1), "[red]y.png": b"no picture"}
    (tmp_path / "cells.zip").write_bytes(zipped(members))
    status, out, _ = predict(tmp_path / "cells.zip")
    assert status == 1
    unfolded = "".join(line.split("│")[1].strip() for line in out.splitlines() if "│" in line)
    assert "x[/b].png" in unfolded
    assert "[red]y.png" in unfolded


def test_a_bomb_is_one_refusal_and_the_run_goes_on(predict, folder):
    bomb = zipped({"x.png": cell_png(3), "x.bmp": bytes(4 * 1024**2)})
    (folder / "b.zip").write_bytes(bomb)
    status, out, _ = predict(folder, "--format", "jsonl")
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert [record["accepted"] for record in records] == [True, False, True]
    assert records[1]["file"] == str(folder / "b.zip")
    assert records[1]["reason"].startswith("too_large: ")


def test_paths_that_cannot_be_read_are_refused_and_the_run_goes_on(predict, folder, monkeypatch):
    locked = folder / "locked.png"
    locked.write_bytes(cell_png(3))
    real = Path.open

    def refuse_the_locked(path, *arguments, **options):
        # The tests may run as root, whom no permission stops.
        if path == locked:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse_the_locked)
    # It opens, but its start cannot be read; and the last name is too long for any file.
    paths = [locked, "/proc/self/mem", "x" * 300, folder / "a.png"]
    status, out, _ = predict(*paths, "--format", "jsonl")
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert [record["file"] for record in records] == [str(path) for path in paths]
    assert [record["accepted"] for record in records] == [False, False, False, True]
    assert records[0]["reason"] == "unreadable: The file cannot be read: Permission denied."
    assert all(record["reason"].startswith("unreadable: ") for record in records[:3])


def test_a_folder_without_files_is_one_sentence(predict, tmp_path):
    (tmp_path / "empty" / "within").mkdir(parents=True)
    status, out, err = predict(tmp_path / "empty")
    assert status == 2
    assert out == ""
    assert "holds no file" in " ".join(err.split())
    assert "Traceback" not in err


def test_the_same_numbers_as_the_server(predict, folder, container):
    """Predicting and accepting are one path: the findings agree to the last digit."""
    (folder / "0.png").write_bytes(cell_png(0))
    _, [cell] = accept(container, [0])
    [stored] = classify_cells([cell], container.classifier, container.blobs).findings
    _, out, _ = predict(folder / "0.png", "--format", "jsonl")
    record = json.loads(out)
    assert record["pmn"] == pytest.approx(stored.pmn_probability, abs=1e-6)
    assert record["probabilities"] == pytest.approx(dict(stored.probabilities), abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.png"], "nowhere.png"),
        ([".", "--bundle", "nowhere"], "manifest.json"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(predict, folder, monkeypatch, arguments, words):
    monkeypatch.chdir(folder)
    status, _, err = predict(*arguments)
    assert status == 2
    assert words in err
    assert "Traceback" not in err
