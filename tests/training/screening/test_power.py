"""Populations, the simulation of how many PMN are needed, and its page."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the extra `evaluate`")

from app.domain.abnormality import Abnormality
from app.domain.screening import screen
from app.training.screening.population import (
    Resampled,
    fit_beta_binomial,
    modelled,
)
from app.training.screening.power import (
    Estimate,
    PowerRow,
    _log_odds,
    advice,
    power_content,
    simulate_power,
)
from app.training.screening.power_page import power_page
from app.training.screening.simulated import (
    ReadPopulation,
    assumed_population,
    simulate,
)
from tests.factories import make_correction, make_rule, make_tally
from tests.training.screening.cohorts import errors, make_cohort

RULE = make_rule(intercept=-4.5, correction=make_correction())


@pytest.fixture(scope="module")
def rows():
    return simulate_power(RULE, ReadPopulation(RULE.correction), (25, 100, 400), cohorts=40)


def test_more_cells_make_the_score_surer(rows):
    assert [row.cells for row in rows] == [25, 100, 400]
    for few, many in pairwise(rows):
        assert many.auc.value > few.auc.value
        assert many.changed.value < few.changed.value


def test_estimates_lie_in_their_intervals_within_the_spread_of_cohorts(rows):
    for row in rows:
        for estimate in (row.auc, row.sensitivity, row.specificity, row.changed):
            assert 0 <= estimate.spread_low <= estimate.low <= estimate.value
            assert estimate.value <= estimate.high <= estimate.spread_high <= 1


def test_the_same_seed_gives_the_same_rows():
    one, other = (
        simulate_power(RULE, ReadPopulation(None), (50,), cohorts=20, seed=4) for _ in range(2)
    )
    assert one == other


def test_the_simulation_scores_as_serving_does():
    counts = {"vacuole": 30, "nuclear_spike": 3, "pseudo_pelger": 12}
    apparent = np.array([[counts.get(label.value, 0) / 120 for label in Abnormality]])
    served = screen(make_tally(120, **counts), RULE)
    assert 1 / (1 + np.exp(-_log_odds(RULE, apparent)[0])) == pytest.approx(served.value)


def test_a_beta_binomial_is_recovered():
    rng = np.random.default_rng(1)
    totals = np.full(4000, 150)
    counts = rng.binomial(totals, rng.beta(0.2 * 12, 0.8 * 12, 4000))
    mean, concentration = fit_beta_binomial(counts, totals)
    assert mean == pytest.approx(0.2, abs=0.01)
    assert concentration == pytest.approx(12, rel=0.1)


def test_patients_who_differ_by_chance_alone_are_not_made_to_differ():
    totals = np.full(500, 150)
    counts = np.random.default_rng(2).binomial(totals, 0.2)
    assert fit_beta_binomial(counts, totals)[1] > 300


def test_an_abnormality_that_nobody_has_stays_rare():
    mean, _ = fit_beta_binomial(np.zeros(20, np.int64), np.full(20, 150))
    assert mean < 0.005


def test_a_modelled_cohort_has_the_groups_means_of_the_cohort():
    cohort = make_cohort(40)
    positive = np.array(cohort.groups) == "VEXAS"
    model = modelled(cohort, positive)
    rng = np.random.default_rng(0)
    drawn = [model.draw(rng) for _ in range(30)]
    shares = np.vstack([shares for shares, _ in drawn])
    kinds = np.concatenate([kind for _, kind in drawn])
    for kind in (True, False):
        expected = cohort.apparent[positive == kind].mean(axis=0)
        assert shares[kinds == kind].mean(axis=0) == pytest.approx(expected, abs=0.02)


def test_resampled_patients_are_those_of_the_cohort():
    cohort = make_cohort(5)
    positive = np.array(cohort.groups) == "VEXAS"
    shares, kinds = Resampled(cohort.apparent, positive).draw(np.random.default_rng(0))
    assert kinds.sum() == 5
    known = {tuple(row) for row in cohort.apparent[positive]}
    assert {tuple(row) for row in shares[kinds]} <= known


def test_assumed_patients_share_their_severity():
    population = assumed_population()
    spread = next(iter(population.groups.values()))
    many = replace(spread, size=4000)
    shares = population.draw_group(many, np.random.default_rng(0))
    assert shares.mean(axis=0) == pytest.approx(spread.means, abs=0.01)
    correlations = np.corrcoef(shares.T)[np.triu_indices(4, 1)]
    assert correlations.min() > 0.25
    assert correlations.max() < 0.55


def test_a_simulated_cohort_is_as_large_as_the_published_one_and_says_that_it_is_made_up():
    cohort = simulate(errors(), seed=1)
    train = cohort.select(~cohort.held_out)
    assert sorted(train.groups.count(name) for name in set(train.groups)) == [14, 25, 25]
    assert len(cohort) == 2 * len(train)
    assert cohort.simulated
    assert 130 < train.pmn.mean() < 170
    assert (cohort.calls <= cohort.pmn[:, None]).all()


def test_an_erring_classifier_calls_what_its_error_says():
    """The first draws of a seed are the patients: the same ones, read twice."""
    true = simulate(None, seed=2, test_part=False).apparent.mean(axis=0)
    read = simulate(errors(0.8, 0.9), seed=2, test_part=False).apparent.mean(axis=0)
    assert read == pytest.approx(true * 0.8 + (1 - true) * 0.1, abs=0.02)


def row(cells, changed, high):
    unknown = Estimate(0.9, 0.9, 0.9, 0.9, 0.9)
    return PowerRow(cells, unknown, unknown, unknown, Estimate(changed, changed, high, 0, 1))


def test_the_advice_is_the_first_number_that_surely_suffices():
    rows = [row(50, 0.1, 0.12), row(100, 0.049, 0.051), row(200, 0.03, 0.04)]
    assert advice(rows).startswith("From 200 PMN on, fewer than 5%")
    assert advice(rows[:2]).startswith("Even with 100 PMN, 4.9%")


def test_the_page_holds_every_number_and_nothing_from_elsewhere(rows):
    facts = {"rule": "<b>r</b>", "rule_basis": "simulated", "basis": "assumed.", "cohorts": 40}
    content = power_content(rows, minimum_cells=50, seed=0, **facts)
    html = power_page(content)
    assert "<b>r</b>" not in html
    assert "://" not in html
    assert "<script" not in html
    for line in content["rows"]:
        assert f"{line['auc']['value']:.3f}" in html
    assert html.count("<circle") == 4 * len(rows)
    assert "25 *" in html
    heights = [float(y) for y in re.findall(r'cy="([\d.]+)"', html)]
    assert 0 < min(heights) < max(heights) < 200
