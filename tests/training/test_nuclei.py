"""Pseudo-Pelger nuclei have one or two round lobes; decoys have a healthy shape."""

import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.imaging.segmentation import segment
from tests.training.edits import BREADTHS, drawn, pieces, solidity

SEEDS = range(6)
FILAMENT = 5
"""Radius in pixels of an opening that cuts filaments."""


def nuclei(neutrophil, **how):
    return [
        segment(drawn(neutrophil, Abnormality.PSEUDO_PELGER, seed, **how)).nucleus for seed in SEEDS
    ]


@pytest.mark.parametrize("breadth", BREADTHS)
def test_at_most_two_lobes_each_without_indentation(neutrophil, breadth):
    counts = []
    for nucleus in nuclei(neutrophil, breadth=breadth):
        lobes = pieces(nucleus, FILAMENT)
        counts.append(len(lobes))
        # Touching lobes are one piece with a waist.
        assert min(map(solidity, lobes)) > 0.78
    assert set(counts) == {1, 2}


def test_decoys_are_lobed_bent_or_both(neutrophil):
    plain = solidity(segment(neutrophil).nucleus)
    shapes = nuclei(neutrophil, decoy=True)
    assert plain < 0.93
    healthy = [len(pieces(n, FILAMENT)) > 2 or solidity(n) < 0.93 for n in shapes]
    assert np.mean(healthy) >= 0.6


@pytest.mark.parametrize("decoy", [False, True])
def test_size_and_colour_stay_those_of_the_cell(neutrophil, decoy):
    before = segment(neutrophil).nucleus
    chromatin = neutrophil[before].mean(axis=0)
    for seed in SEEDS:
        result = drawn(neutrophil, Abnormality.PSEUDO_PELGER, seed, decoy=decoy)
        nucleus = segment(result).nucleus
        assert 0.4 < nucleus.sum() / before.sum() < 1.2
        assert np.abs(result[nucleus].mean(axis=0) - chromatin).max() < 30


def test_where_the_old_nucleus_was_is_cytoplasm_now(neutrophil):
    masks = segment(neutrophil)
    tone = np.median(neutrophil[masks.cytoplasm], axis=0)
    seen = 0
    for seed in SEEDS:
        after = drawn(neutrophil, Abnormality.PSEUDO_PELGER, seed)
        emptied = masks.nucleus & segment(after).cytoplasm
        if emptied.sum() > 50:
            seen += 1
            assert np.abs(np.median(after[emptied], axis=0) - tone).max() < 25
    assert seen > 0
