"""The int8 variant of an exported graph, and the cells that it is calibrated and measured on."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train` (torch)")

import onnx  # noqa: E402
import onnxruntime  # noqa: E402

from app.domain.abnormality import Abnormality  # noqa: E402
from app.domain.bundle import manifest_digest  # noqa: E402
from app.domain.errors import BundleRefused  # noqa: E402
from app.inference.bundle import load_bundle  # noqa: E402
from app.inference.onnx_classifier import OnnxClassifier  # noqa: E402
from app.settings import Precision, Provider  # noqa: E402
from app.training import int8  # noqa: E402
from app.training.config import Stage, TrainConfig  # noqa: E402
from app.training.datasets.sample import UNKNOWN, Labels, Sample, Split  # noqa: E402
from app.training.export import export_graph  # noqa: E402
from app.training.int8 import quantise_bundle, section, validation_groups  # noqa: E402
from app.training.loader import TrainingSet  # noqa: E402
from app.training.networks import build_network  # noqa: E402
from app.training.quantise import (  # noqa: E402
    after_features,
    calibration_images,
    convolutions,
    spread,
    write_int8,
)
from app.training.train import read_cells, training_set  # noqa: E402
from app.training.variants import Comparison  # noqa: E402
from tests.bundles import write_bundle  # noqa: E402
from tests.training.drawing import write_data_set  # noqa: E402

SIZE_PX = 32
GOOD = Comparison(1.5, {"vacuole, real": (0.97, 0.968)}, 0.04, 3, 400)


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """The small network's graph, with batch norms as after some training."""
    torch.manual_seed(0)
    network = build_network("braga-2025").train()
    with torch.no_grad():
        for _ in range(5):
            network(torch.randint(0, 256, (8, SIZE_PX, SIZE_PX, 3), dtype=torch.uint8))
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    export_graph(network, path, SIZE_PX)
    return path


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return TrainConfig(
        name="tiny",
        version="1",
        data_sets=(write_data_set(folder / "data"),),
        scratch_dir=folder / "scratch",
        size_px=SIZE_PX,
        stages=(Stage(SIZE_PX, 1),),
        network="braga-2025",
        edited_copies=1,
    )


def noise(count, seed=0):
    shape = (count, SIZE_PX, SIZE_PX, 3)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


class TestWriting:
    @pytest.fixture(scope="class")
    def variant(self, graph):
        target = graph.parent / "int8.onnx"
        write_int8(graph, target, noise(20), 0, target.with_suffix(".json"))
        return target

    def test_it_takes_and_gives_what_the_network_takes_and_gives(self, graph, variant):
        full, small = (onnxruntime.InferenceSession(str(p)) for p in (graph, variant))
        names = [output.name for output in full.get_outputs()]
        assert [output.name for output in small.get_outputs()] == names
        images = noise(3, 1)
        for name, ours, theirs in zip(
            names, full.run(None, {"images": images}), small.run(None, {"images": images}),
            strict=True,
        ):  # fmt: skip
            assert ours.shape == theirs.shape, name
            assert np.abs(ours - theirs).max() < 0.15 * max(1, np.abs(ours).max()), name

    def test_convolutions_hold_integers_and_what_follows_them_does_not(self, variant):
        content = onnx.load(variant).graph
        kinds = {tensor.name: tensor.data_type for tensor in content.initializer}
        made_by = {output: node for node in content.node for output in node.output}
        backbone = [n for n in content.node if n.op_type == "Conv" and n.input[1] not in kinds]
        assert len(backbone) == 6
        for node in backbone:
            stored = made_by[node.input[1]]
            assert stored.op_type == "DequantizeLinear"
            assert kinds[stored.input[0]] == onnx.TensorProto.INT8
        (linear,) = (node for node in content.node if node.op_type == "Gemm")
        assert kinds[linear.input[1]] == onnx.TensorProto.FLOAT

    def test_the_first_convolutions_stay_in_float_where_wanted(self, graph, variant):
        target = graph.parent / "less.onnx"
        write_int8(graph, target, noise(20), 2, graph.parent / "int8.json")
        content = onnx.load(target).graph
        kinds = [tensor.data_type for tensor in content.initializer if len(tensor.dims) == 4]
        assert kinds.count(onnx.TensorProto.INT8) == 4
        assert kinds.count(onnx.TensorProto.FLOAT) == 3
        assert convolutions(graph) == 6

    def test_weights_keep_to_seven_bits(self, variant):
        weights = [
            onnx.numpy_helper.to_array(tensor)
            for tensor in onnx.load(variant).graph.initializer
            if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) == 4
        ]
        assert len(weights) == 6
        assert max(int(np.abs(w.astype(int)).max()) for w in weights) <= 64

    def test_all_that_reads_the_feature_map_stays_in_float(self, graph):
        content = onnx.load(graph).graph
        kept = after_features(content)
        types = [node.op_type for node in content.node if node.name in kept]
        assert {"ReduceMean", "Gemm", "Sigmoid"} <= set(types)
        assert types.count("Conv") == 1


class TestCells:
    def test_calibration_has_every_kind_and_no_more_than_asked(self, config):
        training = training_set(config, read_cells(config))
        images = calibration_images(training, SIZE_PX, 12)
        assert images.dtype == np.uint8
        assert images.shape == (12, SIZE_PX, SIZE_PX, 3)
        assert len({image.tobytes() for image in images[:9]}) >= 8

    def test_calibration_does_without_edits(self, config):
        training = training_set(config, read_cells(config))
        plain = TrainingSet(training.neutrophils, training.others, [])
        assert len(calibration_images(plain, SIZE_PX, 12)) == 9

    def test_spread_takes_from_the_whole_length(self):
        cells = [Sample(None, Labels(1, (UNKNOWN,) * 4), cell_type=str(i)) for i in range(10)]
        assert [s.cell_type for s in spread(cells, 3)] == ["0", "4", "9"]
        assert spread(cells, 20) == cells

    def test_groups_are_validation_cells_and_of_drawn_ones_only_what_was_drawn(self, config):
        cells = read_cells(config)
        groups = validation_groups(config, cells, SIZE_PX)
        held = [s for s in cells if s.split is Split.VAL]
        assert [g.kind for g in groups[:2]] == ["real", "real, other laboratories"]
        assert len(groups[0].images) == sum(s.centre == "drawing room" for s in held)
        assert {g.kind for g in groups[2:]} == {"edited"}
        for group in groups[2:]:
            known = ~np.isnan(group.labels)
            assert known.any(axis=0).sum() == 1
            assert not known[:, 0].any()


class TestBundle:
    @pytest.fixture
    def bundle(self, tmp_path, graph):
        folder = write_bundle(tmp_path / "bundle")
        (folder / "model.onnx").write_bytes(graph.read_bytes())
        content = json.loads((folder / "manifest.json").read_text())
        content["files"]["model.onnx"] = int8.sha256(graph)
        content["digest"] = manifest_digest(content)
        (folder / "manifest.json").write_text(json.dumps(content))
        (folder / "CARD.md").write_text(f"# tiny\n\ndigest `{content['digest']}`\n")
        return folder

    def test_a_good_variant_is_kept_and_runs(self, bundle, config, monkeypatch):
        monkeypatch.setattr(int8, "compare", lambda *_: GOOD)
        assert not quantise_bundle(bundle, config).objections
        files = load_bundle(bundle, Precision.INT8)
        assert files.network.name == "model-int8.onnx"
        classifier = OnnxClassifier(files, Provider.CPU, 1)
        assert len(classifier.classify(noise(3))) == 3
        content = json.loads((bundle / "manifest.json").read_text())
        assert content["variants"]["int8"]["speed_ratio"] == 1.5
        assert "refused_variants" not in content
        card = (bundle / "CARD.md").read_text()
        assert f"digest `{content['digest']}`" in card
        assert "1.50 times as fast" in card
        assert "| vacuole, real | 0.9700 | 0.9680 |" in card

    def test_a_bad_one_is_not_kept_and_the_bundle_says_why(self, bundle, config, monkeypatch):
        slow = replace(GOOD, speed_ratio=0.8)
        monkeypatch.setattr(int8, "compare", lambda *_: slow)
        assert quantise_bundle(bundle, config).made == "the first 2 of 6 convolutions in float"
        assert not (bundle / "model-int8.onnx").exists()
        refused = json.loads((bundle / "manifest.json").read_text())["refused_variants"]["int8"]
        assert refused["because"] == ["It is 0.80 times as fast, not 1.15."]
        assert refused["auc"]["vacuole, real"]["variant"] == 0.968
        assert "that was tried: It is 0.80 times" in (bundle / "CARD.md").read_text()
        assert load_bundle(bundle).network.name == "model.onnx"
        with pytest.raises(BundleRefused, match="no int8 variant"):
            load_bundle(bundle, Precision.INT8)

    def test_more_stays_in_float_until_nothing_speaks_against_it(self, bundle, config, monkeypatch):
        coarse = replace(GOOD, auc={"pmn, real": (0.99, 0.9)})
        answers = iter([coarse, GOOD])
        monkeypatch.setattr(int8, "compare", lambda *_: next(answers))
        found = quantise_bundle(bundle, config)
        assert found.made == "the first 1 of 6 convolutions in float"
        assert next(answers, None) is None
        variant = json.loads((bundle / "manifest.json").read_text())["variants"]["int8"]
        assert variant["method"].endswith(found.made)
        assert load_bundle(bundle, Precision.INT8).network.exists()

    def test_it_is_measured_at_the_thresholds_of_the_bundle(self, bundle, config, monkeypatch):
        asked = []

        def measure(full, variant, groups, thresholds):
            asked.append((full.name, variant.name, variant.exists(), len(groups), thresholds))
            return GOOD

        monkeypatch.setattr(int8, "compare", measure)
        quantise_bundle(bundle, config)
        ((full, variant, written, groups, thresholds),) = asked
        assert (full, variant, written) == ("model.onnx", "model-int8.onnx", True)
        assert groups >= 3
        assert thresholds == {"pmn": 0.5, **{each.value: 0.5 for each in Abnormality}}


def test_the_card_says_what_was_measured_either_way():
    assert "VEXASCOPE_PRECISION=int8" in section(GOOD)
    assert "3 of 400 cells called otherwise" in section(GOOD)
    assert "VEXASCOPE_PRECISION" not in section(replace(GOOD, speed_ratio=1.0))
