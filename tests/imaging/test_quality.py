"""The flags: raised on spoilt pictures, not on good ones."""

import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.domain.cell import Box, Framing, Location, QualityFlag
from app.imaging.locate import locate
from app.imaging.quality import QualityLimits, assess
from app.imaging.synthetic import (
    GIEMSA_BLUE,
    MAY_GRUENWALD_GIEMSA,
    WRIGHT_MAGENTA,
    StainLook,
    SyntheticCell,
    render_cell,
    render_frame,
)
from tests.imaging.fields import data_folder, read_cells, read_rgb
from tests.imaging.measure_quality import SPOILT


def tight(rgb: np.ndarray) -> Location:
    return Location(Framing.TIGHT, Box(0, 0, rgb.shape[1], rgb.shape[0]))


@pytest.mark.parametrize("look", [MAY_GRUENWALD_GIEMSA, WRIGHT_MAGENTA, GIEMSA_BLUE])
def test_good_pictures_are_not_flagged_in_any_stain(look: StainLook) -> None:
    for seed in range(8):
        rgb = render_cell(SyntheticCell(seed=seed, stain=look))
        assert assess(rgb, tight(rgb)).flags == (), seed


@pytest.mark.parametrize("name", [name for name in SPOILT if name != "cut by a third"])
def test_spoilt_pictures_are_flagged(name: str) -> None:
    spoil, flag = SPOILT[name]
    for seed in range(8):
        rgb = spoil(render_cell(SyntheticCell(seed=seed)))
        assert flag in assess(rgb, tight(rgb)).flags, seed


def test_small_crops_are_flagged() -> None:
    rgb = render_cell(SyntheticCell(seed=1))
    small = np.ascontiguousarray(cv2.resize(rgb, (60, 70), interpolation=cv2.INTER_AREA))
    assert QualityFlag.TOO_SMALL in assess(small, tight(small)).flags
    assert QualityFlag.TOO_SMALL not in assess(rgb, tight(rgb)).flags


def test_a_nucleus_along_the_edge_was_cut() -> None:
    rgb = render_cell(SyntheticCell(seed=3))
    stained = np.argwhere(rgb[..., 1] < 90)
    middle = int(np.median(stained[:, 1]))
    halved = np.ascontiguousarray(rgb[:, middle:])
    assert QualityFlag.CUT_OFF in assess(halved, tight(halved)).flags


def test_a_framed_cell_at_the_edge_was_cut() -> None:
    frame = render_frame(SyntheticCell(seed=2))
    whole = locate(frame)
    assert QualityFlag.CUT_OFF not in assess(frame, whole).flags
    left = (whole.crop.left + whole.crop.right) // 2
    half = np.ascontiguousarray(frame[:, left:])
    touching = Location(Framing.FRAMED, Box(0, whole.crop.top, 80, whole.crop.bottom))
    assert QualityFlag.CUT_OFF in assess(half, touching).flags


def test_framing_is_carried_over() -> None:
    rgb = render_cell(SyntheticCell(seed=4))
    box = Box(0, 0, rgb.shape[1], rgb.shape[0])
    assert QualityFlag.NO_LEUKOCYTE in assess(rgb, Location(Framing.NONE, box)).flags
    several = assess(rgb, Location(Framing.SEVERAL, box))
    assert QualityFlag.SEVERAL_LEUKOCYTES in several.flags
    assert not several.acceptable


def test_measures_are_named_and_finite() -> None:
    rgb = render_cell(SyntheticCell(seed=5))
    measures = assess(rgb, tight(rgb)).measures
    assert measures["crop_width_px"] == rgb.shape[1]
    assert measures["crop_height_px"] == rgb.shape[0]
    assert 0 <= measures["saturated_share"] <= 1
    assert 0 <= measures["border_contact_share"] <= 1
    assert abs(measures["mean_brightness"] - rgb.mean()) < 0.01
    assert all(np.isfinite(value) for value in measures.values())


def test_sharpness_does_not_depend_on_size() -> None:
    rgb = render_cell(SyntheticCell(seed=6))
    double = np.ascontiguousarray(cv2.resize(rgb, None, fx=2, fy=2))
    one, other = (assess(image, tight(image)).measures["sharpness"] for image in (rgb, double))
    assert other == pytest.approx(one, rel=0.15)


def test_limits_are_those_given() -> None:
    rgb = render_cell(SyntheticCell(seed=7))
    strict = assess(rgb, tight(rgb), QualityLimits(least_side_px=1000))
    assert strict.flags == (QualityFlag.TOO_SMALL,)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_empty_images_are_judged_without_failing(value: int) -> None:
    rgb = np.full((20, 16, 3), value, np.uint8)
    verdict = assess(rgb, locate(rgb))
    assert QualityFlag.NO_LEUKOCYTE in verdict.flags
    assert all(np.isfinite(number) for number in verdict.measures.values())


@pytest.fixture(scope="module")
def neutrophils() -> list[np.ndarray]:
    data: Path | None = data_folder()
    if data is None:
        pytest.skip("no real images: set VEXASCOPE_TEST_DATA to the folder with pbc/ and fields/")
    rows = [
        row
        for row in read_cells(data)
        if row["split"] == "val" and "neutrophil" in row["cell_type"]
    ]
    chosen = random.Random(5).sample(rows, 80)
    return [read_rgb(data / "pbc" / "images" / row["file"]) for row in chosen]


def test_real_neutrophils_are_hardly_ever_flagged(neutrophils: list[np.ndarray]) -> None:
    flagged = [not assess(rgb, locate(rgb)).acceptable for rgb in neutrophils]
    assert np.mean(flagged) <= 0.03


@pytest.mark.parametrize("name", list(SPOILT))
def test_spoilt_real_neutrophils_are_flagged(neutrophils: list[np.ndarray], name: str) -> None:
    spoil, flag = SPOILT[name]
    spoilt = [spoil(rgb) for rgb in neutrophils]
    least = 0.85 if name == "cut by a third" else 0.95
    assert np.mean([flag in assess(rgb, locate(rgb)).flags for rgb in spoilt]) >= least
