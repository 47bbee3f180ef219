"""What is known of each cell."""

import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.training.augment import NAMED_CASTS, augment, recolour
from app.training.dataset import Split, label, read_records, real_samples
from tests.training.drawing import drawn_neutrophil, write_data_set


def test_other_leukocytes_have_no_abnormality_labels(tmp_path):
    records = read_records(write_data_set(tmp_path))
    pmn, other = label(records[0]), label(records[1])
    assert (pmn.pmn, other.pmn) == (1, 0)
    assert pmn.of(Abnormality.VACUOLE) == 1
    assert np.isnan(other.abnormalities).all()


def test_a_smooth_nucleus_is_a_known_negative_for_spikes(tmp_path):
    records = read_records(write_data_set(tmp_path))
    assert label(records[2]).of(Abnormality.NUCLEAR_SPIKE) == 0


def test_the_real_split_is_respected_and_labelled(pbc):
    records = read_records(pbc)
    sides = {split: {r.path.name for r in records if r.split is split} for split in Split}
    assert not sides[Split.TRAIN] & sides[Split.VAL]
    pmn = [r for r in records if r.is_pmn][:60]
    spikes = [s.labels.of(Abnormality.NUCLEAR_SPIKE) for s in real_samples(pmn)]
    assert {r.cell_type for r in records if r.is_pmn} == {
        "segmented neutrophil",
        "band neutrophil",
        "neutrophil",
    }
    assert 1 not in spikes
    assert 0.3 < spikes.count(0.0) / len(spikes) < 0.95


@pytest.mark.parametrize("seed", range(5))
def test_augmentation_keeps_the_form_and_obeys_its_seed(seed):
    rgb = drawn_neutrophil()
    one, two = (augment(rgb, 96, np.random.default_rng(seed)) for _ in range(2))
    assert one.shape == (96, 96, 3)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, two)


def test_recolouring_changes_colour_but_not_structure():
    rgb = drawn_neutrophil()
    for change in NAMED_CASTS.values():
        changed = recolour(rgb, change)
        assert np.abs(changed.astype(int) - rgb).mean() > 5
        assert np.corrcoef(changed[:, :, 0].ravel(), rgb[:, :, 0].ravel())[0, 1] > 0.9
