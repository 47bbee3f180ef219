"""What holds for every edit: the seed decides it, and it stays inside the cell."""

import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.imaging.segmentation import segment
from app.training.lesions import Edit, draw, draw_all
from app.training.painting import grow
from tests.training.edits import BREADTHS, drawn

CASES = [(each, decoy, b) for each in Abnormality for decoy in (False, True) for b in BREADTHS]
every_edit = pytest.mark.parametrize(("abnormality", "decoy", "breadth"), CASES)


@every_edit
def test_the_seed_decides_everything(neutrophil, abnormality, decoy, breadth):
    before = neutrophil.copy()
    how = {"decoy": decoy, "breadth": breadth}
    one, same = (drawn(neutrophil, abnormality, 1, **how) for _ in range(2))
    other = drawn(neutrophil, abnormality, 2, **how)
    assert one.shape == neutrophil.shape
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert (one != neutrophil).any()
    np.testing.assert_array_equal(neutrophil, before)


@every_edit
def test_the_edit_stays_inside_the_cell(neutrophil, abnormality, decoy, breadth):
    outside = ~grow(segment(neutrophil).cell, 4)
    for seed in range(3):
        result = drawn(neutrophil, abnormality, seed, decoy=decoy, breadth=breadth)
        assert np.abs(result.astype(int) - neutrophil)[outside].max() <= 1


@pytest.mark.parametrize("abnormality", list(Abnormality))
def test_larger_crops_get_the_same_edits_larger(neutrophil, abnormality):
    def changed(rgb, seed):
        result = drawn(rgb, abnormality, seed).astype(int)
        return (np.abs(result - rgb) > 20).any(axis=2).mean()

    twice = np.kron(neutrophil, np.ones((2, 2, 1), np.uint8))
    small, large = (np.median([changed(rgb, s) for s in range(5)]) for rgb in (neutrophil, twice))
    assert large == pytest.approx(small, rel=0.6, abs=0.002)


def test_breadth_is_the_share_of_wide_draws(neutrophil):
    def draws(breadth):
        edit = Edit(Abnormality.NUCLEAR_SPIKE, breadth=breadth)
        return [draw(neutrophil, edit, np.random.default_rng(s)) for s in range(30)]

    usual, some, wide = draws(0.0), draws(1 / 3), draws(1.0)
    from_wide = [(a == b).all() for a, b in zip(some, wide, strict=True)]
    from_usual = [(a == b).all() for a, b in zip(some, usual, strict=True)]
    assert all(a or b for a, b in zip(from_usual, from_wide, strict=True))
    assert 4 <= sum(from_wide) <= 16


def test_what_cannot_be_segmented_is_not_edited():
    assert drawn(np.full((90, 90, 3), 235, np.uint8), Abnormality.VACUOLE) is None


def test_several_edits_report_what_found_room(neutrophil):
    edits = (Edit(Abnormality.VACUOLE), Edit(Abnormality.PSEUDO_PELGER, decoy=True))
    result, done = draw_all(neutrophil, edits, np.random.default_rng(0))
    assert done == (edits[1], edits[0])
    assert (result != neutrophil).any()
    flat = np.full((90, 90, 3), 235, np.uint8)
    assert draw_all(flat, edits, np.random.default_rng(0))[1] == ()
