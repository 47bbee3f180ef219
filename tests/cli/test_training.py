"""`vexascope train` and `vexascope export`, from a configuration file to a bundle."""

import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="training needs the extra `train` (torch)")

from tests.training.drawing import write_data_set

CONFIG = """
name = "tiny"
version = "1.0.0"
network = "braga-2025"
data_sets = ["data"]
scratch_dir = "scratch"
size_px = 32
workers = 0
edited_copies = 1
edited_per_epoch = 2
others_per_epoch = 2
vacuole_repeat = 1
away_per_centre = 2
novelty = false

[[stages]]
size_px = 32
epochs = 1
batch = 4
"""


def vexascope(folder, *arguments):
    command = [sys.executable, "-c", "from app.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_network_is_trained_once_and_exported_again(tmp_path):
    write_data_set(tmp_path / "data")
    (tmp_path / "tiny.toml").write_text(CONFIG)
    trained = vexascope(tmp_path, "train", "tiny.toml", "--no-int8")
    assert trained.returncode == 0, trained.stderr
    assert (tmp_path / "models/tiny-1.0.0/manifest.json").is_file()

    exported = vexascope(tmp_path, "export", "tiny.toml", "-o", "again", "--no-int8")
    assert exported.returncode == 0, exported.stderr
    assert {path.name for path in (tmp_path / "again").iterdir()} == {
        "CARD.md",
        "manifest.json",
        "model.onnx",
        "screening.json",
    }

    refused = vexascope(tmp_path, "train", "tiny.toml", "--no-int8")
    assert refused.returncode == 2
    assert "exists already" in refused.stderr


def test_an_export_without_a_training_is_refused(tmp_path):
    write_data_set(tmp_path / "data")
    (tmp_path / "tiny.toml").write_text(CONFIG)
    refused = vexascope(tmp_path, "export", "tiny.toml", "--no-int8")
    assert refused.returncode == 2
    assert "nothing was trained there" in " ".join(refused.stderr.split())
    assert not (tmp_path / "models").exists()
