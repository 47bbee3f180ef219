"""Train, evaluate, export and fit the screening rule, in one go."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from app.domain.abnormality import Abnormality
from app.imaging.preprocess import preprocess
from app.training.config import TrainConfig, load_config
from app.training.datasets.sample import Sample
from app.training.evaluate import Evaluation, evaluate
from app.training.export import (
    MODEL_FILE,
    check_parity,
    export_graph,
    exported_scorer,
    set_calibration,
    write_bundle,
)
from app.training.networks import SmearNetwork
from app.training.scoring import as_served, score_validation
from app.training.screening.simulated import screening_rule
from app.training.train import Progress, read_cells, train, training_set

_PARITY_IMAGES = 64


def run_train(
    config_path: Path,
    output_dir: Path,
    *,
    data_sets: tuple[Path, ...] | None = None,
    scratch_dir: Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Train by a configuration file and write the bundle.

    Parameters
    ----------
    output_dir
        The bundle's folder; it is made where it does not exist.
    data_sets, scratch_dir
        Replace those of the configuration.
    progress
        Called with a sentence and the share of the training that is done, 0-1; without it a bar
        is shown on the terminal.
    """
    config = load_config(config_path, data_sets=data_sets, scratch_dir=scratch_dir)
    with _bar() if progress is None else nullcontext(progress) as tell:
        network = train(config, tell)
        finish(network, config, output_dir, tell)


@contextmanager
def _bar() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns) as bar:
        task = bar.add_task("", total=1.0)

        def tell(sentence: str, share: float) -> None:
            bar.update(task, description=sentence, completed=share)

        yield tell


def finish(
    network: SmearNetwork, config: TrainConfig, folder: Path, tell: Progress | None = None
) -> None:
    """Evaluate a trained network and write its bundle into a folder."""
    if tell:
        tell("Scoring the validation cells", 1.0)
    cells = read_cells(config)
    scorer = exported_scorer(network, config.scratch_dir / "uncalibrated.onnx", config.size_px)
    validation = score_validation(scorer, config, cells)
    evaluation = evaluate(validation)
    set_calibration(network, evaluation.calibrations)
    folder.mkdir(parents=True, exist_ok=True)
    export_graph(network, folder / MODEL_FILE, config.size_px)
    parity = check_parity(
        network, folder / MODEL_FILE, _images(validation.real.samples, config.size_px)
    )
    rule = screening_rule(evaluation.sensitivity, evaluation.specificity, config.seed)
    write_bundle(folder, config, evaluation, rule, _counts(config, cells), parity)
    _keep_figures(evaluation, config)


def _images(samples: list[Sample], size_px: int) -> NDArray[np.uint8]:
    """Some samples spread over all, as the classifier receives them."""
    step = max(1, len(samples) // _PARITY_IMAGES)
    chosen = samples[::step][:_PARITY_IMAGES]
    return np.stack([preprocess(as_served(s), size_px) for s in chosen])


def _counts(config: TrainConfig, cells: list[Sample]) -> dict[str, int]:
    """How much there was to learn from, as `write_bundle` wants it."""
    data = training_set(config, cells)
    real = [*data.neutrophils, *data.others]
    patients = {(s.group, s.patient) for s in real if s.patient}
    counts = {
        "pmn": len(data.neutrophils),
        "others": len(data.others),
        "edited": len(data.edited),
        "centres": len({s.centre for s in real}),
        "patients": len(patients),
        "vexas_patients": sum("vexas" in group.lower() for group, _ in patients),
    }
    annotated = {e.value: sum(s.labels.of(e) == 1 for s in data.neutrophils) for e in Abnormality}
    return counts | annotated


def _keep_figures(evaluation: Evaluation, config: TrainConfig) -> None:
    content = json.dumps(asdict(evaluation), indent=2)
    (config.scratch_dir / "evaluation.json").write_text(content + "\n", encoding="utf-8")
