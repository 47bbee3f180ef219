"""Vacuoles are clear and crisp; what is not, is a decoy."""

import cv2
import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.imaging.segmentation import segment
from app.training.painting import grow
from tests.training.edits import BREADTHS, drawn

SEEDS = range(8)


def brighter(before, after):
    """Where the darkest channel gained clearly."""
    return (after.astype(int) - before).max(axis=2) > 25


@pytest.mark.parametrize("breadth", BREADTHS)
def test_vacuoles_are_brighter_than_the_cytoplasm(neutrophil, breadth):
    masks = segment(neutrophil)
    tone = np.median(neutrophil[masks.cytoplasm], axis=0)
    for seed in SEEDS:
        result = drawn(neutrophil, Abnormality.VACUOLE, seed, breadth=breadth)
        holes = brighter(neutrophil, result)
        assert 20 <= holes.sum() < 0.5 * masks.cell.sum()
        inner = cv2.erode(holes.astype(np.uint8), np.ones((3, 3))) > 0
        if inner.any():
            assert (result[inner].mean(axis=0) - tone).max() > 15


def test_some_vacuoles_lie_over_the_edge_of_the_nucleus_and_all_inside_the_cell(neutrophil):
    masks = segment(neutrophil)
    over = 0
    for seed in SEEDS:
        holes = brighter(neutrophil, drawn(neutrophil, Abnormality.VACUOLE, seed, breadth=1.0))
        assert not (holes & ~grow(masks.cell, 2)).any()
        over += bool((holes & masks.nucleus).any())
    assert over > 0


def test_sizes_range_from_specks_to_large_holes(neutrophil):
    radii = []
    for seed in range(30):
        holes = brighter(neutrophil, drawn(neutrophil, Abnormality.VACUOLE, seed, breadth=1.0))
        depth = cv2.distanceTransform(holes.astype(np.uint8), cv2.DIST_L2, 5)
        radii.append(depth.max())
    assert min(radii) < 4
    assert max(radii) > 9


@pytest.mark.parametrize("breadth", BREADTHS)
def test_no_decoy_is_both_clear_and_crisp(neutrophil, breadth):
    masks = segment(neutrophil)
    cytoplasm = masks.cytoplasm & ~grow(masks.nucleus, 4)
    before = cv2.GaussianBlur(neutrophil.astype(np.float32), (0, 0), 2)
    for seed in SEEDS:
        decoy = drawn(neutrophil, Abnormality.VACUOLE, seed, decoy=True, breadth=breadth)
        assert (decoy != neutrophil).any()
        # A granule under a pale patch may brighten; a hole of a vacuole's size may not appear.
        after = cv2.GaussianBlur(decoy.astype(np.float32), (0, 0), 2)
        assert (after - before).max(axis=2)[cytoplasm].max() < 45
