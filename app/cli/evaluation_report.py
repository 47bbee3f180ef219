"""What `vexascope evaluate` does: open the bundle, evaluate, write the folder, sum up."""

import json
import os
import shlex
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import track

from app.bootstrap import intake_limits
from app.inference.bundle import MANIFEST, load_bundle
from app.inference.onnx_classifier import OnnxClassifier
from app.settings import Settings
from app.training.datasets.folder import image_root_of
from app.training.evaluation.checklist import fill_checklist
from app.training.evaluation.labels import LabelResult
from app.training.evaluation.limits import limits_of
from app.training.evaluation.page import PAGE_NAME, render
from app.training.evaluation.reading import EvaluatedCell
from app.training.evaluation.run import Evaluation, Options, run_evaluation
from app.training.evaluation.wording import area
from app.training.evaluation.writing import write_json, write_patients, write_predictions


def make_report(
    bundle: Path, dataset: Path, output: Path, options: Options, settings: Settings
) -> str:
    """Evaluate and write the report's folder; a summary for the terminal.

    Raises
    ------
    BundleRefused, DatasetRefused
        If one of the two folders cannot be used.
    """
    evaluation = _evaluate(bundle, dataset, options, settings)
    limits = limits_of(evaluation)
    checklist = fill_checklist(evaluation, limits)
    output.mkdir(parents=True, exist_ok=True)
    (output / PAGE_NAME).write_text(render(evaluation, checklist, limits), encoding="utf-8")
    write_json(output, evaluation, checklist, limits)
    write_predictions(output, evaluation.cells, image_root_of(dataset))
    write_patients(output, evaluation.patients)
    return _summary(evaluation, output / PAGE_NAME)


def _evaluate(bundle: Path, dataset: Path, options: Options, settings: Settings) -> Evaluation:
    # Images are read side by side already; threads within one would only compete.
    cv2.setNumThreads(1)
    files = load_bundle(bundle)
    classifier = OnnxClassifier(files, settings.provider, settings.threads)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return run_evaluation(
            dataset,
            classifier,
            json.loads(files.texts[MANIFEST]),
            options,
            limits=intake_limits(settings).image,
            threads=threads,
            progress=_shown,
            command=shlex.join(["vexascope", *sys.argv[1:]]),
            now=datetime.now(UTC),
        )


def _shown(cells: Iterable[EvaluatedCell], total: int) -> Iterable[EvaluatedCell]:
    """Hand on the cells, with a bar on a terminal's standard error only."""
    console = Console(stderr=True)
    return track(
        cells, "Reading cells", total=total, console=console, disable=not console.is_terminal
    )


def _summary(evaluation: Evaluation, page: Path) -> str:
    facts = evaluation.facts
    lines = [f"{facts.bundle} on {facts.dataset}, split {facts.split}: {page}"]
    if facts.independence.alarming:
        lines.append(f"  {facts.independence.sentence}")
    for origin in evaluation.origins:
        refused = origin.cells - origin.read
        lines.append(f"  {origin.origin} cells: {origin.read} read, {refused} refused")
        lines += [f"    {label.title:<22} {_said(label)}" for label in origin.labels]
    return "\n".join(lines)


def _said(label: LabelResult) -> str:
    found = label.measures.get("roc_auc")
    if found is None:
        return f"not measurable: {label.reason}"
    interval = "" if found.low is None else f" ({area(found.low)} to {area(found.high)})"
    return f"ROC-AUC {area(found.value)}{interval}"
