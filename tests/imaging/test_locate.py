"""Framing on drawn images, and on real ones where they are at hand."""

import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.domain.cell import Box, Framing
from app.imaging.locate import locate
from app.imaging.stain import measure_stain, nuclei
from app.imaging.synthetic import (
    GIEMSA_BLUE,
    MAY_GRUENWALD_GIEMSA,
    WRIGHT_MAGENTA,
    StainLook,
    SyntheticCell,
    render_cell,
    render_frame,
)
from tests.imaging.fields import (
    data_folder,
    draw_cell,
    is_dev,
    read_cells,
    read_fields,
    read_rgb,
)
from tests.imaging.measure_locate import overlap

BACKGROUND = (250, 229, 202)
CYTOPLASM = (222, 196, 196)
NUCLEUS = (70, 35, 120)
RED_CELL = (205, 170, 165)


def field_of_view(*cells: tuple[int, int], width: int = 360, height: int = 363) -> np.ndarray:
    """Red cells all over, and at each place a leukocyte of 70 px radius with three lobes."""
    rgb = np.full((height, width, 3), BACKGROUND, np.uint8)
    for y in range(30, height, 78):
        for x in range(30, width, 78):
            if all(np.hypot(x - cell[0], y - cell[1]) > 104 for cell in cells):
                cv2.circle(rgb, (x, y), 30, RED_CELL, -1, cv2.LINE_AA)
    for x, y in cells:
        cv2.circle(rgb, (x, y), 70, CYTOPLASM, -1, cv2.LINE_AA)
        for across, down in ((-24, -18), (24, -18), (0, 24)):
            cv2.circle(rgb, (x + across, y + down), 20, NUCLEUS, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(rgb, (3, 3), 0.8)


def test_one_leukocyte_is_framed_by_its_box() -> None:
    place = locate(field_of_view((180, 180)))
    assert place.framing is Framing.FRAMED
    assert overlap(place.crop, (110, 110, 251, 251)) > 0.85


def test_off_centre_is_found_too() -> None:
    place = locate(field_of_view((110, 250)))
    assert place.framing is Framing.FRAMED
    assert overlap(place.crop, (40, 180, 181, 321)) > 0.8


@pytest.mark.parametrize(("near", "far"), [((280, 190), (540, 100)), ((400, 170), (90, 250))])
def test_several_give_the_one_nearest_to_the_centre(
    near: tuple[int, int], far: tuple[int, int]
) -> None:
    place = locate(field_of_view(near, far, width=640))
    assert place.framing is Framing.SEVERAL
    assert overlap(place.crop, (near[0] - 70, near[1] - 70, near[0] + 71, near[1] + 71)) > 0.7


def test_red_cells_and_platelets_are_no_leukocytes() -> None:
    rgb = field_of_view()
    whole = Box(0, 0, 360, 363)
    assert locate(rgb).framing is Framing.NONE
    cv2.circle(rgb, (180, 180), 9, (120, 80, 150), -1, cv2.LINE_AA)
    place = locate(rgb)
    assert place.framing is Framing.NONE
    assert place.crop == whole


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(16, 16), (16, 900), (363, 360)])
def test_an_empty_image_holds_none(value: int, shape: tuple[int, int]) -> None:
    rgb = np.full((*shape, 3), value, np.uint8)
    assert locate(rgb).framing is Framing.NONE


@pytest.mark.parametrize("look", [MAY_GRUENWALD_GIEMSA, WRIGHT_MAGENTA, GIEMSA_BLUE])
def test_synthetic_frames_are_framed_in_every_stain(look: StainLook) -> None:
    for seed in range(6):
        frame = render_frame(SyntheticCell(seed=seed, stain=look))
        place = locate(frame)
        assert place.framing is Framing.FRAMED, seed
        middle = (place.crop.left + place.crop.right) / 2, (place.crop.top + place.crop.bottom) / 2
        assert np.hypot(middle[0] - 180, middle[1] - 181.5) < 25


@pytest.mark.parametrize("contrast", [1.0, 0.4])
@pytest.mark.parametrize("others", [[], [Abnormality.PSEUDO_PELGER]])
def test_pale_cytoplasm_stays_in_the_crop(others: list[Abnormality], contrast: float) -> None:
    """What shows hypogranularity is the cytoplasm: a crop of the nucleus alone hides it."""
    shown = [Abnormality.HYPOGRANULARITY, *others]
    cells = [draw_cell(seed, shown, contrast=contrast) for seed in range(20)]
    places = [locate(cell.rgb) for cell in cells]
    overlaps = [overlap(place.crop, cell.box) for place, cell in zip(places, cells, strict=True)]
    assert all(place.framing is Framing.FRAMED for place in places)
    assert np.median(overlaps) >= 0.8
    assert np.mean(np.array(overlaps) >= 0.7) >= 0.95


def test_synthetic_crops_are_tight() -> None:
    framings = []
    for seed in range(30):
        rgb = render_cell(SyntheticCell(seed=seed))
        place = locate(rgb)
        framings.append(place.framing)
        if place.framing is Framing.TIGHT:
            assert place.crop == Box(0, 0, rgb.shape[1], rgb.shape[0])
    assert framings.count(Framing.TIGHT) >= 28


def test_the_crop_lies_in_the_image_and_holds_the_nucleus() -> None:
    chance = np.random.default_rng(1)
    for _ in range(40):
        x, y = (int(value) for value in chance.integers(0, 360, 2))
        rgb = field_of_view((x, y))
        crop = locate(rgb).crop
        assert 0 <= crop.left < crop.right <= 360
        assert 0 <= crop.top < crop.bottom <= 363


def test_noise_never_fails() -> None:
    chance = np.random.default_rng(2)
    for side in (16, 40, 97, 363):
        rgb = chance.integers(0, 256, (side, side + 7, 3), dtype=np.uint8)
        crop = locate(rgb).crop
        assert crop.width > 0
        assert crop.height > 0


def test_the_same_image_gives_the_same_place() -> None:
    rgb = field_of_view((150, 200))
    assert locate(rgb) == locate(rgb.copy())


def test_lobes_of_one_nucleus_are_joined_and_nuclei_kept_apart() -> None:
    assert len(nuclei(measure_stain(field_of_view((180, 180))))) == 1
    two = field_of_view((120, 180), (480, 180), width=640)
    assert len(nuclei(measure_stain(two))) == 2


@pytest.fixture(scope="module")
def data() -> Path:
    folder = data_folder()
    if folder is None:
        pytest.skip("no real images: set VEXASCOPE_TEST_DATA to the folder with pbc/ and fields/")
    return folder


def test_real_training_crops_pass_unchanged(data: Path) -> None:
    rows = [row for row in read_cells(data) if row["split"] == "val"]
    chosen = random.Random(1).sample(rows, 150)
    places = [locate(read_rgb(data / "pbc" / "images" / row["file"])) for row in chosen]
    assert np.mean([place.framing is Framing.TIGHT for place in places]) >= 0.97


def test_real_frames_are_cut_like_people_draw_boxes(data: Path) -> None:
    frames = [
        (field.rgb, field.leukocytes[0])
        for index, field in enumerate(read_fields(data))
        if index % 6 == 0
        and not is_dev(field.name)
        and len(field.leukocytes) == 1
        and field.source in {"360x363", "575x575"}
    ]
    places = [locate(rgb) for rgb, _ in frames]
    overlaps = [overlap(place.crop, box) for place, (_, box) in zip(places, frames, strict=True)]
    assert len(frames) > 50
    assert np.mean([place.framing is Framing.FRAMED for place in places]) >= 0.95
    assert np.median(overlaps) >= 0.88
