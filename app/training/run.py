"""Train, evaluate, export and fit the screening rule, in one go."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.imaging.preprocess import preprocess
from app.training.cohort import screening_rule
from app.training.config import TrainConfig, load_config
from app.training.dataset import Sample, read_records, read_rgb
from app.training.evaluate import Evaluation, evaluate
from app.training.export import (
    MODEL_FILE,
    check_parity,
    export_graph,
    set_temperatures,
    write_bundle,
)
from app.training.network import SmearNetwork
from app.training.scoring import score_validation
from app.training.train import Progress, train, training_set

_PARITY_IMAGES = 64


def run_train(
    config_path: Path,
    output_dir: Path,
    *,
    data_dir: Path | None = None,
    scratch_dir: Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Train by a configuration file and write the bundle.

    Parameters
    ----------
    output_dir
        The bundle becomes a folder `<name>-<version>` in it.
    data_dir, scratch_dir
        Replace those of the configuration.
    progress
        Called with a sentence and the share of the training that is done, 0-1.

    Returns
    -------
    The bundle's folder.
    """
    config = load_config(config_path, data_dir=data_dir, scratch_dir=scratch_dir)
    network = train(config, progress)
    return finish(network, config, output_dir, progress)


def finish(
    network: SmearNetwork, config: TrainConfig, output_dir: Path, progress: Progress | None = None
) -> Path:
    """Evaluate a trained network and write its bundle."""
    if progress:
        progress("Scoring the validation cells", 1.0)
    validation = score_validation(network, config)
    evaluation = evaluate(validation)
    set_temperatures(network, evaluation)
    folder = output_dir / config.title
    folder.mkdir(parents=True, exist_ok=True)
    export_graph(network, folder / MODEL_FILE, config.size_px)
    parity = check_parity(
        network, folder / MODEL_FILE, _images(validation.real.samples, config.size_px)
    )
    rule = screening_rule(evaluation.sensitivity, evaluation.specificity, config.seed)
    write_bundle(folder, config, evaluation, rule, _counts(config), parity)
    _keep_figures(evaluation, config)
    return folder


def _images(samples: list[Sample], size_px: int) -> NDArray[np.uint8]:
    """Some samples spread over all, as the classifier receives them."""
    step = max(1, len(samples) // _PARITY_IMAGES)
    chosen = samples[::step][:_PARITY_IMAGES]
    return np.stack([preprocess(read_rgb(s.path), size_px) for s in chosen])


def _counts(config: TrainConfig) -> dict[str, int]:
    data = training_set(config, read_records(config.data_dir))
    vacuolated = [s for s in data.neutrophils if s.labels.of(Abnormality.VACUOLE) == 1]
    return {
        "pmn": len(data.neutrophils),
        "others": len(data.others),
        "vacuole": len(vacuolated),
        "edited": len(data.edited),
    }


def _keep_figures(evaluation: Evaluation, config: TrainConfig) -> None:
    content = json.dumps(asdict(evaluation), indent=2)
    (config.scratch_dir / "evaluation.json").write_text(content + "\n", encoding="utf-8")
