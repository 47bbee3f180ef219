"""Overlays of hand-made maps, whose geometry is known."""

import cv2
import numpy as np
import pytest

from app.imaging.heat import FULL_STRENGTH, over_crop, overlay
from app.imaging.preprocess import place_in_square, preprocess


def drawn(activation, height, width):
    """(height, width, 4), RGBA."""
    content = overlay(np.asarray(activation, np.float32), height, width)
    bgra = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA)


def is_dark(rgba):
    return (rgba[..., :3].max(axis=-1) < 50) & (rgba[..., 3] == 255)


@pytest.mark.parametrize(
    ("height", "width", "shape"),
    [(100, 100, (512, 512)), (50, 100, (256, 512)), (90, 30, (512, 171)), (1, 9000, (1, 512))],
)
def test_it_has_the_shape_of_the_crop(height, width, shape):
    assert drawn(np.full((7, 7), 3.0), height, width).shape == (*shape, 4)


def test_a_place_of_a_square_crop_lies_where_the_network_saw_it():
    activation = np.zeros((4, 4), np.float32)
    activation[0, 3] = 8
    values = over_crop(activation, 200, 200)
    row, column = np.unravel_index(values.argmax(), values.shape)
    assert row < 128
    assert column >= 384
    assert values[:128, 384:].mean() > 3
    assert np.abs(values[256:]).max() < 0.1


@pytest.mark.parametrize("upright", [False, True])
def test_the_padding_is_undone(upright):
    """A crop of 2 : 1 fills the middle half of the square: the outer rows saw padding alone."""
    activation = np.array([[9, 9, 9, 9], [1, 1, 5, 5], [2, 2, 3, 3], [9, 9, 9, 9]], np.float32)
    size = (100, 200)
    if upright:
        activation, size = activation.T, size[::-1]
    values = over_crop(activation, *size)
    if upright:
        values = values.T
    assert values.shape == (256, 512)
    # The middles of the four inner places.
    for row, column, value in ((64, 64, 1), (64, 448, 5), (192, 64, 2), (192, 448, 3)):
        assert values[row, column] == pytest.approx(value, abs=0.01)
    # At the crop's edge its places and the padding's meet halfway.
    assert values[0, 64] == pytest.approx(5, abs=0.1)
    assert values[-1, 448] == pytest.approx(6, abs=0.1)
    assert values.max() < 7.1


def test_it_lies_on_what_preprocessing_shows_the_network():
    """A bright spot in an odd crop, seen through the classifier's square and back again."""
    height, width, spot = 60, 140, (15, 110)
    crop = np.zeros((height, width, 3), np.uint8)
    cv2.circle(crop, spot[::-1], 6, (255, 255, 255), -1)
    seen = preprocess(crop, 224)[..., 0].astype(np.float32)
    activation = seen.reshape(28, 8, 28, 8).mean(axis=(1, 3))
    values = over_crop(activation, height, width)
    weights = values / values.sum()
    scale = 512 / width
    rows, columns = np.indices(values.shape)
    assert (rows * weights).sum() / scale == pytest.approx(spot[0], abs=1)
    assert (columns * weights).sum() / scale == pytest.approx(spot[1], abs=1)


def test_the_place_of_a_crop_is_that_of_preprocessing():
    crop = np.full((30, 101, 3), 200, np.uint8)
    crop[:, :50] = 0
    crop[0] = crop[-1] = crop[:, 0] = crop[:, -1] = 100
    left, top, side = place_in_square(30, 101)
    assert (left, top, side) == (0, 35, 101)
    square = preprocess(crop, side)
    assert np.array_equal(square[top : top + 30, left : left + 101], crop)


def test_no_value_lies_outside_the_maps_own():
    activation = np.random.default_rng(0).normal(0, 10, (7, 7)).astype(np.float32)
    values = over_crop(activation, 150, 140)
    assert values.min() >= activation.min()
    assert values.max() <= activation.max()


def test_the_scale_is_fixed():
    """The same value is drawn the same way, whatever else is in the map."""
    alone = drawn(np.full((3, 3), 4.0), 50, 50)
    beside = np.full((3, 3), 4.0)
    beside[0, 0] = 90
    assert drawn(beside, 50, 50)[500, 500, 3] == alone[500, 500, 3]
    opacities = [drawn(np.full((3, 3), value), 50, 50)[256, 256, 3] for value in (0, 5, 10, 15)]
    assert opacities[0] == 0
    assert np.diff(opacities) == pytest.approx([35, 35, 35], abs=1)
    strongest = [drawn(np.full((2, 2), x), 50, 50)[9, 9, 3] for x in (FULL_STRENGTH, 1000)]
    assert strongest[0] == strongest[1] < 160


def test_what_speaks_against_a_label_is_not_drawn():
    assert drawn(np.full((7, 7), -30.0), 120, 110)[..., 3].max() == 0


def test_a_line_runs_where_the_map_passes_a_level_and_not_along_the_border():
    ramp = np.tile(np.linspace(0, 8, 5, dtype=np.float32), (5, 1))
    dark = is_dark(drawn(ramp, 100, 100))
    columns = np.flatnonzero(dark.any(axis=0))
    # 5 of 0 to 8 lies at 2.5 places from the first middle: (2.5 + 0.5) / 5 of the width.
    assert columns.min() == pytest.approx(0.6 * 512, abs=6)
    assert np.ptp(columns) < 4
    assert not is_dark(drawn(np.full((5, 5), 7.0), 100, 100)).any()


def test_each_level_has_a_line_of_its_own():
    ramp = np.tile(np.linspace(0, 32, 9, dtype=np.float32), (9, 1))
    dark = is_dark(drawn(ramp, 90, 90))[256]
    assert np.count_nonzero(np.diff(dark.astype(int)) == 1) == 3
