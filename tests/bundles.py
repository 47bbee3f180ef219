"""A very small real bundle: an ONNX graph that onnxruntime runs in microseconds.

It reads the mean colour: the redder, the more vacuoles; the greener, the more of the others; the
bluer, the surer a PMN; the brighter, the stranger. Its activation maps say the same of each of
4 x 4 places, and their mean with the bias is the logit, as in a real one. Nothing it says means
anything; tests of the pipeline need no more.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.factories import manifest_content, novelty_manifest, rule_content

SIZE_PX = 32
MAP_SIDE = 4
BIAS = -4


def write_bundle(
    folder: Path,
    *,
    manifest: dict[str, object] | None = None,
    rule: dict[str, object] | None = None,
    size_px: int = SIZE_PX,
    outputs: tuple[str, ...] = (
        "pmn_probability",
        "abnormality_probabilities",
        "activation_maps",
        "embedding",
    ),
    novelty_threshold: float | None = None,
    novelty_ending: str = "Identity",
    variant_ending: str | None = None,
    batch: str | int = "n",
    ending: str = "Sigmoid",
    label_count: int = 4,
    bias: float = BIAS,
) -> Path:
    """Write a bundle that passes every check, but for what the arguments change.

    With a threshold of novelty the network has that output: the largest of the mean red, green
    and blue, 0-1. With the ending of a variant there is a network `model-int8.onnx` as well.
    Another bias makes another network: the higher, the more it calls.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if novelty_threshold is not None:
        outputs = (*outputs, "novelty")
        manifest = {**novelty_manifest(novelty_threshold), **(manifest or {})}
    network = _network(size_px, outputs, batch, ending, label_count, novelty_ending, bias)
    onnx.save(network, folder / "model.onnx")
    (folder / "screening.json").write_text(json.dumps(rule_content(**(rule or {}))))
    names = ["model.onnx", "screening.json"]
    if variant_ending is not None:
        variant = _network(
            size_px, outputs, batch, variant_ending, label_count, novelty_ending, bias
        )
        onnx.save(variant, folder / "model-int8.onnx")
        names.append("model-int8.onnx")
        manifest = {"variants": {"int8": {"file": "model-int8.onnx"}}, **(manifest or {})}
    files = {name: _sha256(folder / name) for name in names}
    content = manifest_content(
        **{"files": files, "input": {"size_px": SIZE_PX, "preprocessing": 1}, **(manifest or {})}
    )
    (folder / "manifest.json").write_text(json.dumps(content))
    return folder


def _network(
    size_px: int,
    outputs: tuple[str, ...],
    batch: str | int,
    ending: str,
    label_count: int,
    novelty_ending: str,
    bias: float,
) -> onnx.ModelProto:
    weights = np.zeros((3, 5), np.float32)
    weights[2, 0], weights[0, 3] = 8, 8
    weights[1, [1, 2, 4]] = 8
    weights = weights[:, : 1 + label_count]
    constants = {
        "scale": np.array(255, np.float32),
        "axes": np.array([1, 2], np.int64),
        "weights": weights,
        "bias": np.full(1 + label_count, bias, np.float32),
        "split": np.array([1, label_count], np.int64),
        "last": np.array([1], np.int64),
        "map_weights": weights[:, 1:].T.reshape(label_count, 3, 1, 1),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers", "axes"], ["means"], keepdims=0),
        helper.make_node("Div", ["means", "scale"], ["embedding"]),
        helper.make_node("Gemm", ["embedding", "weights", "bias"], ["logits"]),
        helper.make_node(ending, ["logits"], ["probabilities"]),
        helper.make_node(
            "Split", ["probabilities", "split"], ["pmn_column", "abnormality_probabilities"], axis=1
        ),
        helper.make_node("Squeeze", ["pmn_column", "last"], ["pmn_probability"]),
        helper.make_node("Transpose", ["numbers"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "AveragePool",
            ["planes"],
            ["places"],
            kernel_shape=[size_px // MAP_SIDE] * 2,
            strides=[size_px // MAP_SIDE] * 2,
        ),
        helper.make_node("Div", ["places", "scale"], ["colours"]),
        helper.make_node("Conv", ["colours", "map_weights"], ["activation_maps"]),
    ]
    if "novelty" in outputs:
        nodes += [
            helper.make_node("ReduceMax", ["embedding", "last"], ["brightest"], keepdims=0),
            helper.make_node(novelty_ending, ["brightest"], ["novelty"]),
        ]
    shapes = {
        "pmn_probability": [batch],
        "abnormality_probabilities": [batch, label_count],
        "activation_maps": [batch, label_count, MAP_SIDE, MAP_SIDE],
        "embedding": [batch, 3],
        "novelty": [batch],
    }
    graph = helper.make_graph(
        nodes,
        "mean-colour",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, [batch, size_px, size_px, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
