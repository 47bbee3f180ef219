"""`vexascope predict` and `vexascope bundle check`."""

import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from app.bootstrap import intake_limits
from app.cli.format import Format
from app.domain.abnormality import Abnormality
from app.domain.bundle import FULL_PRECISION
from app.domain.errors import InvalidInput, RefusedFile
from app.domain.report import RESEARCH_USE_NOTICE
from app.inference.bundle import load_bundle
from app.inference.onnx_classifier import OnnxClassifier
from app.services.intake import IncomingFile
from app.services.prediction import Verdict, cannot_be_read, predict_files
from app.settings import Settings


def predict_paths(paths: list[Path], settings: Settings, output: Format) -> int:
    """Print one verdict a file; the exit status is 1 if any file was refused.

    Raises
    ------
    InvalidInput
        If a path does not exist, or a folder holds no file.
    """
    cv2.setNumThreads(1)
    files = list(_files(paths))
    classifier = OnnxClassifier(
        load_bundle(settings.bundle_dir, settings.precision), settings.provider, settings.threads
    )
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        verdicts = predict_files(_opened(files), intake_limits(settings), classifier, threads)
        return _print(map(_record, verdicts), output)


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        try:
            yield from _files_at(path)
        except OSError:
            # Opening it, when its turn comes, says why it cannot be read.
            yield path


def _files_at(path: Path) -> list[Path]:
    if not path.is_dir():
        if not path.exists():
            raise InvalidInput(f"There is no file or folder {path}.")
        return [path]
    # `rglob` passes over a folder that may not be read in silence; listing it does not.
    next(path.iterdir(), None)
    found = sorted(item for item in path.rglob("*") if item.is_file())
    if not found:
        raise InvalidInput(f"The folder {path} holds no file. Name one that holds images.")
    return found


def _opened(files: list[Path]) -> Iterator[IncomingFile | RefusedFile]:
    """Open each file when its turn comes; the bar stands on a terminal's standard error only."""
    console = Console(stderr=True)
    shown = track(files, "Classifying", console=console, disable=not console.is_terminal)
    for path in shown:
        try:
            yield IncomingFile(str(path), path.open("rb"))
        except OSError as error:
            yield cannot_be_read(str(path), error)


def _record(outcome: Verdict | RefusedFile) -> dict[str, Any]:
    if isinstance(outcome, RefusedFile):
        return {
            "file": outcome.file,
            "accepted": False,
            "reason": f"{outcome.reason}: {outcome.detail}",
            "pmn": None,
            "probabilities": None,
            "findings": None,
            "novelty": None,
            "unfamiliar": None,
            "quality": None,
        }
    quality = outcome.examined.quality
    return {
        "file": outcome.examined.file_name,
        "accepted": True,
        "reason": None,
        "pmn": outcome.prediction.pmn_probability,
        "probabilities": {
            label.value: outcome.prediction.probabilities[label] for label in Abnormality
        },
        "findings": [label.value for label in outcome.findings],
        "novelty": outcome.prediction.novelty,
        "unfamiliar": None if outcome.prediction.novelty is None else outcome.unfamiliar,
        "quality": {
            "acceptable": quality.acceptable,
            "flags": [flag.value for flag in quality.flags],
            "framing": outcome.examined.location.framing.value,
            "measures": quality.measures,
        },
    }


def _print(records: Iterable[dict[str, Any]], output: Format) -> int:
    refused = 0
    printer = {Format.TABLE: _print_table, Format.JSONL: _print_jsonl, Format.CSV: _print_csv}

    def counted() -> Iterator[dict[str, Any]]:
        nonlocal refused
        for record in records:
            refused += not record["accepted"]
            yield record

    printer[output](counted())
    return 1 if refused else 0


def _print_jsonl(records: Iterable[dict[str, Any]]) -> None:
    for record in records:
        print(json.dumps(record), flush=True)


def _row(record: dict[str, Any]) -> list[str]:
    if not record["accepted"]:
        nothing = [""] * (len(_HEADINGS) - 3)
        return [record["file"], "refused", record["reason"], *nothing]
    verdict = ",".join(record["quality"]["flags"]) or "good"
    numbers = [record["probabilities"][label.value] for label in Abnormality]
    novelty = "" if record["novelty"] is None else f"{record['novelty']:.4f}"
    return [
        record["file"],
        "accepted",
        verdict,
        f"{record['pmn']:.4f}",
        *[f"{number:.4f}" for number in numbers],
        ",".join(record["findings"]),
        novelty,
        "unfamiliar" if record["unfamiliar"] else "",
    ]


_HEADINGS = [
    "file",
    "status",
    "quality",
    "pmn",
    *[label.value for label in Abnormality],
    "findings",
    "novelty",
    "unfamiliar",
]


def _print_csv(records: Iterable[dict[str, Any]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(_HEADINGS)
    writer.writerows(_row(record) for record in records)


def _print_table(records: Iterable[dict[str, Any]]) -> None:
    table = Table(caption=RESEARCH_USE_NOTICE)
    for heading in _HEADINGS:
        number = heading in {"pmn", "novelty", *Abnormality}
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for record in records:
        # As text, not as rich's markup: names hold square brackets.
        table.add_row(*map(Text, _row(record)))
    # A pipe has no width of its own: eighty columns would fold every number.
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def describe_bundle(folder: Path, settings: Settings) -> str:
    """Check a bundle by running it, and say in words what it is."""
    files = load_bundle(folder, settings.precision)
    classifier = OnnxClassifier(files, settings.provider, settings.threads)
    manifest, rule = classifier.bundle.manifest, classifier.bundle.rule
    unfamiliar = manifest.novelty_threshold
    lines = [
        f"{manifest.title}: good",
        f"  digest      {manifest.digest}",
        f"  network     {manifest.network}, {manifest.size_px} x {manifest.size_px} px",
        f"  runs on     {classifier.provider}, {manifest.precision}",
        f"  precisions  {', '.join([FULL_PRECISION, *manifest.variants])}",
        f"  PMN from    {manifest.pmn_threshold:.3f}",
        *[
            f"  {label.value:<20} from {manifest.thresholds[label]:.3f}: "
            f"{manifest.label_basis[label]}"
            for label in Abnormality
        ],
        f"  unfamiliar  {'not measured' if unfamiliar is None else f'from {unfamiliar:.3f}'}",
        f"  score       {rule.name} ({rule.basis}), cut-off {rule.cut_off:.3f}, "
        f"at least {rule.minimum_cells} PMN",
        *[f"  trained on  {source}" for source in manifest.training_data],
    ]
    return "\n".join(lines)
