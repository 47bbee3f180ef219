import hashlib
import json

import numpy as np
import onnx
import pytest
from onnx import helper

from app.domain.bundle import manifest_digest, parse_manifest
from app.domain.errors import BundleRefused, SettingsRefused
from app.inference.bundle import load_bundle
from app.inference.onnx_classifier import OnnxClassifier
from app.inference.shelf import LoadedClassifiers
from app.settings import Precision, Provider
from tests.bundles import BIAS, MAP_SIDE, SIZE_PX, write_bundle
from tests.conftest import make_settings
from tests.factories import novelty_manifest


def classifier_of(folder):
    return OnnxClassifier(load_bundle(folder), Provider.CPU, 1)


def test_a_network_that_was_exchanged_in_its_folder_does_not_run_under_the_old_digest(tmp_path):
    settings = make_settings(tmp_path)
    files = load_bundle(write_bundle(tmp_path / "bundle"))
    write_bundle(tmp_path / "bundle", manifest={"version": "0.0.2"}, bias=2)
    with pytest.raises(BundleRefused, match="is not the file"):
        LoadedClassifiers(settings).get(files)


def test_a_good_bundle_runs_in_batches_of_any_size(tmp_path):
    classifier = classifier_of(write_bundle(tmp_path))
    images = np.random.default_rng(0).integers(0, 256, (7, SIZE_PX, SIZE_PX, 3), np.uint8)
    together = classifier.classify(images)
    assert len(together) == 7
    for image, prediction in zip(images, together, strict=True):
        alone = classifier.classify(image[None])[0]
        assert alone.pmn_probability == pytest.approx(prediction.pmn_probability, abs=1e-6)
        assert alone.probabilities == pytest.approx(prediction.probabilities, abs=1e-6)


def test_outputs_keep_the_order_of_the_labels(tmp_path):
    classifier = classifier_of(write_bundle(tmp_path))
    red = np.zeros((1, SIZE_PX, SIZE_PX, 3), np.uint8)
    red[..., 0] = 255
    found = classifier.classify(red)[0]
    assert found.probabilities["vacuole"] > 0.9
    assert found.probabilities["pseudo_pelger"] < 0.1
    assert found.pmn_probability < 0.1


def test_the_mean_of_a_map_and_the_bias_is_the_logit(tmp_path):
    classifier = classifier_of(write_bundle(tmp_path))
    image = np.random.default_rng(1).integers(0, 256, (SIZE_PX, SIZE_PX, 3), np.uint8)
    maps = classifier.explain(image)
    assert (maps.shape, maps.dtype) == ((4, MAP_SIDE, MAP_SIDE), np.float32)
    [prediction] = classifier.classify([image])
    logits = np.array([np.log(p / (1 - p)) for p in prediction.probabilities.values()])
    assert maps.mean(axis=(1, 2)) + BIAS == pytest.approx(logits, abs=1e-3)


def test_maps_lie_as_the_image_does(tmp_path):
    classifier = classifier_of(write_bundle(tmp_path))
    image = np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8)
    image[:8, 24:, 0] = 255
    vacuole = classifier.explain(image)[2]
    assert vacuole[0, 3] == pytest.approx(8, abs=1e-4)
    assert np.count_nonzero(np.abs(vacuole) > 1e-4) == 1


def test_an_embedding_comes_with_each_prediction(tmp_path):
    classifier = classifier_of(write_bundle(tmp_path, novelty_threshold=0.8))
    images = np.zeros((5, SIZE_PX, SIZE_PX, 3), np.uint8)
    images[3, ..., 0] = 255
    found = [item.embedding for item in classifier.classify(images)]
    assert found[3] == pytest.approx([1, 0, 0])
    assert found[4] == pytest.approx([0, 0, 0])


@pytest.mark.parametrize("name", ["activation_maps", "embedding"])
def test_maps_and_embeddings_of_a_wrong_shape_are_refused(tmp_path, name):
    folder = write_bundle(tmp_path)
    network = onnx.load(folder / "model.onnx")
    for node in network.graph.node:
        node.output[:] = ["inner" if item == name else item for item in node.output]
        node.input[:] = ["inner" if item == name else item for item in node.input]
    # One number for each image, and nothing to tell where it comes from.
    network.graph.node.append(helper.make_node("ReduceMean", ["means", "last"], [name], keepdims=0))
    [output] = [item for item in network.graph.output if item.name == name]
    output.type.tensor_type.ClearField("shape")
    onnx.save(network, folder / "model.onnx")
    _reseal(folder)
    with pytest.raises(BundleRefused, match=f"{name}.*shape \\(2,\\)"):
        classifier_of(folder)


def test_the_provider_that_runs_is_named(tmp_path):
    assert classifier_of(write_bundle(tmp_path)).provider == "CPUExecutionProvider"


def test_the_novelty_is_read_where_the_manifest_has_a_threshold(tmp_path):
    classifier = classifier_of(write_bundle(tmp_path, novelty_threshold=0.8))
    images = np.zeros((5, SIZE_PX, SIZE_PX, 3), np.uint8)
    for index in range(5):
        images[index, ..., 1] = 51 * index
    found = [item.novelty for item in classifier.classify(images)]
    assert found == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8])
    assert [classifier.classify(image[None])[0].novelty for image in images] == found


def test_without_a_threshold_there_is_no_novelty(tmp_path):
    black = np.zeros((1, SIZE_PX, SIZE_PX, 3), np.uint8)
    plain = classifier_of(write_bundle(tmp_path / "plain"))
    outputs = ("pmn_probability", "abnormality_probabilities", "activation_maps", "embedding")
    measuring = classifier_of(write_bundle(tmp_path / "more", outputs=(*outputs, "novelty")))
    assert plain.classify(black)[0].novelty is None
    assert measuring.classify(black)[0].novelty is None


def test_a_threshold_without_the_output_is_refused(tmp_path):
    folder = write_bundle(tmp_path, manifest=novelty_manifest(0.8))
    with pytest.raises(BundleRefused, match="lacks the outputs novelty"):
        classifier_of(folder)


class TestPrecision:
    """The variant answers otherwise than the network, so that what ran can be told."""

    @pytest.fixture
    def folder(self, tmp_path):
        # Hard sigmoid: max(0, min(1, 0.2 x + 0.5)).
        return write_bundle(tmp_path, variant_ending="HardSigmoid")

    def prediction(self, files):
        grey = np.full((1, SIZE_PX, SIZE_PX, 3), 100, np.uint8)
        return OnnxClassifier(files, Provider.CPU, 1).classify(grey)[0].pmn_probability

    def test_full_precision_runs_unless_another_is_chosen(self, folder):
        logit = 8 * 100 / 255 - 4
        full, int8 = load_bundle(folder), load_bundle(folder, Precision.INT8)
        assert self.prediction(full) == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-4)
        assert self.prediction(int8) == pytest.approx(0.2 * logit + 0.5, abs=1e-4)

    def test_each_has_a_digest_and_a_title_of_its_own(self, folder):
        full = load_bundle(folder).bundle.manifest
        int8 = load_bundle(folder, Precision.INT8).bundle.manifest
        stored = json.loads((folder / "manifest.json").read_text())["digest"]
        assert full.digest == stored
        assert int8.digest not in {"", stored}
        assert load_bundle(folder, Precision.INT8).bundle.manifest.digest == int8.digest
        assert (full.title, int8.title) == ("test 0.0.1", "test 0.0.1 int8")

    def test_the_text_that_is_kept_for_old_reports_is_read_back_as_what_ran(self, folder):
        files = load_bundle(folder, Precision.INT8)
        assert parse_manifest(json.loads(files.texts["manifest.json"])) == files.bundle.manifest

    def test_a_bundle_without_it_is_refused_with_what_it_has(self, tmp_path):
        with pytest.raises(BundleRefused, match="has no int8 variant; it has fp32"):
            load_bundle(write_bundle(tmp_path), Precision.INT8)

    def test_a_changed_variant_is_noticed_where_it_runs(self, folder):
        (folder / "model-int8.onnx").write_bytes(b"not a network")
        assert load_bundle(folder).network.name == "model.onnx"
        with pytest.raises(BundleRefused, match=r"model-int8\.onnx is not the file"):
            load_bundle(folder, Precision.INT8)

    def test_a_variant_that_is_not_listed_among_the_files_is_refused(self, tmp_path):
        manifest = {"variants": {"int8": {"file": "other.onnx"}}}
        folder = write_bundle(tmp_path, manifest=manifest)
        (folder / "other.onnx").write_bytes((folder / "model.onnx").read_bytes())
        with pytest.raises(BundleRefused, match=r"other\.onnx is not the file"):
            load_bundle(folder, Precision.INT8)

    def test_a_variant_that_does_not_run_is_named(self, tmp_path):
        files = load_bundle(write_bundle(tmp_path, variant_ending="Log"), Precision.INT8)
        with pytest.raises(BundleRefused, match=r"model-int8\.onnx gives pmn_probability outside"):
            OnnxClassifier(files, Provider.CPU, 1)


def test_cuda_that_is_not_there_is_refused_and_not_replaced_silently(tmp_path):
    files = load_bundle(write_bundle(tmp_path))
    with pytest.raises(SettingsRefused, match="onnxruntime-gpu"):
        OnnxClassifier(files, Provider.CUDA, 1)


@pytest.mark.parametrize("name", ["manifest.json", "screening.json", "model.onnx"])
def test_a_missing_file_is_named(tmp_path, name):
    (write_bundle(tmp_path) / name).unlink()
    with pytest.raises(BundleRefused, match=name.replace(".", r"\.")):
        load_bundle(tmp_path)


@pytest.mark.parametrize("name", ["screening.json", "model.onnx"])
def test_a_changed_file_is_noticed(tmp_path, name):
    with (write_bundle(tmp_path) / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(BundleRefused, match=f"{name} is not the file that the manifest names"):
        load_bundle(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00"])
def test_a_manifest_that_is_no_object_is_refused(tmp_path, text):
    (write_bundle(tmp_path) / "manifest.json").write_text(text)
    with pytest.raises(BundleRefused, match=r"manifest\.json"):
        load_bundle(tmp_path)


def test_another_preprocessing_is_refused(tmp_path):
    manifest = {"input": {"size_px": SIZE_PX, "preprocessing": 99}}
    with pytest.raises(BundleRefused, match="preprocessing 99"):
        load_bundle(write_bundle(tmp_path, manifest=manifest))


def test_a_network_of_another_size_is_refused(tmp_path):
    files = load_bundle(write_bundle(tmp_path, size_px=SIZE_PX * 2))
    with pytest.raises(BundleRefused, match="expected 'images'"):
        OnnxClassifier(files, Provider.CPU, 1)


def test_a_network_without_an_output_is_refused(tmp_path):
    files = load_bundle(write_bundle(tmp_path, outputs=("pmn_probability", "embedding")))
    with pytest.raises(BundleRefused, match="abnormality_probabilities, activation_maps"):
        OnnxClassifier(files, Provider.CPU, 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch": 1}, "1 images at a time"),
        ({"batch": 2}, "2 images at a time"),
        ({"ending": "Identity"}, "pmn_probability outside 0-1"),
        ({"ending": "Log"}, "pmn_probability outside 0-1"),
        ({"label_count": 3}, r"abnormality_probabilities of shape \(2, 3\)"),
        # Of the two images that it is tried with, one is black.
        ({"novelty_threshold": 0.8, "novelty_ending": "Log"}, "a novelty that is not a number"),
        ({"novelty_threshold": 0.8, "novelty_ending": "ReduceSum"}, r"novelty of shape \(1,\)"),
    ],
)
def test_a_network_that_gives_something_else_is_refused(tmp_path, changes, said):
    files = load_bundle(write_bundle(tmp_path, **changes))
    with pytest.raises(BundleRefused, match=said):
        OnnxClassifier(files, Provider.CPU, 1)


def test_a_file_that_is_no_network_is_refused(tmp_path):
    folder = write_bundle(tmp_path)
    (folder / "model.onnx").write_bytes(b"not a network")
    _reseal(folder)
    files = load_bundle(folder)
    with pytest.raises(BundleRefused, match="cannot be opened"):
        OnnxClassifier(files, Provider.CPU, 1)


def _reseal(folder):
    """Name the file as it is now, as someone who exported nonsense would have."""
    content = json.loads((folder / "manifest.json").read_text())
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    content["files"]["model.onnx"] = digest
    content["digest"] = manifest_digest(content)
    (folder / "manifest.json").write_text(json.dumps(content))
