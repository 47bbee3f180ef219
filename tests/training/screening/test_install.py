"""A bundle with another rule: read by serving, named anew, and refused where it does not fit."""

import json

import pytest

from app.domain.bundle import manifest_digest
from app.domain.errors import BundleRefused, InvalidInput
from app.inference.bundle import load_bundle
from app.training.screening.install import classifier_facts, install_rule
from tests.bundles import write_bundle
from tests.factories import corrected_rule_content


@pytest.fixture
def bundle(tmp_path):
    folder = write_bundle(tmp_path / "bundle")
    (folder / "CARD.md").write_text("# test 0.0.1\n")
    return folder


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())


def write_rule(path, **changes):
    path.write_text(json.dumps(corrected_rule_content(**changes)))
    return path


@pytest.fixture
def rule(tmp_path, bundle):
    """A rule that was fitted with this bundle."""
    fit = {"classifier": classifier_facts(manifest_of(bundle))}
    return write_rule(tmp_path / "rule.json", name="Our lab, 2026", fit=fit)


def test_the_copy_is_read_and_has_a_version_and_digest_of_its_own(tmp_path, bundle, rule):
    install_rule(rule, bundle, tmp_path / "new", any_classifier=False)
    old, new = (load_bundle(folder).bundle for folder in (bundle, tmp_path / "new"))
    assert new.rule.name == "Our lab, 2026"
    assert new.rule.correction is not None
    assert new.manifest.version == "0.0.1+Our-lab-2026"
    assert new.manifest.digest != old.manifest.digest
    assert manifest_of(tmp_path / "new")["derived_from"]["digest"] == old.manifest.digest
    assert new.manifest.files["model.onnx"] == old.manifest.files["model.onnx"]


def test_the_card_says_that_its_part_on_the_rule_does_not_hold(tmp_path, bundle, rule):
    install_rule(rule, bundle, tmp_path / "new", any_classifier=False)
    card = (tmp_path / "new" / "CARD.md").read_text()
    assert card.startswith("# test 0.0.1+Our-lab-2026")
    assert "The screening rule was replaced." in card
    assert card.endswith("# test 0.0.1\n")


def test_the_original_is_not_touched(tmp_path, bundle, rule):
    before = {path.name: path.read_bytes() for path in bundle.iterdir()}
    install_rule(rule, bundle, tmp_path / "new", any_classifier=False)
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == before


def test_a_rule_can_be_replaced_again(tmp_path, bundle, rule):
    install_rule(rule, bundle, tmp_path / "one", any_classifier=False)
    other = write_rule(tmp_path / "other.json", name="second")
    install_rule(other, tmp_path / "one", tmp_path / "two", any_classifier=True)
    assert load_bundle(tmp_path / "two").bundle.manifest.version == "0.0.1+second"


def test_a_rule_of_another_classifier_is_refused(tmp_path, bundle, rule):
    manifest = manifest_of(bundle)
    manifest["thresholds"]["vacuole"] = 0.7
    manifest["digest"] = manifest_digest(manifest)
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InvalidInput, match="thresholds differ"):
        install_rule(rule, bundle, tmp_path / "new", any_classifier=False)
    assert not (tmp_path / "new").exists()
    install_rule(rule, bundle, tmp_path / "new", any_classifier=True)
    assert load_bundle(tmp_path / "new").bundle.rule.name == "Our lab, 2026"


def test_a_rule_that_does_not_name_its_classifier_is_refused(tmp_path, bundle):
    rule = write_rule(tmp_path / "rule.json")
    with pytest.raises(InvalidInput, match="does not say with which classifier"):
        install_rule(rule, bundle, tmp_path / "new", any_classifier=False)


def test_what_cannot_be_read_leaves_nothing_behind(tmp_path, bundle, rule):
    broken = write_rule(tmp_path / "broken.json", cut_off=3)
    (tmp_path / "text.json").write_text("no")
    with pytest.raises(BundleRefused, match="cut_off"):
        install_rule(broken, bundle, tmp_path / "new", any_classifier=True)
    with pytest.raises(InvalidInput, match="not valid JSON"):
        install_rule(tmp_path / "text.json", bundle, tmp_path / "new", any_classifier=True)
    with pytest.raises(InvalidInput, match="is there already"):
        install_rule(rule, bundle, bundle, any_classifier=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "broken.json",
        "bundle",
        "rule.json",
        "text.json",
    ]
