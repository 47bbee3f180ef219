import pytest

from app.domain.abnormality import Abnormality
from app.domain.bundle import manifest_digest, parse_manifest
from app.domain.errors import BundleRefused
from tests.factories import make_manifest, manifest_content, novelty_manifest


def test_a_valid_manifest_is_read():
    manifest = parse_manifest(manifest_content())
    assert manifest.title == "test 0.0.1"
    assert manifest.thresholds == dict.fromkeys(Abnormality, 0.5)
    assert manifest.training_data == ("none (CC0)",)
    assert manifest.novelty_threshold is None


@pytest.mark.parametrize("threshold", [-2.5, 0.0, 14])
def test_a_threshold_of_novelty_is_any_number(threshold):
    manifest = make_manifest(**novelty_manifest(threshold))
    assert manifest.novelty_threshold == threshold
    assert manifest.thresholds == dict.fromkeys(Abnormality, 0.5)


def test_the_digest_changes_with_any_value_but_not_with_the_order():
    content = manifest_content()
    turned = dict(reversed(content.items()))
    assert manifest_digest(turned) == content["digest"]
    assert manifest_digest({**content, "version": "0.0.2"}) != content["digest"]


def test_a_threshold_that_was_edited_by_hand_is_noticed():
    content = manifest_content()
    content["thresholds"]["vacuole"] = 0.1
    with pytest.raises(BundleRefused, match="digest does not match"):
        parse_manifest(content)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"format": 9}, "format"),
        ({"labels": ["vacuole"]}, "labels"),
        ({"thresholds": {"pmn": 0.5}}, "pseudo_pelger"),
        ({"thresholds": {"pmn": 1.0}}, "pmn"),
        (novelty_manifest(float("nan")), "novelty"),
        (novelty_manifest(float("inf")), "novelty"),
        (novelty_manifest("high"), "manifest.json"),
        ({"input": {}}, "size_px"),
        ({"training_data": [{"name": "x"}]}, "licence"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_by_name(changes, named):
    with pytest.raises(BundleRefused, match=named):
        parse_manifest(manifest_content(**changes))
