"""Pictures that are no neutrophils."""

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="novelty needs the extra `train` (torch)")

from app.domain.errors import DatasetRefused
from app.training.novelty.outsiders import (
    drawn_outsiders,
    photographs,
    smear_outsiders,
    smudged,
)
from tests.training.drawing import drawn_neutrophil

RED_CELL, PLATELET, LEUKOCYTE = (230, 120, 120), (120, 60, 200), (40, 10, 90)


def test_drawn_pictures_differ_and_obey_their_seed():
    one, same, other = (drawn_outsiders(4, seed) for seed in (1, 1, 2))
    assert set(one) == {"noise", "text", "plain colour", "drawn shapes"}
    for kind, pictures in one.items():
        assert all(p.shape == (160, 160, 3) and p.dtype == np.uint8 for p in pictures)
        assert len({p.tobytes() for p in pictures}) == 4
        for a, b, c in zip(pictures, same[kind], other[kind], strict=True):
            np.testing.assert_array_equal(a, b)
            assert (a != c).any()


def test_a_smudge_keeps_the_colour_and_loses_the_structure():
    cells = [drawn_neutrophil(seed=number) for number in range(6)]
    for cell, smudge in zip(cells, smudged(cells, seed=3), strict=True):
        assert smudge.shape == cell.shape
        assert smudge.dtype == np.uint8
        assert np.abs(smudge.mean((0, 1)) - cell.mean((0, 1))).max() < 40
        assert cv2.Laplacian(smudge, cv2.CV_64F).std() < cv2.Laplacian(cell, cv2.CV_64F).std() / 2


def test_photographs_are_squares_of_any_size():
    pytest.importorskip("sklearn", reason="the photographs come with scikit-learn")
    pictures = photographs(6, seed=1)
    assert all(p.shape[0] == p.shape[1] and p.shape[2] == 3 for p in pictures)
    assert len({p.shape for p in pictures}) > 1


@pytest.fixture
def fields(tmp_path):
    """Fields with a leukocyte, two red cells (one of them touching it) and a platelet."""
    for part in ("images/train", "labels/train"):
        (tmp_path / part).mkdir(parents=True)
    for number in range(5):
        rgb = np.full((200, 300, 3), 240, np.uint8)
        rgb[60:140, 100:180] = LEUKOCYTE
        rgb[20:60, 20:60] = RED_CELL
        rgb[100:140, 170:210] = RED_CELL
        rgb[160:176, 250:266] = PLATELET
        cv2.imwrite(str(tmp_path / f"images/train/{number}.jpg"), rgb[:, :, ::-1])
        boxes = {
            (100, 60, 180, 140): 0,
            (20, 20, 60, 60): 1,
            (170, 100, 210, 140): 1,
            (250, 160, 266, 176): 2,
        }
        lines = [f"{kind} {_yolo(*box)}" for box, kind in boxes.items()]
        (tmp_path / f"labels/train/{number}.txt").write_text("\n".join(lines))
    (tmp_path / "labels/train/classes.txt").write_text("WBC\nRBC\nPlatelets\n")
    return tmp_path


def _yolo(left, top, right, bottom):
    """Middle and size as shares of 300 x 200 px."""
    middle = f"{(left + right) / 600} {(top + bottom) / 400}"
    return f"{middle} {(right - left) / 300} {(bottom - top) / 200}"


def test_cells_and_ground_are_cut_apart_from_every_leukocyte(fields):
    found = smear_outsiders(fields, 5, seed=1)
    assert {kind: len(cuts) for kind, cuts in found.items()} == {
        "red cells": 5,
        "platelets": 5,
        "ground": 5,
    }
    for cut in found["red cells"]:
        assert cut.shape == (40, 40, 3)
        np.testing.assert_allclose(cut.mean((0, 1)), RED_CELL, atol=12)
    for cut in found["platelets"]:
        np.testing.assert_allclose(cut.mean((0, 1)), PLATELET, atol=20)
    # The leukocyte alone is as dark as this.
    assert min(cut[:, :, 2].min() for cut in found["ground"]) > 100


def test_no_more_than_asked_for_is_cut(fields):
    assert {len(cuts) for cuts in smear_outsiders(fields, 2, seed=1).values()} == {2}


def test_a_folder_without_fields_is_refused(tmp_path):
    with pytest.raises(DatasetRefused, match="fields with boxes"):
        smear_outsiders(tmp_path, 5, seed=1)
