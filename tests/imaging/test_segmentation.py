"""Nucleus and cytoplasm of a tight crop."""

import cv2
import numpy as np

from app.imaging.segmentation import segment
from tests.training.drawing import drawn_neutrophil, lobes


def test_nucleus_covers_each_lobe_and_little_else():
    rgb = drawn_neutrophil()
    nucleus = segment(rgb).nucleus
    assert all(nucleus[y, x] for x, y in lobes(150))
    drawn = 3 * np.pi * 18**2
    assert 0.85 * drawn < nucleus.sum() < 1.35 * drawn


def test_cytoplasm_lies_around_the_nucleus_and_ends_at_the_smear():
    masks = segment(drawn_neutrophil())
    assert not (masks.nucleus & masks.cytoplasm).any()
    assert masks.cytoplasm[75, 15]
    assert not masks.cell[3, 3]
    assert 0.85 < masks.cell.sum() / (np.pi * 70.5**2) < 1.15
    assert masks.usable


def test_a_touching_red_cell_in_the_corner_is_left_out():
    rgb = drawn_neutrophil()
    cv2.circle(rgb, (0, 0), 28, (214, 176, 172), -1)
    assert not segment(rgb).cell[4:12, 4:12].any()


def test_size_does_not_matter():
    small, large = (segment(drawn_neutrophil(side)) for side in (96, 300))
    shares = [m.nucleus.mean() for m in (small, large)]
    assert abs(shares[0] - shares[1]) < 0.03


def test_an_empty_picture_is_not_usable():
    assert not segment(np.full((80, 80, 3), 240, np.uint8)).usable
