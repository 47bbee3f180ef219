"""The folder format of an annotated data set: `dataset.json`, `dataset.csv`, `readers.csv`.

`docs/datasets.md` describes it for those who write one.
"""

import csv
import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from app.domain.abnormality import Abnormality
from app.domain.errors import DatasetRefused
from app.training.datasets.rows import (
    BOX_COLUMNS,
    LABEL_COLUMNS,
    OPTIONAL_COLUMNS,
    READER_COLUMNS,
    REQUIRED_COLUMNS,
    RowRefused,
    parse_reading,
    parse_sample,
)
from app.training.datasets.sample import (
    REAL,
    UNKNOWN,
    Dataset,
    Labels,
    Reading,
    Sample,
    Split,
    read_crop,
    read_rgb,
)
from app.training.datasets.table import read_table, refuse

__all__ = [
    "DATASET_CSV",
    "DATASET_JSON",
    "READERS_CSV",
    "REAL",
    "UNKNOWN",
    "Dataset",
    "Labels",
    "Reading",
    "Sample",
    "Split",
    "image_root_of",
    "read_crop",
    "read_dataset",
    "read_rgb",
    "survey_dataset",
    "write_dataset",
]

DATASET_JSON = "dataset.json"
DATASET_CSV = "dataset.csv"
READERS_CSV = "readers.csv"
FORMAT = 1

_TEXT_KEYS = ("name", "licence", "source", "description", "image_root")


def read_dataset(folder: Path) -> Dataset:
    """Read a data set and check every line of it.

    Raises
    ------
    DatasetRefused
        Naming the file, the lines and what to do.
    """
    dataset, problems = survey_dataset(folder)
    refuse(folder, problems)
    if not dataset.samples:
        raise DatasetRefused(f"{folder / DATASET_CSV} names no cell. Add a line for each cell.")
    return dataset


def survey_dataset(folder: Path) -> tuple[Dataset, list[str]]:
    """Read what can be read of a data set, with a sentence for each line that cannot.

    Raises
    ------
    DatasetRefused
        If a whole file cannot be read.
    """
    about = _read_json(folder)
    root = _image_root(folder, about)
    samples, problems = _read_samples(folder / DATASET_CSV, root)
    readings, more = _read_readings(folder / READERS_CSV, root, {s.path for s in samples})
    texts = {key: about.get(key, "") for key in ("name", "licence", "source", "description")}
    return Dataset(**texts, samples=tuple(samples), readings=tuple(readings)), problems + more


def image_root_of(folder: Path) -> Path:
    """Return the folder that a data set's paths are relative to.

    Raises
    ------
    DatasetRefused
        If `dataset.json` cannot be read or the folder does not exist.
    """
    return _image_root(folder, _read_json(folder))


def write_dataset(folder: Path, dataset: Dataset, image_root: Path) -> None:
    """Write the CSV and JSON files of a data set; the images stay where they are.

    Parameters
    ----------
    image_root
        A folder that holds all images; written relative to `folder` if it lies in it.

    Raises
    ------
    DatasetRefused
        If an image lies outside of `image_root`.
    """
    root = _plain(image_root)
    rows = [_sample_row(sample, root) for sample in dataset.samples]
    readings = [_reading_row(reading, root) for reading in dataset.readings]
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(folder / DATASET_CSV, (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS), rows)
    if readings:
        _write_csv(folder / READERS_CSV, READER_COLUMNS, readings)
    home = _plain(folder)
    where = root.relative_to(home) if root.is_relative_to(home) else root
    about = {
        "format": FORMAT,
        "name": dataset.name,
        "licence": dataset.licence,
        "source": dataset.source,
        "description": dataset.description,
        "image_root": where.as_posix(),
    }
    text = json.dumps(about, indent=2, ensure_ascii=False)
    (folder / DATASET_JSON).write_text(text + "\n", encoding="utf-8")


def _read_json(folder: Path) -> dict[str, Any]:
    path = folder / DATASET_JSON
    if not path.is_file():
        raise DatasetRefused(
            f"{path} does not exist. Name the folder that holds {DATASET_JSON} and {DATASET_CSV}; "
            "`vexascope dataset import` writes one."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise DatasetRefused(f"{path} is not JSON in UTF-8: {error}. Correct it.") from error
    _check_json(path, content)
    return dict(content)


def _check_json(path: Path, content: Any) -> None:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DatasetRefused(f'{path} must be an object with "format": {FORMAT}.')
    unknown = sorted(set(content) - {"format", *_TEXT_KEYS})
    if unknown:
        raise DatasetRefused(
            f"{path} has keys that the format does not know: {', '.join(unknown)}. "
            f"It knows format, {', '.join(_TEXT_KEYS)}."
        )
    wrong = [key for key in _TEXT_KEYS if not isinstance(content.get(key, ""), str)]
    if wrong or not content.get("name"):
        raise DatasetRefused(f'{path}: {", ".join(wrong) or "name"} must be a text, as "name".')


def _image_root(folder: Path, about: dict[str, Any]) -> Path:
    root = _plain(folder / about.get("image_root", "."))
    if not root.is_dir():
        raise DatasetRefused(
            f"{folder / DATASET_JSON}: the folder of the images, {root}, does not exist. "
            "Correct image_root."
        )
    return root


def _read_samples(path: Path, root: Path) -> tuple[list[Sample], list[str]]:
    seen: dict[tuple[Path, object], int] = {}

    def parse(line: int, row: dict[str, str]) -> Sample:
        sample = parse_sample(row, root)
        first = seen.setdefault((sample.path, sample.box), line)
        if first != line:
            raise RowRefused(f"{row['path']} is on line {first} already. Keep one line.")
        return sample

    return read_table(path, REQUIRED_COLUMNS, OPTIONAL_COLUMNS, parse)


def _read_readings(path: Path, root: Path, known: set[Path]) -> tuple[list[Reading], list[str]]:
    def parse(_line: int, row: dict[str, str]) -> Reading:
        reading = parse_reading(row, root)
        if reading.path not in known:
            raise RowRefused(f"{row['path']} is not in {DATASET_CSV}. Add it there first.")
        return reading

    return read_table(path, READER_COLUMNS, (), parse) if path.exists() else ([], [])


def _sample_row(sample: Sample, root: Path) -> dict[str, str]:
    box = sample.box
    edges = [box.left, box.top, box.right, box.bottom] if box else [""] * len(BOX_COLUMNS)
    return {
        "path": _relative(sample.path, root),
        **_label_texts(sample.labels),
        "patient": sample.patient,
        "group": sample.group,
        "centre": sample.centre,
        "split": sample.split or "",
        "cell_type": sample.cell_type,
        "origin": sample.origin,
        **{name: str(edge) for name, edge in zip(BOX_COLUMNS, edges, strict=True)},
    }


def _reading_row(reading: Reading, root: Path) -> dict[str, str]:
    path = _relative(reading.path, root)
    return {"path": path, "reader": reading.reader, **_label_texts(reading.labels)}


def _label_texts(labels: Labels) -> dict[str, str]:
    values = (labels.pmn, *(labels.of(each) for each in Abnormality))
    texts = ["" if math.isnan(value) else str(int(value)) for value in values]
    return dict(zip(LABEL_COLUMNS, texts, strict=True))


def _relative(path: Path, root: Path) -> str:
    found = _plain(path)
    if not found.is_relative_to(root):
        raise DatasetRefused(f"{path} lies outside of {root}. Name a folder that holds all images.")
    return found.relative_to(root).as_posix()


def _plain(path: Path) -> Path:
    """Make a path absolute and drop `..`; links stay, for images may be links to elsewhere."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def _write_csv(path: Path, columns: Iterable[str], rows: Iterable[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(rows)
