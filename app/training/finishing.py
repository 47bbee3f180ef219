"""From a trained network to a bundle: calibrated, measured, exported, with its screening rule."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.bundle import PMN
from app.imaging.preprocess import preprocess
from app.training.card import COMPARED
from app.training.config import TrainConfig
from app.training.datasets.sample import Sample, Split
from app.training.evaluate import Evaluation, Figure, evaluate
from app.training.export import (
    MODEL_FILE,
    Extras,
    check_parity,
    export_graph,
    exported_scorer,
    set_calibration,
    write_bundle,
)
from app.training.networks import NETWORKS, SmearNetwork
from app.training.novelty import Novelty, NoveltyResult, novelty_of
from app.training.novelty.reference import NOVELTY_THRESHOLD
from app.training.novelty.run import exported_embedder
from app.training.probe import probe_edits, probe_pixels
from app.training.quantise import spread
from app.training.scoring import as_served, score_validation
from app.training.screening.simulated import screening_rule
from app.training.train import Progress, read_cells, silent, training_set

_PARITY_IMAGES = 64
_PROBED = 150
"""Cells of each split that the probes for traces of editing look at."""
_COMPARED = ("ROC-AUC", "healthy neutrophils called", "drawn and called")
"""What of another network's figures comes onto the card."""


def finish(
    network: SmearNetwork, config: TrainConfig, folder: Path, tell: Progress | None = None
) -> None:
    """Evaluate a trained network and write its bundle into a folder."""
    say = tell or silent
    cells = read_cells(config)
    uncalibrated = config.scratch_dir / "uncalibrated.onnx"
    scorer = exported_scorer(network, uncalibrated, config.size_px)
    say("Scoring the validation cells", 1.0)
    validation = score_validation(scorer, config, cells)
    evaluation = evaluate(validation)
    set_calibration(network, evaluation.calibrations)
    found = _novelty(network, uncalibrated, config, cells, evaluation, say)
    graph = None if found is None else Novelty(found.reference)
    folder.mkdir(parents=True, exist_ok=True)
    export_graph(network, folder / MODEL_FILE, config.size_px, graph)
    shown = _images(validation.real.samples, config.size_px)
    parity = check_parity(network, folder / MODEL_FILE, shown, graph)
    say("Looking for traces of the editing", 1.0)
    traces = _traces(network, uncalibrated, config, cells)
    more = [*([] if found is None else found.figures), *traces]
    evaluation = _with_more(evaluation, config, more)
    rule = screening_rule(evaluation.sensitivity, evaluation.specificity, config.seed)
    extras = Extras(None if found is None else NOVELTY_THRESHOLD)
    write_bundle(folder, config, evaluation, rule, _counts(config, cells), parity, extras)
    _keep_figures(evaluation, config)


def _novelty(
    network: SmearNetwork,
    graph: Path,
    config: TrainConfig,
    cells: list[Sample],
    evaluation: Evaluation,
    say: Progress,
) -> NoveltyResult | None:
    """Fit and measure novelty, if the configuration wants it."""
    if not config.novelty:
        return None
    weight = network.linear.weight[0].detach().numpy()
    embed = exported_embedder(graph, weight, float(network.linear.bias[0].detach()))
    cut = evaluation.calibrations[0].logit(evaluation.thresholds[PMN])
    return novelty_of(
        embed, cells, config.size_px, cut, fields=config.frames_dir, seed=config.seed, tell=say
    )


def _traces(
    network: SmearNetwork, graph: Path, config: TrainConfig, cells: list[Sample]
) -> list[Figure]:
    """Probe the embedding, the logits and the pixels for the editing itself."""
    if not config.edited_copies:
        return []
    weight = network.linear.weight.detach().double().numpy()
    bias = network.linear.bias.detach().double().numpy()
    described = exported_embedder(graph, weight[0].astype(np.float32), float(bias[0]))
    smooth = [s for s in cells if s.labels.of(Abnormality.NUCLEAR_SPIKE) == 0]
    fit, held = (
        spread([s for s in smooth if s.split is split], _PROBED)
        for split in (Split.TRAIN, Split.VAL)
    )
    return [
        *probe_edits(
            lambda images: described(images)[0].astype(np.float64),
            lambda embedding: embedding @ weight.T + bias,
            fit,
            held,
            config.size_px,
            config.seed,
        ),
        *probe_pixels(fit, held, config.seed),
    ]


def _with_more(evaluation: Evaluation, config: TrainConfig, figures: list[Figure]) -> Evaluation:
    """Add the figures of what was measured besides."""
    others = _compared(config.compared_with) if config.compared_with else []
    return replace(evaluation, figures=(*evaluation.figures, *figures, *others))


def _compared(path: Path) -> list[Figure]:
    """The figures of another network that was measured on the same cells."""
    content = json.loads(path.read_text(encoding="utf-8"))
    table = (
        f"{COMPARED}: {content['network']}; same cells, edits and labels, "
        f"{content['epochs']} epochs"
    )
    chosen = [f for f in content["figures"] if any(part in f["measure"] for part in _COMPARED)]
    return [
        Figure(table, f["measure"], f["images"], f["n"], f["value"], (*f["interval"],))
        for f in chosen
    ]


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
    network = NETWORKS[config.network].description
    run = {"network": network, "epochs": sum(stage.epochs for stage in config.stages)}
    content = json.dumps(run | asdict(evaluation), indent=2)
    (config.scratch_dir / "evaluation.json").write_text(content + "\n", encoding="utf-8")
