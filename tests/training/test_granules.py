"""Hypogranularity takes granules; its decoys take colour only."""

import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.imaging.segmentation import segment
from app.training.painting import grow, shrink
from tests.training.edits import BREADTHS, drawn, grain

SEEDS = range(6)


@pytest.fixture
def inner(neutrophil):
    """Cytoplasm away from both edges."""
    masks = segment(neutrophil)
    return shrink(masks.cell, 8) & ~grow(masks.nucleus, 8)


def contrast(rgb, where):
    return grain(rgb)[where].std()


@pytest.mark.parametrize("breadth", BREADTHS)
def test_lesions_lose_their_granules_and_decoys_keep_them(neutrophil, inner, breadth):
    plain = contrast(neutrophil, inner)
    for seed in SEEDS:
        lesion, decoy = (
            drawn(neutrophil, Abnormality.HYPOGRANULARITY, seed, decoy=d, breadth=breadth)
            for d in (False, True)
        )
        # Partial loss leaves whole regions as they were.
        assert contrast(lesion, inner) < (0.95 if breadth else 0.6) * plain
        assert contrast(decoy, inner) > 0.6 * plain


def test_the_usual_lesion_is_paler(neutrophil, inner):
    for seed in SEEDS:
        result = drawn(neutrophil, Abnormality.HYPOGRANULARITY, seed)
        assert result[inner].mean() > neutrophil[inner].mean() + 5


def test_wide_draws_include_partial_loss_and_blue_grey_cytoplasm(neutrophil, inner):
    kept, tints = [], []
    for seed in range(20):
        result = drawn(neutrophil, Abnormality.HYPOGRANULARITY, seed, breadth=1.0)
        same = (np.abs(result.astype(int) - neutrophil).max(axis=2) <= 2)[inner].mean()
        kept.append(same)
        red, _, blue = result[inner].mean(axis=0) - neutrophil[inner].mean(axis=0)
        tints.append(blue - red)
    assert max(kept) > 0.1
    assert min(kept) < 0.05
    assert max(tints) > 5


def test_the_nucleus_keeps_its_pixels(neutrophil):
    core = shrink(segment(neutrophil).nucleus, 4)
    for decoy in (False, True):
        result = drawn(neutrophil, Abnormality.HYPOGRANULARITY, 2, decoy=decoy)
        np.testing.assert_array_equal(result[core], neutrophil[core])
