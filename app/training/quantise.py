"""The int8 variant of a graph: static quantisation, calibrated on real training cells.

The convolutions and what lies between them compute in 8-bit integers (QDQ form: onnxruntime
runs it on a CPU and on a GPU). Everything after the last feature map stays in float: pool, linear
layer, calibration, activation maps and novelty are cheap, and an error there is not averaged out.
The first convolutions may stay in float too: few channels with wide ranges, whose rounding every
later layer inherits.
"""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from app.imaging.preprocess import preprocess
from app.training.augment import NAMED_CASTS
from app.training.datasets.sample import Sample
from app.training.loader import TrainingSet
from app.training.manifest import INPUT
from app.training.scoring import as_served
from app.training.stains import recolour

CALIBRATION_CELLS = 200
METHOD = (
    "static, QDQ: 8-bit activations, 7-bit weights for each channel; float from the last feature "
    "map on"
)
_BATCH = 8
_OPERATIONS = ["Conv", "Add", "Clip", "Relu", "MaxPool"]


def write_int8(
    source: Path, target: Path, images: NDArray[np.uint8], first_in_float: int, ranges: Path
) -> None:
    """Write the int8 variant of an exported graph.

    Parameters
    ----------
    source
        As `export_graph` writes it.
    images
        (N, size, size, 3), at least one: from what they excite, the ranges of 8 bits are taken.
    first_in_float
        How many of the first convolutions stay in float.
    ranges
        File in which the ranges are kept: of one graph and the same images, they are found once.
    """
    with TemporaryDirectory() as scratch:
        prepared = Path(scratch) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        quantize_static(
            str(prepared),
            str(target),
            _Reader(images),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_OPERATIONS,
            nodes_to_exclude=[*first_nodes(graph, first_in_float), *after_features(graph)],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # Weights of 7 bits: CPUs without VNNI add products in 16 bits, which 8 would overflow,
            # and would then answer otherwise than the CPU that the variant was measured on.
            reduce_range=True,
            calibration_cache_path=ranges,
        )
    onnx.checker.check_model(str(target))


def convolutions(path: Path) -> int:
    """Count those of a graph's backbone."""
    graph = onnx.load(path).graph
    after = after_features(graph)
    return sum(node.op_type == "Conv" and node.name not in after for node in graph.node)


def first_nodes(graph: onnx.GraphProto, count: int) -> list[str]:
    """Name all nodes before the convolution that comes after so many others."""
    names, seen = [], 0
    for node in graph.node:
        seen += node.op_type == "Conv"
        if seen > count:
            break
        names.append(node.name)
    return names


def after_features(graph: onnx.GraphProto) -> list[str]:
    """Name the nodes that the last feature map reaches: the pool and all that comes after it."""
    pool = next(node for node in graph.node if "embedding" in node.output)
    reached = {pool.input[0]}
    names = []
    # A graph lists its nodes in an order in which each comes after what it reads.
    for node in graph.node:
        if reached.intersection(node.input):
            reached.update(node.output)
            names.append(node.name)
    return names


def calibration_images(
    training: TrainingSet, size_px: int, count: int = CALIBRATION_CELLS
) -> NDArray[np.uint8]:
    """Training cells as the classifier receives them, (N, size, size, 3), N about `count`.

    A quarter each: untouched neutrophils, other leukocytes, edited neutrophils (as far as there
    are any), and both kinds of untouched cells recoloured.
    """
    each = max(1, count // 4)
    plain = [*spread(training.neutrophils, each), *spread(training.others, each)]
    images = [preprocess(as_served(s), size_px) for s in (*plain, *spread(training.edited, each))]
    changes = cycle(NAMED_CASTS.values())
    images += [
        recolour(preprocess(as_served(s), size_px), change)
        for s, change in zip(spread(plain, each), changes, strict=False)
    ]
    return np.stack(images)


def spread(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Take at most so many samples, spread evenly over all."""
    if len(samples) <= count:
        return list(samples)
    return [samples[i] for i in np.linspace(0, len(samples) - 1, count).astype(int)]


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hands the images to onnxruntime in batches."""

    def __init__(self, images: NDArray[np.uint8]) -> None:
        self._batches = (
            {INPUT: images[start : start + _BATCH]} for start in range(0, len(images), _BATCH)
        )

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """The next batch; None after the last."""
        return next(self._batches, None)
