"""Spikes lengthen what stands out of the nucleus; their decoys hardly do."""

import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.imaging.protrusions import clearly_smooth, longest_protrusion_px
from app.imaging.segmentation import segment
from app.training.painting import grow
from tests.training.edits import BREADTHS, drawn

SEEDS = range(8)


def longest(neutrophil, **how):
    return [
        longest_protrusion_px(
            segment(drawn(neutrophil, Abnormality.NUCLEAR_SPIKE, seed, **how)).nucleus
        )
        for seed in SEEDS
    ]


@pytest.mark.parametrize("breadth", BREADTHS)
def test_spikes_stand_out_and_decoys_hardly(neutrophil, breadth):
    assert clearly_smooth(segment(neutrophil))
    plain = longest_protrusion_px(segment(neutrophil).nucleus)
    lesions = longest(neutrophil, breadth=breadth)
    decoys = longest(neutrophil, breadth=breadth, decoy=True)
    assert np.quantile(lesions, 0.2) > plain + 2
    assert np.median(decoys) < plain + 2
    assert np.median(lesions) > np.median(decoys) + 2


def test_wide_spikes_are_longer_and_shorter_than_the_usual_ones(neutrophil):
    usual, wide = longest(neutrophil), longest(neutrophil, breadth=1.0)
    assert np.ptp(wide) > np.ptp(usual)


def test_a_spike_is_dark_and_hangs_together_with_the_nucleus(neutrophil):
    masks = segment(neutrophil)
    chromatin = neutrophil[masks.nucleus].mean(axis=0)
    for seed in SEEDS:
        result = drawn(neutrophil, Abnormality.NUCLEAR_SPIKE, seed)
        darker = (neutrophil.astype(int) - result).max(axis=2) > 60
        assert darker.sum() >= 8
        assert (result[darker].mean(axis=0) - chromatin).max() < 60
        assert (darker & grow(masks.nucleus, 3)).any()


def test_inside_the_nucleus_nothing_changes(neutrophil):
    core = ~grow(~segment(neutrophil).nucleus, 7)
    for decoy in (False, True):
        result = drawn(neutrophil, Abnormality.NUCLEAR_SPIKE, 3, decoy=decoy)
        assert np.abs(result.astype(int) - neutrophil)[core].max() <= 1
