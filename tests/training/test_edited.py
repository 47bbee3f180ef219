"""Which edits a training cell gets, and what is known of it afterwards."""

import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.training.datasets.sample import UNKNOWN, Labels
from app.training.edited import labels_after, mixed, origin_of, single
from app.training.lesions import Edit

VACUOLATED = Labels(1.0, (0.0, UNKNOWN, 1.0, 0.0))
HEALTHY = Labels(1.0, (0.0, 0.0, 0.0, 0.0))


def test_a_training_mix_always_has_an_edit():
    rng = np.random.default_rng(3)
    plans = [mixed(rng) for _ in range(200)]
    assert all(plans)
    assert {e.abnormality for plan in plans for e in plan if e.decoy} == set(Abnormality)
    assert {e.abnormality for plan in plans for e in plan if not e.decoy} == set(Abnormality)


def test_a_single_plan_is_one_edit():
    plan = single(Abnormality.VACUOLE, decoy=True)
    assert plan(np.random.default_rng(0)) == (Edit(Abnormality.VACUOLE, decoy=True),)


def test_the_origin_names_the_edits_in_order():
    done = (Edit(Abnormality.PSEUDO_PELGER, decoy=True), Edit(Abnormality.VACUOLE))
    assert origin_of(done) == "decoy pseudo_pelger+vacuole"


@pytest.mark.parametrize("abnormality", list(Abnormality))
def test_a_drawn_lesion_is_present_and_a_decoy_is_none(abnormality):
    after = labels_after(HEALTHY, (Edit(abnormality),))
    assert [after.of(each) for each in Abnormality] == [each == abnormality for each in Abnormality]
    assert labels_after(HEALTHY, (Edit(abnormality, decoy=True),)) == HEALTHY


def test_an_edit_that_may_hide_a_real_vacuole_makes_it_unknown():
    after = labels_after(VACUOLATED, (Edit(Abnormality.HYPOGRANULARITY),))
    assert np.isnan(after.of(Abnormality.VACUOLE))
    assert labels_after(VACUOLATED, (Edit(Abnormality.NUCLEAR_SPIKE),)).of(Abnormality.VACUOLE) == 1


def test_a_decoy_does_not_make_the_unknown_known():
    after = labels_after(VACUOLATED, (Edit(Abnormality.PSEUDO_PELGER, decoy=True),))
    assert after.of(Abnormality.PSEUDO_PELGER) == 0
    assert np.isnan(after.of(Abnormality.NUCLEAR_SPIKE))
