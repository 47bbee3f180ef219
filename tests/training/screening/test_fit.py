"""From a cohort to a rule that is read, with its cut-off, correction and figures."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra `evaluate`")

from app.domain.abnormality import Abnormality
from app.domain.errors import InvalidInput
from app.domain.screening import Basis, parse_rule, screen
from app.training.screening.cohort import Part
from app.training.screening.correction import entering
from app.training.screening.fit import FitOptions, fit_rule, rounded_down
from app.training.screening.recipes import Search, recipes
from tests.factories import make_tally
from tests.training.screening.cohorts import errors, make_cohort

QUICK = Search(folds=3, weights=(10.0, 1.0))


def options(**changes):
    values = {"name": "test", "correction": errors(), "compare": False, "search": QUICK, **changes}
    return FitOptions(**values)


@pytest.fixture(scope="module")
def compared():
    """One rule with all alternatives and a test part."""
    cohort = make_cohort(8, correction=errors(), test_each=4)
    return cohort, fit_rule(cohort, options(compare=True))


def scores(content, cohort):
    rule = parse_rule(content)
    weights = np.array([rule.coefficients[label] for label in Abnormality])
    log_odds = rule.intercept + entering(cohort.apparent, rule.correction) @ weights
    return 1 / (1 + np.exp(-log_odds))


def test_the_cut_off_finds_the_stated_share_of_the_training_patients(compared):
    cohort, content = compared
    train = cohort.select(~cohort.held_out)
    positive = np.array(train.groups) == "VEXAS"
    found = scores(content, train) >= content["cut_off"]
    assert found[positive].mean() >= 0.85
    higher = scores(content, train) >= content["cut_off"] + 1.1e-4
    assert higher[positive].mean() < 0.85


def test_the_distributions_are_the_quantiles_of_the_training_patients(compared):
    cohort, content = compared
    positive, controls = parse_rule(content).reference
    assert (positive.name, positive.is_positive, positive.patient_count) == ("VEXAS", True, 8)
    assert (controls.name, controls.is_positive, controls.patient_count) == ("control", False, 8)
    ours = cohort.select(~cohort.held_out & (np.array(cohort.groups) == "VEXAS"))
    column = list(Abnormality).index(Abnormality.VACUOLE)
    shares = sorted(ours.apparent[:, column])
    found = positive.quantiles[Abnormality.VACUOLE]
    assert (found[0], found[-1]) == pytest.approx((shares[0], shares[-1]), abs=1e-6)
    # Eight patients: the median lies between the fourth and the fifth, the quartile a quarter of
    # the way from the second to the third: 0.25 * 7 = 1.75.
    assert positive.quantile(Abnormality.VACUOLE, 50) == pytest.approx(
        (shares[3] + shares[4]) / 2, abs=1e-6
    )
    assert positive.quantile(Abnormality.VACUOLE, 25) == pytest.approx(
        0.25 * shares[1] + 0.75 * shares[2], abs=1e-6
    )


def test_patients_with_too_few_pmn_are_not_in_the_distributions():
    cohort = make_cohort(8, correction=errors())
    few = cohort.pmn.copy()
    few[0] = 49
    cohort = replace(cohort, pmn=few, calls=np.minimum(cohort.calls, few[:, None]))
    counts = {
        group.name: group.patient_count
        for group in parse_rule(fit_rule(cohort, options())).reference
    }
    assert counts == {"VEXAS": 7, "control": 8}


def test_the_rule_scores_as_serving_does(compared):
    cohort, content = compared
    counts = {label.value: int(n) for label, n in zip(Abnormality, cohort.calls[0], strict=True)}
    served = screen(make_tally(int(cohort.pmn[0]), **counts), parse_rule(content))
    assert served.value == pytest.approx(scores(content, cohort)[0], abs=1e-12)


def test_the_stated_model_is_fitted_and_the_others_stand_beside_it(compared):
    _, content = compared
    rows = content["alternatives"]
    assert [row["model"] for row in rows if row["chosen"]] == ["corrected-ridge"]
    assert {row["model"] for row in rows} == {r.key for r in recipes(corrected=True)}
    assert {row["model"] for row in rows if not row["can_be_served"]} == {
        "corrected-arcsine",
        "corrected-log",
        "intercept",
    }
    assert "before the comparison" in content["fit"]["chosen_as"]
    assert "optimism" not in content["performance"]


def test_cohort_and_figures_are_described_without_any_patient(compared):
    _, content = compared
    assert content["basis"] == Basis.PATIENTS
    assert content["cohort"]["groups"] == {"VEXAS": 8, "control": 8}
    assert content["cohort"]["centres"] == {"A": 16}
    assert content["cohort"]["pmn_per_patient"]["all"] == {
        "median": 150,
        "least": 150,
        "most": 150,
    }
    assert content["performance"]["patients"] == "8 VEXAS, 8 controls"
    assert content["performance"]["test"]["patients"] == "4 VEXAS, 4 controls"
    low, high = content["performance"]["sensitivity_interval_95"]
    assert 0 <= low <= content["performance"]["sensitivity"] <= high <= 1
    assert '"p0"' not in json.dumps(content)


def test_test_patients_choose_nothing(compared):
    cohort, content = compared
    changed = cohort.calls.copy()
    changed[cohort.held_out] = 0
    other = type(cohort)(**{**vars(cohort), "calls": changed})
    again = fit_rule(other, options(compare=True))
    for name in ("intercept", "coefficients", "cut_off", "reference_proportions"):
        assert again[name] == content[name]
    assert again["performance"]["test"] != content["performance"]["test"]


def test_choosing_the_best_says_that_it_flatters():
    content = fit_rule(make_cohort(6), options(compare=True, choose_best=True, correction=None))
    [chosen] = [row for row in content["alternatives"] if row["chosen"]]
    servable = [row["log_loss"] for row in content["alternatives"] if row["can_be_served"]]
    assert chosen["log_loss"] == min(servable)
    assert "they flatter it" in content["performance"]["optimism"]
    parse_rule(content)


def test_the_correction_undoes_a_classifiers_error():
    """The same patients, read by two classifiers, look the same after the correction."""
    poor, good = errors(0.75, 0.85), errors(0.98, 0.99)
    read = {id(e): make_cohort(150, pmn=2000, seed=3, correction=e) for e in (poor, good)}
    truth = make_cohort(150, pmn=2000, seed=3)
    for error in (poor, good):
        apparent = read[id(error)].apparent
        corrected = entering(apparent, error)
        assert corrected.mean(axis=0) == pytest.approx(truth.apparent.mean(axis=0), abs=0.01)
    bias = read[id(poor)].apparent.mean(axis=0) - truth.apparent.mean(axis=0)
    assert np.abs(bias).max() > 0.05


def test_a_faultless_classifier_gives_the_rule_without_correction():
    cohort = make_cohort(7)
    plain = fit_rule(cohort, options(correction=None))
    same = fit_rule(cohort, options(correction=errors(1.0, 1.0)))
    assert (plain["format"], same["format"]) == (1, 2)
    for name in ("coefficients", "reference_proportions"):
        assert same[name] == pytest.approx(plain[name], rel=1e-3)
    assert same["intercept"] == pytest.approx(plain["intercept"], rel=1e-3)
    assert same["cut_off"] == pytest.approx(plain["cut_off"], abs=3e-4)


def test_the_same_seed_gives_the_same_rule():
    one, other = (fit_rule(make_cohort(6), options()) for _ in range(2))
    assert one == other


def test_negative_coefficients_only_where_they_are_allowed():
    means = {"VEXAS": (0.05, 0.3, 0.15, 0.25), "control": (0.2, 0.1, 0.05, 0.08)}
    cohort = make_cohort(12, means=means)
    held = fit_rule(cohort, options(correction=None))
    free_search = Search(folds=3, weights=(1.0,), non_negative=False)
    free = fit_rule(cohort, options(correction=None, search=free_search))
    assert held["coefficients"]["pseudo_pelger"] == 0
    assert free["coefficients"]["pseudo_pelger"] < 0


def test_patients_with_too_few_cells_are_left_out_and_counted():
    cohort = make_cohort(7)
    cohort.pmn[0] = cohort.calls[0].max()
    content = fit_rule(cohort, options(minimum_cells=int(cohort.pmn[0]) + 1))
    assert content["cohort"]["excluded_below_minimum_cells"] == {"VEXAS": 1}
    assert content["cohort"]["groups"] == {"VEXAS": 6, "control": 7}


def test_made_up_patients_are_called_so():
    content = fit_rule(make_cohort(5), options(simulated=True))
    assert content["basis"] == Basis.SIMULATED
    assert content["cohort"]["description"].startswith("Simulated patients; no real patient")
    assert "simulated patients" in content["performance"]["basis"]


@pytest.mark.parametrize(
    ("cohort", "changes", "said"),
    [
        (make_cohort(4), {}, "to be found (VEXAS): 4 with at least 50 PMN"),
        (make_cohort(6, pmn=40), {}, "to be found (VEXAS): 0"),
        (make_cohort(6), {"wanted_sensitivity": 0.0}, "--sensitivity"),
        (make_cohort(6), {"wanted_sensitivity": 1.2}, "--sensitivity"),
        (make_cohort(6), {"name": " "}, "--name"),
        (make_cohort(6), {"positive_group": ("MDS",)}, "'MDS' is no group"),
    ],
)
def test_what_cannot_be_fitted_is_refused(cohort, changes, said):
    with pytest.raises(InvalidInput) as caught:
        fit_rule(cohort, options(**changes))
    assert said in caught.value.detail


def test_test_patients_do_not_help_to_reach_the_least_number():
    cohort = make_cohort(4, test_each=10)
    assert cohort.parts.count(Part.TEST) == 20
    with pytest.raises(InvalidInput, match="Training patients"):
        fit_rule(cohort, options())


@pytest.mark.parametrize(("score", "cut_off"), [(0.51239, 0.5123), (0.000012345678, 0.00001234)])
def test_a_cut_off_is_rounded_down_but_never_to_nothing(score, cut_off):
    assert rounded_down(score) == pytest.approx(cut_off)
    assert 0 < rounded_down(score) <= score
