"""Preprocessing: what becomes of shapes that a cell does not have."""

import tracemalloc

import cv2
import numpy as np
import pytest

from app.imaging.preprocess import preprocess

RNG = np.random.default_rng(0)


def padded(rgb: np.ndarray, size_px: int) -> np.ndarray:
    """What version 1 says: a square of the border's median colour, then one scaling."""
    height, width = rgb.shape[:2]
    side = max(height, width)
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    square = np.empty((side, side, 3), np.uint8)
    square[:] = np.median(border, axis=0).astype(np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = rgb
    how = cv2.INTER_AREA if side > size_px else cv2.INTER_LINEAR
    return cv2.resize(square, (size_px, size_px), interpolation=how)


@pytest.mark.parametrize("shape", [(150, 140), (363, 360), (80, 300), (2048, 900), (90, 90)])
def test_crops_of_the_size_of_a_cell_are_scaled_once(shape: tuple[int, int]) -> None:
    rgb = RNG.integers(0, 256, (*shape, 3), dtype=np.uint8)
    np.testing.assert_array_equal(preprocess(rgb, 224), padded(rgb, 224))


@pytest.mark.parametrize("shape", [(16, 200_000), (200_000, 16), (1, 40_000), (1700, 17_000)])
def test_a_strip_asks_for_little_memory(shape: tuple[int, int]) -> None:
    rgb = np.full((*shape, 3), 130, np.uint8)
    tracemalloc.start()
    try:
        image = preprocess(rgb, 224)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(image, np.full((224, 224, 3), 130, np.uint8))
    assert peak < 50_000_000
