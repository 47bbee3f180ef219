"""The rule that training puts into a bundle."""

import json

import pytest

pytest.importorskip("sklearn", reason="needs the extra `evaluate`")

from app.domain.abnormality import Abnormality
from app.domain.reference import REFERENCE_LEVELS
from app.domain.screening import Basis, parse_rule
from app.settings import shipped_bundle
from app.training.screening.simulated import ASSUMPTIONS, screening_rule

GOOD = dict.fromkeys(Abnormality, 0.95)


@pytest.fixture(scope="module")
def rule():
    return screening_rule(GOOD, GOOD, seed=5, compare=False)


def test_it_is_marked_as_simulated_and_read(rule):
    parsed = parse_rule(rule)
    assert parsed.basis is Basis.SIMULATED
    assert parsed.basis.notice == "Demonstration weights, not fitted on patients."
    assert all(value >= 0 for value in parsed.coefficients.values())
    assert parsed.correction[Abnormality.VACUOLE].sensitivity == 0.95


def test_its_assumptions_are_written_down(rule):
    assert rule["cohort"]["assumptions"] == list(ASSUMPTIONS)
    assert any("guess" in text and "severity" in text for text in ASSUMPTIONS)
    assert rule["cohort"]["groups"] == {
        "VEXAS": 25,
        "MDS, UBA1 wild type": 14,
        "cytopenia, UBA1 wild type": 25,
    }


def test_it_is_tested_on_a_second_cohort(rule):
    assert rule["performance"]["test"]["patients"] == "25 VEXAS, 39 controls"
    assert "measured on simulated patients" in rule["performance"]["basis"]
    low, high = rule["performance"]["sensitivity_interval_95"]
    assert low < rule["performance"]["sensitivity"] <= high


@pytest.mark.slow
def test_a_classifier_that_says_nothing_is_not_corrected_and_the_rule_says_so():
    poor = {**GOOD, Abnormality.VACUOLE: 0.05}
    rule = screening_rule(poor, GOOD, seed=5, compare=False)
    assert parse_rule(rule).correction is None
    assert "not corrected" in rule["cohort"]["assumptions"][-1]


@pytest.mark.slow
def test_the_shipped_rule_is_what_the_manifest_s_errors_give():
    """Fitted again, with the seed that it names, from what stands beside it."""
    texts = ((shipped_bundle() / name).read_text() for name in ("manifest.json", "screening.json"))
    manifest, shipped = map(json.loads, texts)
    rates = manifest["classifier_errors"]
    sensitivity, specificity = (
        {label: rates[label][name] for label in Abnormality}
        for name in ("sensitivity", "specificity")
    )
    seed = shipped["fit"]["seed"]
    again = screening_rule(sensitivity, specificity, seed, compare=False)
    for name in ("coefficients", "reference_proportions", "apparent_reference_proportions"):
        assert shipped[name] == pytest.approx(again[name], abs=2e-6)
    assert (shipped["intercept"], shipped["cut_off"]) == pytest.approx(
        (again["intercept"], again["cut_off"]), abs=1e-4
    )
    assert shipped["cohort"] == again["cohort"]


def test_the_shipped_distributions_are_read():
    groups = parse_rule(json.loads((shipped_bundle() / "screening.json").read_text())).reference
    assert [(group.name, group.patient_count, group.is_positive) for group in groups] == [
        ("VEXAS", 25, True),
        ("MDS, UBA1 wild type", 14, False),
        ("cytopenia, UBA1 wild type", 25, False),
    ]
    assert all(
        len(group.quantiles[Abnormality.VACUOLE]) == len(REFERENCE_LEVELS) for group in groups
    )
