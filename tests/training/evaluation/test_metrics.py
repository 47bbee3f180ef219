"""Metrics against scikit-learn, values by hand, and what must hold for any cells."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from app.training.evaluation.metrics import brier, counts_at, ece, pr_auc, roc_auc

SIZE = st.shared(st.integers(2, 40), key="size")
LABELS = arrays(np.float64, SIZE, elements=st.sampled_from([0.0, 1.0]))
# Few distinct values, so that there are ties.
PROBABILITIES = arrays(np.float64, SIZE, elements=st.sampled_from([0, 0.1, 0.25, 0.5, 0.9, 1]))
WEIGHTS = arrays(np.float64, SIZE, elements=st.sampled_from([0.0, 1.0, 2.0, 3.0]))
few = settings(max_examples=60, deadline=None)


def both_classes(labels, weights):
    assume(weights[labels == 1].sum() > 0)
    assume(weights[labels == 0].sum() > 0)


@few
@given(LABELS, PROBABILITIES, WEIGHTS)
def test_areas_and_brier_are_those_of_scikit_learn(labels, probabilities, weights):
    both_classes(labels, weights)
    given_these = {"sample_weight": weights}
    assert roc_auc(labels, probabilities, weights) == pytest.approx(
        roc_auc_score(labels, probabilities, **given_these)
    )
    assert pr_auc(labels, probabilities, weights) == pytest.approx(
        average_precision_score(labels, probabilities, **given_these)
    )
    assert brier(labels, probabilities, weights) == pytest.approx(
        brier_score_loss(labels, probabilities, **given_these)
    )


@few
@given(LABELS, PROBABILITIES, st.sampled_from([0.1, 0.25, 0.5, 0.9]))
def test_shares_at_a_threshold_are_those_of_scikit_learn(labels, probabilities, threshold):
    called = probabilities >= threshold
    assume(0 < labels.sum() < len(labels))
    assume(0 < called.sum() < len(called))
    counts = counts_at(labels, probabilities, threshold)
    assert counts.sensitivity == pytest.approx(recall_score(labels, called))
    assert counts.specificity == pytest.approx(recall_score(1 - labels, ~called))
    assert counts.ppv == pytest.approx(precision_score(labels, called))
    assert counts.npv == pytest.approx(precision_score(1 - labels, ~called))
    assert counts.f1 == pytest.approx(f1_score(labels, called))


@few
@given(LABELS, PROBABILITIES, WEIGHTS)
def test_weights_are_as_good_as_repeated_cells(labels, probabilities, weights):
    both_classes(labels, weights)
    repeated = np.repeat(np.arange(len(labels)), weights.astype(int))
    for measure in (roc_auc, pr_auc, brier, ece):
        assert measure(labels, probabilities, weights) == pytest.approx(
            measure(labels[repeated], probabilities[repeated])
        )


@few
@given(LABELS)
def test_the_perfect_classifier(labels):
    assume(0 < labels.sum() < len(labels))
    counts = counts_at(labels, labels, 0.5)
    assert roc_auc(labels, labels) == pr_auc(labels, labels) == 1
    assert brier(labels, labels) == ece(labels, labels) == 0
    assert counts.sensitivity == counts.specificity == counts.ppv == counts.npv == counts.f1 == 1


@few
@given(LABELS, st.floats(0, 1))
def test_the_constant_classifier_knows_nothing_but_what_it_says(labels, constant):
    assume(0 < labels.sum() < len(labels))
    same = np.full(len(labels), constant)
    assert roc_auc(labels, same) == 0.5
    assert pr_auc(labels, same) == pytest.approx(labels.mean())
    assert ece(labels, same) == pytest.approx(abs(labels.mean() - constant))


def test_calibration_by_hand():
    labels = np.array([0.0, 1.0, 1.0, 1.0])
    probabilities = np.array([0.12, 0.18, 0.95, 1.0])
    # Bin 0.1-0.2: mean 0.15, share 0.5; bin 0.9-1: mean 0.975, share 1. Two of four cells each.
    assert ece(labels, probabilities) == pytest.approx(0.5 * 0.35 + 0.5 * 0.025)


def test_one_class_has_no_area():
    ones, scores = np.ones(3), np.array([0.1, 0.2, 0.3])
    assert np.isnan(roc_auc(ones, scores))
    assert np.isnan(pr_auc(ones, scores))
    assert np.isnan(counts_at(ones, scores, 0.5).specificity)
    assert np.isnan(roc_auc(np.zeros(0), np.zeros(0)))


def test_a_probability_at_the_threshold_is_called():
    assert counts_at(np.ones(1), np.array([0.5]), 0.5).true_positive == 1
