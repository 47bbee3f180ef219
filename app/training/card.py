"""The model card: what the bundle learnt from, what was measured, and what is not known."""

import math
from pathlib import Path
from typing import Any, Protocol

from app.domain.abnormality import Abnormality
from app.training.evaluate import Evaluation, Figure

COMPARED = "Compared with"
"""How the name of a table begins that shows another network's figures."""

_HOME = "real, untouched"
_MARKS = (
    ("PMN or not, ROC-AUC", 0.98, 1.0),
    ("PMN called PMN", 0.95, 1.0),
    ("vacuoles on neutrophils, ROC-AUC", 0.95, 1.0),
    ("annotated vacuoles called", 0.8, 1.0),
    (f"healthy neutrophils called {Abnormality.NUCLEAR_SPIKE.value}", 0.0, 0.15),
    ("healthy neutrophils called", 0.0, 0.05),
    ("drawn against", 0.95, 1.0),
    ("drawn and called", 0.8, 1.0),
    ("decoys called", 0.0, 0.05),
    ("calibration error", 0.0, 0.05),
    ("neutrophils flagged as unfamiliar", 0.0, 0.02),
    ("against neutrophils, ROC-AUC", 0.99, 1.0),
)
"""What a measure holds in its name, and the least and largest value hoped for; the first counts."""
_HOME_MARK = ("PMN or not, ROC-AUC", 0.999, 1.0)
"""Where the training cells come from, more is hoped for."""


_ALWAYS_UNKNOWN = (
    "Cells are of the type that their data set says, and a data set's own description says who "
    "looked at them. Recoloured cells are computed; their stains are no laboratory's.",
    "Calibration and thresholds were chosen on the validation cells that the tables measure, those "
    "under a test split excepted.",
    "The abnormality probabilities are calibrated to validation images, many of them edited, not "
    "to how often an abnormality occurs in patients.",
)


class ParityFigures(Protocol):
    """What the export check measured."""

    @property
    def difference(self) -> float:
        """Largest difference between torch and onnxruntime, relative to the output's scale."""

    @property
    def images(self) -> int:
        """On how many images."""


def write_card(
    path: Path,
    manifest: dict[str, Any],
    evaluation: Evaluation,
    screening: dict[str, Any],
    counts: dict[str, int],
    parity: ParityFigures,
) -> None:
    """Write the card as Markdown."""
    parts = [
        _head(manifest),
        _training(manifest, counts),
        _basis(manifest),
        _tables(evaluation),
        "## What falls short\n\n" + "\n".join(f"- {s}" for s in shortfalls(evaluation)),
        "## What is not known\n\n" + "\n".join(f"- {s}" for s in unknowns(counts)),
        _screening(screening),
        _export(parity),
        _sources(manifest),
    ]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def shortfalls(evaluation: Evaluation) -> list[str]:
    """The figures that miss what was hoped for, in words; one sentence if none does."""
    said = []
    own = [f for f in evaluation.figures if not f.table.startswith(COMPARED)]
    for figure in own:
        where = f"{figure.measure}, {figure.images} ({figure.n}): {_number(figure.value)}"
        least, most = _wanted(figure)
        if figure.value < least:
            said.append(f"{where}, below {least}.")
        if figure.value > most:
            said.append(f"{where}, above {most}.")
    return said or ["No figure misses its mark; see what is not known."]


def _wanted(figure: Figure) -> tuple[float, float]:
    """Least and largest value that a figure should have."""
    marks = (_HOME_MARK, *_MARKS) if figure.images == _HOME else _MARKS
    for part, least, most in marks:
        if part in figure.measure:
            return least, most
    return 0.0, 1.0


def unknowns(counts: dict[str, int]) -> list[str]:
    """What the figures do not say, by what there was to learn from."""
    without = [each.value for each in Abnormality if not counts.get(each.value, 0)]
    said = []
    if not counts.get("vexas_patients", 0):
        said.append(
            "No VEXAS patient was in the data, and no other patient either who was named as such."
            if not counts.get("patients", 0)
            else "No group of the data is named VEXAS."
        )
    if without:
        said.append(
            f"{', '.join(without)}: no real example and no real label was there. How well the "
            "classifier finds real ones has not been measured. High figures on edited cells say "
            "that the edits were learnt, no more."
        )
    if not counts.get("patients", 0):
        said.append(
            "The data name no patients. Cells of one donor may lie on both sides of the split; "
            "intervals resample or count cells, not patients, and are too narrow."
        )
    return [*said, *_ALWAYS_UNKNOWN]


def _head(manifest: dict[str, Any]) -> str:
    size = manifest["input"]["size_px"]
    return (
        f"# {manifest['name']} {manifest['version']}\n\n"
        "**Research use only.** Not validated on patients; not a medical device.\n\n"
        f"{manifest['network']}. Input: one leukocyte cut tight, {size} x {size} px, RGB, by the "
        f"product's own preprocessing (version {manifest['input']['preprocessing']}). Output: "
        "whether the cell is a segmented or band neutrophil (PMN), and four abnormalities, each "
        f"judged by itself. Created {manifest['created']}; digest `{manifest['digest']}`."
    )


def _training(manifest: dict[str, Any], counts: dict[str, int]) -> str:
    real = [f"{counts[each.value]} {each.value}" for each in Abnormality if counts.get(each.value)]
    sources = ", ".join(source["name"] for source in manifest["training_data"])
    return (
        "## What it was trained on\n\n"
        f"- {counts['pmn']} real neutrophils and {counts['others']} other cells (training split) "
        f"of {counts.get('centres', 1)} centre(s): {sources};\n"
        f"- annotated on these neutrophils: {', '.join(real) or 'no abnormality'};\n"
        f"- {counts['edited']} edited images of the same neutrophils: abnormalities drawn on, and "
        "decoys (the same painting without the abnormality). Validation edits were drawn on "
        "validation cells only."
    )


def _basis(manifest: dict[str, Any]) -> str:
    lines = ["## Basis of each label", "", "| label | threshold | learnt from |", "|---|---|---|"]
    lines.append(
        f"| pmn | {manifest['thresholds']['pmn']} | Real images, by the cell type of the data. |"
    )
    lines += [
        f"| {name} | {manifest['thresholds'][name]} | {basis} |"
        for name, basis in manifest["label_basis"].items()
    ]
    return "\n".join(lines)


def _tables(evaluation: Evaluation) -> str:
    tables: dict[str, list[Figure]] = {}
    for figure in evaluation.figures:
        tables.setdefault(figure.table, []).append(figure)
    intro = (
        "## Figures on validation cells\n\n"
        "n is positives / negatives for an area under the curve, count of total for a share. "
        "Intervals are at 95 %: exact for shares, resampled for areas."
    )
    return "\n\n".join([intro, *(_table(name, rows) for name, rows in tables.items())])


def _table(name: str, rows: list[Figure]) -> str:
    lines = [f"### {name}", "", "| measure | images | n | value | 95 % |", "|---|---|---|---|---|"]
    lines += [
        f"| {f.measure} | {f.images} | {f.n} | {_number(f.value)} | "
        f"{_number(f.interval[0])} - {_number(f.interval[1])} |"
        for f in rows
    ]
    return "\n".join(lines)


def _screening(screening: dict[str, Any]) -> str:
    got = screening["performance"]
    assumptions = "\n".join(f"- {line}" for line in screening["cohort"]["assumptions"])
    return (
        f"## Screening rule `{screening['name']}`\n\n"
        f"{screening['cohort']['description']} {got['basis'].capitalize()} ({got['patients']}): "
        f"AUC {got['auc']}, sensitivity {got['sensitivity']} "
        f"({_span(got['sensitivity_interval_95'])}), specificity {got['specificity']} "
        f"({_span(got['specificity_interval_95'])}). These figures follow from assumptions and "
        f"must not be read as performance on patients:\n\n{assumptions}"
    )


def _export(parity: ParityFigures) -> str:
    return (
        "## Export\n\nONNX, fp32, one file; normalisation and calibration are inside. Largest "
        f"difference between training library and onnxruntime: {parity.difference:.1g} of the "
        f"output's scale, on {parity.images} real validation images."
    )


def _sources(manifest: dict[str, Any]) -> str:
    lines = [f"- {s['name']}: {s['licence']}" for s in manifest["training_data"]]
    return "## Sources and licences\n\n" + "\n".join(lines)


def _number(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.3f}"


def _span(interval: list[float]) -> str:
    return f"{interval[0]:.2f}-{interval[1]:.2f}"
