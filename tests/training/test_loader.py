"""What one epoch is drawn from."""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra `train` (torch)")

from app.training.config import load_config
from app.training.datasets.folder import read_dataset
from app.training.datasets.sample import Split
from app.training.loader import divide, home, stain_profiles
from tests.training.drawing import write_data_set

CONFIG = Path(__file__).parents[2] / "app/training/configs/pmn-lite0.toml"


@pytest.fixture
def cells(tmp_path):
    return list(read_dataset(write_data_set(tmp_path / "data")).samples)


def test_only_the_training_split_teaches(cells):
    data = divide(cells, [])
    assert {s.split for s in (*data.neutrophils, *data.others)} == {Split.TRAIN}


def test_every_pmn_is_one_type(cells):
    assert divide(cells, []).types == ("lymphocyte", "monocyte", "neutrophil")


def test_other_centres_and_vacuoles_are_repeated(cells):
    data = divide(cells, [])
    config = replace(load_config(CONFIG), others_per_epoch=2, vacuole_repeat=4, away_per_centre=5)
    epoch = data.epoch(config, 0)
    assert home(cells) == "drawing room"
    assert sum(s.centre == "elsewhere" for s in epoch) == 5
    vacuolated = [s for s in epoch if s.labels.array()[3] == 1]
    assert len(vacuolated) == 4
    assert sum(s.labels.pmn == 0 and s.centre == "drawing room" for s in epoch) == 2
    assert epoch == data.epoch(config, 0)
    assert epoch != data.epoch(config, 1)


def test_stains_are_measured_in_every_centre(cells):
    data = divide(cells, [])
    near = [s for s in data.neutrophils if s.centre == "drawing room"]
    assert len(stain_profiles(data, 1)) > len(near)
