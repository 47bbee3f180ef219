"""The classifier on onnxruntime, on CPU or GPU."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import structlog
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest
from app.domain.errors import BundleRefused, SettingsRefused
from app.inference.bundle import BundleFiles
from app.ports import Bundle, Prediction
from app.settings import Provider

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
INPUT = "images"
PMN_OUTPUT, ABNORMALITY_OUTPUT = "pmn_probability", "abnormality_probabilities"
NOVELTY_OUTPUT = "novelty"
MAPS_OUTPUT, EMBEDDING_OUTPUT = "activation_maps", "embedding"
OUTPUTS = {PMN_OUTPUT, ABNORMALITY_OUTPUT, MAPS_OUTPUT, EMBEDDING_OUTPUT}

# On a CPU, so few images at a time stay in the cache, and each slice keeps to one core: no thread
# waits for another after each layer. A GPU wants the whole batch.
CPU_SLICE = 4

_log = structlog.get_logger(__name__)


class OnnxClassifier:
    """`Classifier` on an exported network."""

    def __init__(self, files: BundleFiles, provider: Provider, threads: int) -> None:
        self._bundle = files.bundle
        self._session = _open(files.network, _providers(provider))
        self._threads = ThreadPoolExecutor(threads or os.cpu_count(), "classifier")
        self._outputs = _wanted_outputs(files.bundle.manifest)
        self._file = files.network.name
        _check_signature(self._session, self._file, files.bundle.manifest.size_px, self._outputs)
        self._warm_up()
        _log.info(
            "classifier ready",
            bundle=files.bundle.manifest.title,
            digest=files.bundle.manifest.digest[:12],
            provider=self.provider,
            precision=files.bundle.manifest.precision,
        )

    @property
    def bundle(self) -> Bundle:
        """What runs."""
        return self._bundle

    @property
    def provider(self) -> str:
        """The first provider of the session: the one that takes the work."""
        return str(self._session.get_providers()[0])

    def classify(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Classify n images (size_px, size_px, 3), 0-255, RGB order; n predictions in order."""
        step = CPU_SLICE if self.provider == CPU else max(1, len(images))
        slices = [images[start : start + step] for start in range(0, len(images), step)]
        return [item for part in self._threads.map(self._run, slices) for item in part]

    def explain(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Where the log-odds of one image (size_px, size_px, 3) come from: (4, h, w)."""
        # In the classifier's threads, so that somebody who looks takes no core from the jobs.
        [maps] = self._threads.submit(
            self._session.run, [MAPS_OUTPUT], {INPUT: image[None]}
        ).result()
        return np.asarray(_checked_maps(maps, image_count=1)[0], np.float32)

    def _run(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """One forward pass."""
        batch = np.stack(images)
        outputs = self._session.run(self._outputs, {INPUT: batch})
        if not all(np.isfinite(values).all() for values in outputs):
            raise ArithmeticError("the classifier gave a value that is not a number")
        pmn, abnormal, embedding, *measured = outputs
        count = len(images)
        novelty = measured[0].reshape(count).tolist() if measured else [None] * count
        return [
            Prediction(float(p), dict(zip(Abnormality, map(float, row), strict=True)), value, place)
            for p, row, value, place in zip(
                pmn.reshape(count), abnormal, novelty, embedding, strict=True
            )
        ]

    def _warm_up(self) -> None:
        """Run once: the first pass allocates, and a broken graph shows here, not on a case."""
        size_px = self._bundle.manifest.size_px
        # Two that differ: one alone hides a fixed batch, and a wrong shape that one row fits.
        images = np.zeros((2, size_px, size_px, 3), np.uint8)
        images[1] = 255
        try:
            *outputs, maps = self._session.run([*self._outputs, MAPS_OUTPUT], {INPUT: images})
        except Exception as error:
            raise BundleRefused(f"{self._file} does not run: {error}") from error
        _check_outputs(self._file, *outputs)
        try:
            _checked_maps(maps, image_count=len(images))
        except ArithmeticError as error:
            raise BundleRefused(f"{self._file}: {error}. Export the bundle again.") from error


def _providers(wanted: Provider) -> list[str]:
    available = onnxruntime.get_available_providers()
    if wanted is Provider.CUDA and CUDA not in available:
        raise SettingsRefused(
            "VEXASCOPE_PROVIDER is cuda, but onnxruntime was installed without it. Install "
            "onnxruntime-gpu, or set cpu or auto."
        )
    use_cuda = wanted is not Provider.CPU and CUDA in available
    return [CUDA, CPU] if use_cuda else [CPU]


def _open(network: Path, providers: list[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(network, options, providers=providers)
    except Exception as error:
        raise BundleRefused(f"{network.name} cannot be opened: {error}") from error
    if session.get_providers()[0] != providers[0]:
        _log.warning("CUDA does not work here; the classifier runs on the CPU")
    return session


def _wanted_outputs(manifest: BundleManifest) -> list[str]:
    """What is asked of the network; its novelty means nothing without a threshold."""
    wanted = [PMN_OUTPUT, ABNORMALITY_OUTPUT, EMBEDDING_OUTPUT]
    return wanted if manifest.novelty_threshold is None else [*wanted, NOVELTY_OUTPUT]


def _check_outputs(
    file: str,
    pmn: NDArray[np.float32],
    abnormal: NDArray[np.float32],
    embedding: NDArray[np.float32],
    *measured: NDArray[np.float32],
) -> None:
    """Check what two images gave."""
    for name, values in ((PMN_OUTPUT, pmn), (ABNORMALITY_OUTPUT, abnormal)):
        _check_shape(file, name, values)
        # Written so that a value that is not a number is refused as well.
        if not ((values >= 0) & (values <= 1)).all():
            raise BundleRefused(f"{file} gives {name} outside 0-1. Export probabilities.")
    if embedding.ndim != 2 or len(embedding) != 2 or not embedding.shape[1]:  # noqa: PLR2004
        raise BundleRefused(
            f"{file} gives {EMBEDDING_OUTPUT} of shape {embedding.shape} for 2 images; expected "
            "(2, d)."
        )
    for values in measured:
        _check_shape(file, NOVELTY_OUTPUT, values)
    for name, values in ((EMBEDDING_OUTPUT, embedding), *((NOVELTY_OUTPUT, it) for it in measured)):
        if not np.isfinite(values).all():
            raise BundleRefused(f"{file} gives a {name} that is not a number.")


def _checked_maps(maps: NDArray[np.float32], image_count: int) -> NDArray[np.float32]:
    """Hand activation maps on, or raise `ArithmeticError` where they cannot be any."""
    is_map = maps.ndim == 4 and maps.shape[:2] == (image_count, len(Abnormality))  # noqa: PLR2004
    if not is_map or not maps.size:
        raise ArithmeticError(
            f"{MAPS_OUTPUT} has the shape {maps.shape} for {image_count} image(s); expected "
            f"({image_count}, {len(Abnormality)}, h, w)"
        )
    if not np.isfinite(maps).all():
        raise ArithmeticError(f"{MAPS_OUTPUT} holds a value that is not a number")
    return maps


def _check_shape(file: str, name: str, values: NDArray[np.float32]) -> None:
    """Check the shape of an output for two images."""
    allowed = {(2, len(Abnormality))} if name == ABNORMALITY_OUTPUT else {(2,), (2, 1)}
    if values.shape not in allowed:
        raise BundleRefused(
            f"{file} gives {name} of shape {values.shape} for 2 images; expected "
            f"{' or '.join(map(str, sorted(allowed)))}."
        )


def _check_signature(
    session: onnxruntime.InferenceSession, file: str, size_px: int, wanted: list[str]
) -> None:
    inputs = {item.name: (item.type, item.shape[1:]) for item in session.get_inputs()}
    if inputs != {INPUT: ("tensor(uint8)", [size_px, size_px, 3])}:
        raise BundleRefused(
            f"{file} takes {inputs}; expected {INPUT!r}, uint8, "
            f"(n, {size_px}, {size_px}, 3) as the manifest says."
        )
    if isinstance(batch := session.get_inputs()[0].shape[0], int):
        raise BundleRefused(
            f"{file} takes {batch} images at a time, no more and no fewer. Export it with a "
            "free batch dimension."
        )
    missing = OUTPUTS.union(wanted) - {item.name for item in session.get_outputs()}
    if missing:
        raise BundleRefused(
            f"{file} lacks the outputs {', '.join(sorted(missing))}. Export the bundle again; "
            f"{NOVELTY_OUTPUT} is needed only where the manifest has a threshold for it."
        )
