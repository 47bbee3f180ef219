"""Importer of the data set that De Almeida Braga et al. 2025 published (doi 10.1111/ijlh.14368).

The layout is known only from public code that reads it: `train.csv` and `test.csv` with `path`
(`./train/...jpg`), five 0/1 columns named by a letter, and `group`. What the letters mean, and
how a patient shows in a path, is inferred; so both are options, and `Publication` carries what is
needed to see by eye whether they fit.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from app.domain.abnormality import Abnormality
from app.domain.errors import DatasetRefused, InvalidInput
from app.training.datasets.sample import Dataset, Labels, Sample, Split

PUBLISHED_PATIENTS = 64
PUBLISHED_CELLS = 9514
MUTATED_GROUP = "VEXAS"
OTHER_GROUP = "not VEXAS"
NORMAL = "normal"

DEFAULT_LETTERS = "B=nuclear_spike,D=hypogranularity,N=normal,P=pseudo_pelger,V=vacuole"
DEFAULT_ORDER = "B,D,N,P,V"
# The folder below train/ or test/; without one, the file's name without its last part.
DEFAULT_PATIENT = r"^(?:train|test)/(?:([^/]+)/|(.+)[_-][^_/-]+\.[^./]+$|([^/]+)\.[^./]+$)"
DEFAULT_MUTATED = r"(?i)vexas"

_SPLIT_FILES = {Split.TRAIN: "train.csv", Split.TEST: "test.csv"}
_VALUES = {"0": 0.0, "0.0": 0.0, "False": 0.0, "1": 1.0, "1.0": 1.0, "True": 1.0}
# What pandas calls the index column when it is written along.
_INDEX_COLUMNS = {"", "Unnamed: 0", "index"}
_SHOWN = 5


@dataclass(frozen=True)
class Layout:
    """How to read the files.

    Parameters
    ----------
    meanings
        What each letter stands for; None stands for a normal cell.
    order
        The letters of the label columns from left to right; None where the columns are named by
        the letters, else the alphabetic order.
    patient
        Searched in the path without `./`; its first group that matched names the patient.
    mutated
        Found in what names the patient if UBA1 is mutated.
    group_column
        Empty: groups come from `mutated` alone.
    """

    meanings: dict[str, Abnormality | None]
    order: tuple[str, ...] | None
    patient: re.Pattern[str]
    mutated: re.Pattern[str]
    group_column: str = "group"


@dataclass(frozen=True)
class Publication:
    """The cells as they were understood, and what shows whether that is right.

    Parameters
    ----------
    columns
        Each label column and the letter that it was taken for.
    ignored
        Columns that were not read.
    normal_fits
        Cells that are "normal" exactly if they have none of the abnormalities; None without N.
    crossing
        Cells by the value of the group column and whether the pattern for mutated patients fits.
    """

    samples: tuple[Sample, ...]
    columns: dict[str, str]
    ignored: tuple[str, ...]
    normal_fits: int | None
    crossing: dict[tuple[str, bool], int]


def layout_of(
    letters: str = DEFAULT_LETTERS,
    order: str = "",
    patient: str = DEFAULT_PATIENT,
    mutated: str = DEFAULT_MUTATED,
    group_column: str = "group",
) -> Layout:
    """Make a layout of what was written on the command line.

    Raises
    ------
    InvalidInput
        Naming the option.
    """
    meanings = _meanings(letters)
    columns = tuple(part.strip() for part in order.split(",")) if order else None
    if columns is not None and sorted(columns) != sorted(meanings):
        raise InvalidInput(
            f"--columns {order!r} must name each letter of --letters once: {', '.join(meanings)}."
        )
    return Layout(
        meanings, columns, _pattern("patient", patient), _pattern("mutated", mutated), group_column
    )


def dataset_of(samples: tuple[Sample, ...], layout: Layout) -> Dataset:
    """Say what the data set is, and how it was understood."""
    meanings = ", ".join(
        f"{letter} {meaning.value if meaning else NORMAL}"
        for letter, meaning in layout.meanings.items()
    )
    return Dataset(
        name="vexas-mendeley",
        licence="as published",
        source="De Almeida Braga et al. 2025 (doi 10.1111/ijlh.14368)",
        description=(
            f"PMN of patients. Letters were read as: {meanings}. Patients were found in the paths "
            f"by {layout.patient.pattern}; those that fit {layout.mutated.pattern} are in the "
            f"group {MUTATED_GROUP}. These readings are inferred from public code, not documented."
        ),
        samples=samples,
    )


def _meanings(letters: str) -> dict[str, Abnormality | None]:
    known = {NORMAL: None, **{each.value: each for each in Abnormality}}
    pairs = [part.strip().split("=") for part in letters.split(",")]
    meanings = {pair[0].strip(): pair[-1].strip() for pair in pairs}
    complete = sorted(meanings.values()) in (sorted(known), sorted(set(known) - {NORMAL}))
    if not complete or any(len(pair) != 2 for pair in pairs) or len(pairs) != len(meanings):  # noqa: PLR2004
        raise InvalidInput(
            f"--letters {letters!r} must give each meaning once, as in {DEFAULT_LETTERS}."
        )
    return {letter: known[meaning] for letter, meaning in meanings.items()}


def _pattern(option: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise InvalidInput(f"--{option} {text!r} is not a regular expression: {error}.") from error


@dataclass(frozen=True)
class _Row:
    """A line of train.csv or test.csv."""

    where: str
    split: Split
    path: str
    values: dict[str, str]


def read_publication(root: Path, layout: Layout) -> Publication:
    """Read `train.csv` and, where there is one, `test.csv`.

    Raises
    ------
    DatasetRefused
        If a file, a column, an image or a patient is missing, or a label is not 0 or 1.
    """
    rows = [row for split, name in _SPLIT_FILES.items() for row in _rows(root / name, split)]
    if not rows:
        raise DatasetRefused(f"{root / 'train.csv'} names no cell.")
    columns, ignored = _columns(rows, layout)
    samples = tuple(_sample(row, root, layout, columns) for row in rows)
    _refuse_missing(samples, root)
    return Publication(
        samples,
        columns,
        ignored,
        _normal_fits(rows, samples, columns, layout),
        _crossing(rows, layout),
    )


def _rows(path: Path, split: Split) -> Iterator[_Row]:
    if not path.is_file():
        if split is Split.TEST:
            return
        raise DatasetRefused(f"{path} does not exist. Name the folder that holds train.csv.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if "path" not in (reader.fieldnames or ()):
            raise DatasetRefused(f"{path} has no column path, or no line with the columns' names.")
        for values in reader:
            where = f"{path} line {reader.line_num}"
            if None in values or None in values.values():
                raise DatasetRefused(f"{where} has more or fewer values than there are columns.")
            inside = PurePosixPath(values["path"].replace("\\", "/")).as_posix()
            yield _Row(where, split, inside, values)


def _columns(rows: list[_Row], layout: Layout) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the label columns with their letters, and the columns that say nothing."""
    names = [n for n in rows[0].values if n not in {"path", layout.group_column}]
    if layout.order is None and set(layout.meanings) <= set(names):
        chosen = {letter: letter for letter in layout.meanings}
        return chosen, tuple(n for n in names if n not in chosen and n not in _INDEX_COLUMNS)
    binary = [n for n in names if n not in _INDEX_COLUMNS and _is_binary(n, rows)]
    order = layout.order or tuple(sorted(layout.meanings))
    if len(binary) != len(order):
        raise DatasetRefused(
            f"{rows[0].where}: {len(order)} columns of 0 and 1 were expected for the letters "
            f"{', '.join(order)}, and there are {len(binary)}: {', '.join(binary) or 'none'}. "
            "Correct --letters and --columns."
        )
    ignored = tuple(n for n in names if n not in binary and n not in _INDEX_COLUMNS)
    return dict(zip(binary, order, strict=True)), ignored


def _is_binary(name: str, rows: Iterable[_Row]) -> bool:
    return all(row.values.get(name, "").strip() in _VALUES for row in rows)


def _sample(row: _Row, root: Path, layout: Layout, columns: dict[str, str]) -> Sample:
    by_letter = {letter: _value(row, column) for column, letter in columns.items()}
    found = {meaning: by_letter[letter] for letter, meaning in layout.meanings.items()}
    patient = _patient(row, layout)
    mutated = layout.mutated.search(patient) is not None
    group = row.values.get(layout.group_column, "").strip() or OTHER_GROUP
    return Sample(
        root / row.path,
        Labels(1.0, tuple(found[each] for each in Abnormality)),
        patient=patient,
        group=MUTATED_GROUP if mutated else group,
        split=row.split,
    )


def _value(row: _Row, column: str) -> float:
    text = row.values.get(column, "").strip()
    if text not in _VALUES:
        raise DatasetRefused(f"{row.where}: {column} is {text!r}, and neither 0 nor 1.")
    return _VALUES[text]


def _patient(row: _Row, layout: Layout) -> str:
    found = layout.patient.search(row.path)
    named = next((g for g in found.groups() if g), found.group()) if found else ""
    if not named:
        raise DatasetRefused(
            f"{row.where}: no patient was found in the path {row.path}. Give --patient a regular "
            r"expression with the identifier in brackets, as --patient '^train/([^_/]+)_'."
        )
    return named


def _refuse_missing(samples: Iterable[Sample], root: Path) -> None:
    missing = [str(s.path.relative_to(root)) for s in samples if not s.path.is_file()]
    if missing:
        more = " ..." if len(missing) > _SHOWN else ""
        raise DatasetRefused(
            f"Images that do not exist below {root} ({len(missing)}): "
            f"{', '.join(missing[:_SHOWN])}{more}. Complete the folder."
        )


def _normal_fits(
    rows: list[_Row], samples: Iterable[Sample], columns: dict[str, str], layout: Layout
) -> int | None:
    normal = [n for n, letter in columns.items() if layout.meanings[letter] is None]
    if not normal:
        return None
    return sum(
        (_value(row, normal[0]) == 1) != any(sample.labels.abnormalities)
        for row, sample in zip(rows, samples, strict=True)
    )


def _crossing(rows: Iterable[_Row], layout: Layout) -> dict[tuple[str, bool], int]:
    return dict(
        Counter(
            (
                row.values.get(layout.group_column, "").strip(),
                layout.mutated.search(_patient(row, layout)) is not None,
            )
            for row in rows
        )
    )


def at_centre(samples: Iterable[Sample], centre: str) -> tuple[Sample, ...]:
    """Name the centre of all samples."""
    return tuple(replace(sample, centre=centre) for sample in samples)
