"""Loss, one tiny run from data to bundle, and the screening rule."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train` (torch)")

from app.domain.bundle import parse_manifest  # noqa: E402
from app.domain.errors import SettingsRefused  # noqa: E402
from app.training import config as config_module  # noqa: E402
from app.training.calibrate import (  # noqa: E402
    Calibration,
    balanced_threshold,
    fit_calibration,
    limited_threshold,
)
from app.training.config import Stage, load_config  # noqa: E402
from app.training.evaluation.intervals import (  # noqa: E402
    area_under_curve,
    exact_interval,
)
from app.training.finishing import finish  # noqa: E402
from app.training.loss import masked_loss, positive_weights, type_loss  # noqa: E402
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

    def test_an_unknown_type_costs_nothing_and_teaches_nothing(self):
        logits = torch.zeros(3, 4, requires_grad=True)
        type_loss(logits, torch.tensor([2, -1, -1])).backward()
        assert logits.grad[0].abs().sum() > 0
        assert (logits.grad[1:] == 0).all()
        assert type_loss(logits, torch.tensor([-1, -1, -1])).item() == 0


class TestCalibration:
    def test_overconfident_and_shifted_logits_are_mended(self):
        rng = np.random.default_rng(0)
        true = rng.normal(0, 2, 4000)
        labels = (rng.random(4000) < Calibration().probability(true)).astype(float)
        found = fit_calibration(3 * (true - 1), labels)
        assert found.temperature == pytest.approx(3, rel=0.15)
        assert found.offset == pytest.approx(1, abs=0.15)

    def test_weights_move_a_calibration_to_the_cells_that_weigh_most(self):
        logits = np.zeros(8)
        labels = np.array([1.0, 1, 1, 0, 0, 0, 0, 1])
        weights = np.array([1.0, 1, 1, 1, 0, 0, 0, 0])
        found = fit_calibration(logits, labels, weights).probability(np.zeros(1))[0]
        assert found == pytest.approx(0.75, abs=0.01)

    def test_unknown_labels_and_a_single_class_change_nothing(self):
        logits = np.array([1.0, -1.0, 2.0, -2.0])
        assert fit_calibration(logits, np.array([1.0, 1.0, NAN, NAN])) == Calibration()

    @pytest.mark.parametrize("probability", [0.03, 0.5, 0.9])
    def test_a_threshold_goes_to_the_logit_and_back(self, probability):
        calibration = Calibration(temperature=0.4, offset=-1.5)
        logit = np.array([calibration.logit(probability)])
        assert calibration.probability(logit)[0] == pytest.approx(probability)

    def test_a_threshold_calls_few_healthy_cells(self):
        rng = np.random.default_rng(0)
        healthy, present = rng.beta(2, 5, 500), rng.beta(5, 2, 300)
        threshold = limited_threshold([present], healthy, 0.05)
        assert 0.03 < (healthy >= threshold).mean() <= 0.05

    def test_decoys_raise_a_threshold_that_healthy_cells_would_leave_low(self):
        present, healthy, decoys = np.full(9, 0.9), np.full(9, 0.05), np.full(9, 0.5)
        assert limited_threshold([present], healthy, 0.05) == pytest.approx(0.475, abs=0.01)
        found = limited_threshold([present], healthy, 0.05, decoys)
        assert found == pytest.approx(0.7, abs=0.01)

    def test_a_clear_gap_is_halved(self):
        found = balanced_threshold([np.array([0.8, 0.9])], [np.array([0.1, 0.2])])
        assert found == pytest.approx(0.5, abs=0.01)

    def test_a_centre_with_few_cells_weighs_as_much_as_one_with_many(self):
        large = np.full(400, 0.6), np.repeat([0.5, 0.05], [160, 240])
        small = np.full(2, 0.3), np.full(2, 0.1)
        # Of all cells together, 0.55 is right but for two; for the small centre it is all wrong.
        found = balanced_threshold([large[0], small[0]], [large[1], small[1]])
        assert 0.1 < found <= 0.3


def test_the_exact_interval_is_the_known_one():
    assert exact_interval(10, 100) == pytest.approx((0.0490, 0.1762), abs=1e-4)
    assert exact_interval(0, 100) == pytest.approx((0, 0.0362), abs=1e-4)


def test_the_area_under_the_curve_counts_ordered_pairs_and_half_the_ties():
    value, (low, high) = area_under_curve(np.array([3.0, 2.0]), np.array([1.0, 2.0]))
    assert value == pytest.approx(3.5 / 4)
    assert low <= value <= high


class TestConfig:
    def test_the_shipped_one_exports_at_224_pixels(self):
        config = load_config(SHIPPED, data_sets=(Path("elsewhere"),), scratch_dir=None)
        assert config.size_px == config.stages[-1].size_px == 224
        assert config.data_sets == (Path("elsewhere"),)

    def test_a_wrong_one_is_refused(self, tmp_path):
        (tmp_path / "wrong.toml").write_text("name = 'x'\n")
        with pytest.raises(SettingsRefused, match="stages"):
            load_config(tmp_path / "wrong.toml")


@pytest.mark.parametrize("network", ["efficientnet-lite0", "braga-2025"])
def test_one_tiny_run_from_data_to_bundle(tmp_path, network):
    """Parity with onnxruntime is checked inside, on the real preprocessing."""
    config = replace(
        load_config(SHIPPED),
        network=network,
        data_sets=(write_data_set(tmp_path / "data", cells=24),),
        scratch_dir=tmp_path / "scratch",
        stages=(Stage(size_px=32, epochs=1, batch=4),),
        size_px=32,
        workers=0,
        edited_copies=1,
        edited_per_epoch=2,
        others_per_epoch=2,
        vacuole_repeat=1,
        away_per_centre=2,
        novelty=network == "efficientnet-lite0",
        frames_dir=None,
    )
    said = []
    trained = train(config, lambda sentence, share: said.append((sentence, share)))
    folder = tmp_path / "bundle"
    finish(trained, config, folder)

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
    for ours, theirs in zip(trained.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)
