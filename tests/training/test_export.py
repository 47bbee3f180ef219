"""Every network becomes a graph that onnxruntime runs as torch does, novelty included."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train` (torch)")
onnxruntime = pytest.importorskip("onnxruntime")

from app.domain.abnormality import Abnormality  # noqa: E402
from app.domain.bundle import NOVELTY, parse_manifest  # noqa: E402
from app.domain.classifier_error import parse_classifier_errors  # noqa: E402
from app.domain.errors import BundleRefused  # noqa: E402
from app.training.calibrate import Calibration  # noqa: E402
from app.training.config import Stage, TrainConfig  # noqa: E402
from app.training.evaluate import Evaluation  # noqa: E402
from app.training.export import (  # noqa: E402
    MODEL_FILE,
    check_parity,
    export_graph,
    set_calibration,
)
from app.training.manifest import Extras, label_basis, manifest_content  # noqa: E402
from app.training.networks import NETWORKS, build_network  # noqa: E402

SIZE_PX = 32
CALIBRATIONS = tuple(Calibration(1 + i / 4, i / 3 - 0.5) for i in range(5))


class Distance(torch.nn.Module):
    """A novelty that reads both: how far the embedding is from its mean, and the first logit."""

    def forward(self, embedding, logits):
        spread = (embedding - embedding.mean(1, keepdim=True)).square().mean(1)
        return spread + logits[:, 0].abs()


@pytest.fixture(scope="module", params=list(NETWORKS))
def exported(request, tmp_path_factory):
    """A calibrated network, and its graph with a novelty."""
    torch.manual_seed(0)
    network = build_network(request.param)
    network.load_pretrained()
    set_calibration(network, CALIBRATIONS)
    path = tmp_path_factory.mktemp("graph") / MODEL_FILE
    export_graph(network, path, SIZE_PX, Distance())
    return network, path


def images(count):
    return np.random.default_rng(0).integers(0, 256, (count, SIZE_PX, SIZE_PX, 3), np.uint8)


def test_the_graph_gives_what_the_network_gives(exported):
    network, path = exported
    parity = check_parity(network, path, images(5), Distance(), batch=2)
    assert parity.images == 5
    assert 0 <= parity.difference <= 1e-4


def test_the_calibration_is_in_the_graph(exported):
    network, path = exported
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (served,) = session.run(["abnormality_probabilities"], {"images": images(3)})
    with torch.inference_mode():
        logits = network.logits(torch.from_numpy(images(3))).double().numpy()
    for i, calibration in enumerate(CALIBRATIONS[1:]):
        expected = calibration.probability(logits[:, i + 1])
        np.testing.assert_allclose(served[:, i], expected, atol=1e-5)


def test_novelty_is_a_further_output_of_one_number_an_image(exported):
    _, path = exported
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [o.name for o in session.get_outputs()][-1] == NOVELTY
    (novelty,) = session.run([NOVELTY], {"images": images(7)})
    assert novelty.shape == (7,)
    assert len(set(novelty.tolist())) == 7


def test_a_graph_of_other_weights_is_refused(exported):
    network, path = exported
    weight = network.linear.weight.detach().clone()
    with torch.no_grad():
        network.linear.weight.mul_(1.5)
    try:
        with pytest.raises(BundleRefused, match="differs from the trained network"):
            check_parity(network, path, images(2), Distance())
    finally:
        with torch.no_grad():
            network.linear.weight.copy_(weight)


class TestManifest:
    config = TrainConfig(
        name="tiny",
        version="1",
        data_sets=(),
        scratch_dir=None,
        size_px=SIZE_PX,
        stages=(Stage(SIZE_PX, 1),),
        network="braga-2025",
    )
    evaluation = Evaluation(
        CALIBRATIONS,
        {"pmn": 0.5, **{each.value: 0.4 for each in Abnormality}},
        dict.fromkeys(Abnormality, 0.9),
        dict.fromkeys(Abnormality, 0.95),
        (),
    )

    def content(self, tmp_path, evaluation=None, novelty=None):
        for name in (MODEL_FILE, "screening.json"):
            (tmp_path / name).write_text(name)
        return manifest_content(
            tmp_path, self.config, evaluation or self.evaluation, {}, Extras(novelty)
        )

    def test_it_is_one_that_serving_reads_and_carries_what_was_measured(self, tmp_path):
        content = json.loads(json.dumps(self.content(tmp_path)))
        manifest = parse_manifest(content)
        assert manifest.novelty_threshold is None
        assert set(manifest.files) == {MODEL_FILE, "screening.json"}
        assert "Braga" in manifest.network
        errors = parse_classifier_errors(content["classifier_errors"], "classifier_errors")
        assert errors[Abnormality.VACUOLE].specificity == 0.95
        assert content["calibration"]["parameters"]["pmn"] == {"temperature": 1, "offset": -0.5}
        assert content["training_data"] == []

    def test_novelty_is_an_output_with_a_threshold_where_it_is_measured(self, tmp_path):
        content = self.content(tmp_path, novelty=3.5)
        assert parse_manifest(content).novelty_threshold == 3.5
        assert content["outputs"][NOVELTY] == NOVELTY

    def test_errors_that_were_not_measured_are_left_out(self, tmp_path):
        unmeasured = {**self.evaluation.sensitivity, Abnormality.VACUOLE: float("nan")}
        content = self.content(tmp_path, replace(self.evaluation, sensitivity=unmeasured))
        assert "classifier_errors" not in content

    def test_the_basis_of_a_label_is_what_it_was_learnt_from(self):
        drawn = label_basis(Abnormality.NUCLEAR_SPIKE, self.config, {"nuclear_spike": 0})
        assert drawn.startswith("Edited images only")
        assert "No annotated real spike was seen" in drawn
        both = label_basis(Abnormality.VACUOLE, self.config, {"vacuole": 64})
        assert both.startswith("64 real cells")
        assert "edited" in both
        plain = replace(self.config, edited_copies=0)
        real = label_basis(Abnormality.VACUOLE, plain, {"vacuole": 64})
        assert real == "64 real cells annotated with it."
        nothing = label_basis(Abnormality.VACUOLE, plain, {})
        assert nothing == "Nothing. No annotated real vacuole was seen."
