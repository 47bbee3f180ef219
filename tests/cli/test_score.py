"""`vexascope score` as a laboratory calls it."""

import json

import pytest

pytest.importorskip("sklearn", reason="needs the extra `evaluate`")

from app.cli import main
from app.domain.abnormality import Abnormality
from app.domain.bundle import manifest_digest
from app.domain.screening import parse_rule
from app.inference.bundle import load_bundle
from app.training.screening.cohort_file import read_cohort, write_cohort
from tests.bundles import write_bundle
from tests.factories import corrected_rule_content
from tests.training.screening.cohorts import make_cohort

ERROR = {"sensitivity": 0.9, "specificity": 0.95, "basis": "drawn cells"}
ERRORS = {label.value: ERROR for label in Abnormality}


@pytest.fixture
def score(monkeypatch, capsys):
    """Run the command; gives exit status, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["vexascope", "score", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        return caught.value.code or 0, captured.out, " ".join(captured.err.split())

    return run


@pytest.fixture
def cohort(tmp_path):
    write_cohort(tmp_path / "cohort.csv", make_cohort(5, test_each=2))
    return tmp_path / "cohort.csv"


@pytest.fixture
def bundle(tmp_path):
    """A bundle whose manifest carries its measured errors."""
    return write_bundle(tmp_path / "bundle", manifest={"classifier_errors": ERRORS})


def test_from_a_cohort_to_a_bundle_that_is_served(score, tmp_path, cohort, bundle):
    rule = tmp_path / "screening.json"
    status, out, _ = score("fit", cohort, "--bundle", bundle, "-o", rule, "--name", "ours")
    assert status == 0
    assert "Left-out patients (5 VEXAS, 5 controls)" in out
    assert "Test part (2 VEXAS, 2 controls)" in out
    assert "> Four corrected proportions, ridge" in out
    assert "For research use only" in out
    content = json.loads(rule.read_text())
    assert parse_rule(content).correction[Abnormality.VACUOLE].basis == "drawn cells"
    assert content["fit"]["classifier"]["bundle"] == "test 0.0.1"

    status, out, _ = score("install", rule, bundle, "-o", tmp_path / "new")
    assert status == 0
    assert "test 0.0.1+ours" in out
    assert load_bundle(tmp_path / "new").bundle.rule.name == "ours"


def test_a_simulated_cohort_is_written_marked_and_explained(score, tmp_path):
    target = tmp_path / "made-up.csv"
    status, out, _ = score("simulate", "-o", target, "--seed", 3)
    assert status == 0
    assert "(a guess)" in out
    assert read_cohort(target).simulated


@pytest.mark.parametrize("method", ["beta-binomial", "resample"])
def test_power_from_a_cohort(score, tmp_path, cohort, method):
    rule = tmp_path / "rule.json"
    rule.write_text(json.dumps(corrected_rule_content()))
    arguments = ["--cohort", cohort, "--method", method, "--cells", "30,120", "--cohorts", 20]
    status, out, _ = score("power", rule, *arguments, "-o", tmp_path / "power")
    assert status == 0
    assert "*30" in out
    content = json.loads((tmp_path / "power" / "power.json").read_text())
    assert [row["cells"] for row in content["rows"]] == [30, 120]
    assert "14 patients of cohort.csv" in content["basis"]
    assert content["basis"] in (tmp_path / "power" / "power.html").read_text()


def test_power_without_a_cohort_says_that_patients_are_made_up(score, tmp_path):
    rule = tmp_path / "rule.json"
    rule.write_text(json.dumps(corrected_rule_content()))
    status, out, _ = score("power", rule, "--cells", "50", "--cohorts", 20)
    assert status == 0
    assert "Made-up patients, by assumption" in out


def test_the_classifiers_error_must_be_given_or_waived(score, cohort, tmp_path):
    plain = write_bundle(tmp_path / "plain")
    for arguments, said in (
        ((), "How often does the classifier err?"),
        (("--bundle", plain), "has no classifier_errors"),
        (("--errors", tmp_path / "none.json"), "cannot be read"),
    ):
        status, _, err = score("fit", cohort, *arguments, "-o", tmp_path / "s.json")
        assert status == 2
        assert said in err
    assert not (tmp_path / "s.json").exists()


def test_errors_no_better_than_chance_are_refused_by_name(score, cohort, tmp_path):
    poor = {**ERRORS, "vacuole": {**ERROR, "sensitivity": 0.02}}
    (tmp_path / "errors.json").write_text(json.dumps(poor))
    status, _, err = score("fit", cohort, "--errors", tmp_path / "errors.json")
    assert status == 2
    assert "errors.json.vacuole" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fit", "none.csv", "--no-correction"), "none.csv cannot be read"),
        (("fit", "none.csv", "--no-correction", "-o", "no/such/rule.json"), "cannot be written"),
        (("power", "none.json"), "none.json cannot be read"),
        (("power", "--cells", "50,x"), "Write whole numbers"),
        (("install", "none.json", "none", "-o", "new"), "no readable manifest.json"),
    ],
)
def test_what_is_wrong_is_one_sentence(score, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    status, _, err = score(*arguments)
    assert status == 2
    assert said in err
    assert "Traceback" not in err


def test_a_manifest_with_errors_is_sealed_by_its_digest(bundle):
    content = json.loads((bundle / "manifest.json").read_text())
    assert content["digest"] == manifest_digest(content)
    content["classifier_errors"]["vacuole"]["sensitivity"] = 1.0
    assert content["digest"] != manifest_digest(content)
