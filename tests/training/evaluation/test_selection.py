"""Which split is taken, and whether the bundle was made with it."""

from pathlib import Path

import pytest

from app.domain.errors import DatasetRefused
from app.training.datasets.folder import Dataset, Labels, Sample, Split
from app.training.evaluation.selection import Choice, judge_independence, select

UNKNOWN = float("nan")


def dataset(*splits, name="cells of Lyon"):
    samples = tuple(
        Sample(Path(f"{i}.png"), Labels(1, (UNKNOWN,) * 4), split=split)
        for i, split in enumerate(splits)
    )
    return Dataset(name, "", "", "", samples)


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        ([Split.TRAIN, Split.VAL, Split.TEST], Choice.TEST),
        ([Split.TRAIN, Split.VAL, None], Choice.VAL),
        ([Split.TRAIN, None], Choice.ALL),
    ],
)
def test_the_most_independent_split_is_the_default(splits, expected):
    selection = select(dataset(*splits), None)
    assert selection.split is expected
    assert len(selection.samples) == (len(splits) if expected is Choice.ALL else 1)


def test_a_wanted_split_without_cells_is_refused_with_those_that_are_there():
    with pytest.raises(DatasetRefused, match="it has: train, val"):
        select(dataset(Split.TRAIN, Split.VAL), Choice.TEST)


@pytest.mark.parametrize(
    ("name", "split", "training", "alarming", "says"),
    [
        ("cells of Lyon", Choice.TRAIN, [], True, "TRAINING"),
        ("cells of Lyon", Choice.VAL, [{"name": "Lyon"}], True, "CHOSEN ON"),
        ("Lyon", Choice.ALL, [{"name": "Cells of Lyon, 2024 (training split)"}], True, "CHOSEN ON"),
        ("Lyon", Choice.TEST, [{"name": "Lyon 2024"}], False, "within one source"),
        ("Lyon", Choice.TEST, [{"name": "Lyon", "split": "test"}], True, "CHOSEN ON"),
        ("Lyon", Choice.VAL, [{"name": "Paris"}], False, "does not name"),
    ],
)
def test_cells_that_the_bundle_was_made_with_raise_an_alarm(name, split, training, alarming, says):
    judged = judge_independence(dataset(name=name), split, {"training_data": training})
    assert judged.alarming is alarming
    assert says in judged.sentence


def test_calibration_data_count_as_well():
    manifest = {"training_data": [], "calibration_data": [{"name": "Lyon", "split": "val"}]}
    assert judge_independence(dataset(name="Lyon"), Choice.VAL, manifest).alarming
