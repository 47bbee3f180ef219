"""Kappa against scikit-learn and the example that Fleiss published."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score

from app.training.evaluation.agreement import cohen_kappa, fleiss_kappa, pair_agreement

OPINIONS = arrays(np.float64, (12, 2), elements=st.sampled_from([0.0, 1.0]))


@settings(max_examples=60, deadline=None)
@given(OPINIONS)
def test_cohens_kappa_is_that_of_scikit_learn(opinions):
    assume(0 < opinions.sum() < opinions.size)
    first, second = opinions.T
    expected = cohen_kappa_score(first, second, labels=[0, 1])
    assert cohen_kappa(first, second) == pytest.approx(expected, abs=1e-12)


def test_weights_are_as_good_as_repeated_cells():
    opinions = np.array([[1.0, 1, 0], [0, 0, 0], [1, 0, 1], [1, 1, 1]])
    weights = np.array([2.0, 0, 3, 1])
    repeated = opinions[[0, 0, 2, 2, 2, 3]]
    assert fleiss_kappa(opinions, weights) == pytest.approx(fleiss_kappa(repeated))
    assert cohen_kappa(opinions[:, 0], opinions[:, 2], weights) == pytest.approx(
        cohen_kappa(repeated[:, 0], repeated[:, 2])
    )


def test_fleiss_by_hand():
    # Three readers, four cells: they agree in pairs on 1/3, 1, 1/3 and 1 of the pairs.
    opinions = np.array([[1.0, 1, 0], [0, 0, 0], [0, 1, 0], [1, 1, 1]])
    assert pair_agreement(opinions) == pytest.approx([1 / 3, 1, 1 / 3, 1])
    seen, by_chance = 2 / 3, 0.5**2 + 0.5**2
    assert fleiss_kappa(opinions) == pytest.approx((seen - by_chance) / (1 - by_chance))


def test_full_agreement_is_1_and_one_answer_alone_says_nothing():
    opinions = np.array([[1.0, 1, 1], [0, 0, 0]])
    assert fleiss_kappa(opinions) == 1
    assert cohen_kappa(opinions[:, 0], opinions[:, 1]) == 1
    assert np.isnan(fleiss_kappa(np.zeros((5, 3))))
    assert np.isnan(cohen_kappa(np.ones(5), np.ones(5)))
