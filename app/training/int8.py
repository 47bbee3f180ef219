"""The int8 variant of a bundle: made, measured, and kept only where it pays."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.bundle import manifest_digest, parse_manifest
from app.imaging.preprocess import preprocess
from app.training.config import TrainConfig
from app.training.datasets.sample import Sample, Split
from app.training.edited import single, write_edited
from app.training.loader import home
from app.training.manifest import MODEL_FILE, sha256
from app.training.quantise import (
    CALIBRATION_CELLS,
    METHOD,
    calibration_images,
    convolutions,
    spread,
    write_int8,
)
from app.training.scoring import as_served
from app.training.train import read_cells, training_set
from app.training.variants import Comparison, Group, compare

INT8, INT8_FILE = "int8", "model-int8.onnx"
MEASURED_CELLS = 160
"""At most, of each class and kind of images."""

FLOAT_SHARES = (0.0, 0.1, 0.2, 0.3)
"""Of the convolutions, the first ones: tried in this order until nothing speaks against it."""

_CALIBRATED_ON = (
    f"{CALIBRATION_CELLS} images of the training split: untouched, edited and recoloured cells"
)


def quantise_bundle(folder: Path, config: TrainConfig) -> Comparison:
    """Add an int8 variant to a bundle that has just been written, or say in it why there is none.

    The manifest gets a new digest. Calibrated on training cells, measured on validation cells,
    real and edited ones apart.

    Returns
    -------
    What was measured; without objections the variant is in the bundle.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    cells = read_cells(config)
    size_px, target = manifest["input"]["size_px"], folder / INT8_FILE
    images = calibration_images(training_set(config, cells), size_px)
    groups = validation_groups(config, cells, size_px)
    tried = _tries(folder / MODEL_FILE, target, images, groups, manifest["thresholds"])
    for comparison in tried:
        if not comparison.objections:
            break
    else:
        target.unlink()
    note_variant(folder, manifest, comparison)
    return comparison


def _tries(
    full: Path,
    target: Path,
    images: NDArray[np.uint8],
    groups: list[Group],
    thresholds: Mapping[str, float],
) -> Iterator[Comparison]:
    """Write and measure one variant after the other, each with more of the network in float."""
    count = convolutions(full)
    with TemporaryDirectory() as scratch:
        for first in sorted({round(share * count) for share in FLOAT_SHARES}):
            write_int8(full, target, images, first, Path(scratch) / "ranges.json")
            measured = compare(full, target, groups, thresholds)
            yield replace(measured, made=f"the first {first} of {count} convolutions in float")


def note_variant(folder: Path, manifest: Mapping[str, Any], comparison: Comparison) -> None:
    """Write what became of the variant into the manifest and the card."""
    content = {key: value for key, value in manifest.items() if key != "digest"}
    method = f"{METHOD}; {comparison.made}"
    figures = {**comparison.figures(), "method": method, "calibrated_on": _CALIBRATED_ON}
    if comparison.objections:
        refused = {"because": list(comparison.objections), **figures}
        content["refused_variants"] = {INT8: refused}
    else:
        content["variants"] = {INT8: {"file": INT8_FILE, **figures}}
        content["files"] = {**content["files"], INT8_FILE: sha256(folder / INT8_FILE)}
    digest = manifest_digest(content)
    parse_manifest(content | {"digest": digest})
    text = json.dumps(content | {"digest": digest}, indent=2, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    card = folder / "CARD.md"
    written = card.read_text(encoding="utf-8").replace(manifest["digest"], digest)
    card.write_text(written + "\n" + section(comparison), encoding="utf-8")


def section(comparison: Comparison) -> str:
    """What the card says of the variant."""
    head = "## int8 variant\n\n"
    if comparison.objections:
        said = "None is in the bundle. Of the last that was tried: "
        said += " ".join(comparison.objections)
    else:
        said = (
            f"`{INT8_FILE}` answers nearly as the network does; `VEXASCOPE_PRECISION=int8` runs "
            "it. Its results have a digest of their own."
        )
    rows = [
        f"| {name} | {full:.4f} | {variant:.4f} |"
        for name, (full, variant) in comparison.auc.items()
    ]
    measured = (
        f"On validation cells, beside the network: {comparison.speed_ratio:.2f} times as fast on "
        f"the CPU of the export; {comparison.changed} of {comparison.cells} cells called "
        f"otherwise at the thresholds; probabilities shifted by at most "
        f"{comparison.largest_shift:.3f}. {METHOD[0].upper()}{METHOD[1:]}; "
        f"{comparison.made}; calibrated on "
        f"{_CALIBRATED_ON}."
    )
    table = ["| ROC-AUC | network | int8 |", "|---|---|---|", *rows]
    return f"{head}{said}\n\n{measured}\n\n" + "\n".join(table) + "\n"


def validation_groups(
    config: TrainConfig, cells: list[Sample], size_px: int, limit: int = MEASURED_CELLS
) -> list[Group]:
    """Some validation cells of each kind, as the classifier receives them.

    Drawn ones come with their decoys, and of them only the label that was drawn is looked at.
    """
    held, centre = [s for s in cells if s.split is Split.VAL], home(cells)
    near = [s for s in held if s.centre == centre]
    away = [s for s in held if s.centre != centre]
    groups = [
        _group(kind, _thinned(samples, limit), size_px)
        for kind, samples in (("real", near), ("real, other laboratories", away))
        if samples
    ]
    for column, each in enumerate(Abnormality, start=1):
        for decoy in (False, True):
            drawn = spread(_edited(config, near, each, decoy=decoy), limit)
            if drawn:
                groups.append(_group("edited", drawn, size_px, only=column))
    return groups


def _edited(
    config: TrainConfig, cells: list[Sample], each: Abnormality, *, decoy: bool
) -> list[Sample]:
    """Those that the evaluation has drawn into the scratch folder."""
    kind = "decoy" if decoy else "lesion"
    folder = config.scratch_dir / f"edited-val-{kind}-{each.value}"
    return write_edited(cells, {kind: single(each, decoy=decoy)}, folder, config.seed)


def _thinned(samples: list[Sample], limit: int) -> list[Sample]:
    """All annotated abnormal cells, and of the other PMN and the other leukocytes some."""
    abnormal = [s for s in samples if 1 in s.labels.abnormalities]
    plain = [s for s in samples if 1 not in s.labels.abnormalities]
    pmn = [s for s in plain if s.labels.pmn == 1]
    others = [s for s in plain if s.labels.pmn != 1]
    return [each for kind in (abnormal, pmn, others) for each in spread(kind, limit)]


def _group(kind: str, samples: list[Sample], size_px: int, only: int | None = None) -> Group:
    images = np.stack([preprocess(as_served(s), size_px) for s in samples])
    labels = np.stack([s.labels.array() for s in samples]).astype(np.float64)
    if only is not None:
        labels[:, [column for column in range(labels.shape[1]) if column != only]] = np.nan
    return Group(kind, images, labels)
