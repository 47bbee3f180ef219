"""Each edit changes what it should, and nothing by chance."""

import cv2
import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.imaging.segmentation import segment
from app.training.contour import clearly_smooth, longest_protrusion_px
from app.training.dataset import UNKNOWN, Labels
from app.training.edited import labels_after, mixed, origin_of
from app.training.lesions import Edit, draw, draw_all
from app.training.painting import grow


def grain(rgb):
    """What is finer than a few pixels."""
    return rgb - cv2.GaussianBlur(rgb.astype(float), (0, 0), 4)


EDITS = [Edit(each, decoy) for each in Abnormality for decoy in (False, True)]


def drawn(rgb, edit, seed=1):
    return draw(rgb, edit, np.random.default_rng(seed))


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: f"{e.abnormality}-{e.decoy}")
def test_the_seed_decides_everything(neutrophil, edit):
    before = neutrophil.copy()
    one, same, other = drawn(neutrophil, edit), drawn(neutrophil, edit), drawn(neutrophil, edit, 2)
    assert one.shape == neutrophil.shape
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert (one != neutrophil).any()
    np.testing.assert_array_equal(neutrophil, before)


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: f"{e.abnormality}-{e.decoy}")
def test_the_smear_around_the_cell_stays(neutrophil, edit):
    result = drawn(neutrophil, edit).astype(int)
    outside = ~segment(neutrophil).cell
    outside[12:-12, 12:-12] = False
    assert np.abs(result - neutrophil)[outside].mean() < 1.0


def test_pseudo_pelger_leaves_one_or_two_round_lobes(neutrophil):
    for seed in range(6):
        nucleus = segment(drawn(neutrophil, Edit(Abnormality.PSEUDO_PELGER), seed)).nucleus
        rows, columns = np.nonzero(nucleus)
        assert 0.5 < nucleus.sum() / segment(neutrophil).nucleus.sum() < 1.2
        assert np.ptp(rows) > 10
        assert np.ptp(columns) > 10


def test_spikes_stand_out_and_decoys_hardly(neutrophil):
    plain = longest_protrusion_px(segment(neutrophil).nucleus)
    lesion = [
        longest_protrusion_px(
            segment(drawn(neutrophil, Edit(Abnormality.NUCLEAR_SPIKE), s)).nucleus
        )
        for s in range(8)
    ]
    assert plain < 2.6
    assert clearly_smooth(segment(neutrophil))
    assert np.median(lesion) > 3.5


def test_vacuoles_are_brighter_than_the_cytoplasm(neutrophil):
    result = drawn(neutrophil, Edit(Abnormality.VACUOLE)).astype(int)
    gain = (result - neutrophil).sum(axis=2)
    cytoplasm = segment(neutrophil).cytoplasm
    assert (gain[cytoplasm] > 60).sum() > 8
    assert (gain[cytoplasm] > 60).mean() < 0.2


def test_hypogranularity_smooths_and_pales_the_cytoplasm_but_not_the_nucleus(neutrophil):
    result = drawn(neutrophil, Edit(Abnormality.HYPOGRANULARITY))
    masks = segment(neutrophil)
    inner = ~grow(masks.nucleus, 8) & (np.hypot(*(np.indices((150, 150)) - 74.5)) < 55)
    assert grain(result)[inner].std() < 0.5 * grain(neutrophil)[inner].std()
    assert result[inner].mean() > neutrophil[inner].mean() + 5
    core = np.abs(result.astype(int) - neutrophil)[54 - 6 : 54 + 6, 54 - 6 : 54 + 6]
    assert core.max() == 0


def test_what_cannot_be_segmented_is_not_edited():
    assert drawn(np.full((90, 90, 3), 235, np.uint8), Edit(Abnormality.VACUOLE)) is None


def test_several_edits_report_what_found_room(neutrophil):
    edits = (Edit(Abnormality.VACUOLE), Edit(Abnormality.PSEUDO_PELGER, decoy=True))
    _, done = draw_all(neutrophil, edits, np.random.default_rng(0))
    assert origin_of(done) == "decoy pseudo_pelger+vacuole"


def test_a_training_mix_always_has_an_edit():
    rng = np.random.default_rng(3)
    plans = [mixed(rng) for _ in range(200)]
    assert all(plans)
    assert {e.abnormality for plan in plans for e in plan if e.decoy} == set(Abnormality)


class TestLabelsAfter:
    vacuolated = Labels(1.0, (0.0, UNKNOWN, 1.0, 0.0))

    def test_a_drawn_lesion_is_present(self):
        after = labels_after(self.vacuolated, (Edit(Abnormality.NUCLEAR_SPIKE),))
        assert after.of(Abnormality.NUCLEAR_SPIKE) == 1
        assert after.of(Abnormality.VACUOLE) == 1

    def test_an_edit_that_may_hide_a_real_vacuole_makes_it_unknown(self):
        after = labels_after(self.vacuolated, (Edit(Abnormality.HYPOGRANULARITY),))
        assert np.isnan(after.of(Abnormality.VACUOLE))

    def test_a_decoy_is_no_lesion(self):
        after = labels_after(self.vacuolated, (Edit(Abnormality.PSEUDO_PELGER, decoy=True),))
        assert after.of(Abnormality.PSEUDO_PELGER) == 0
        assert np.isnan(after.of(Abnormality.NUCLEAR_SPIKE))
