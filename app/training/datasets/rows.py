"""One line of `dataset.csv` or `readers.csv`: what its columns may hold."""

from pathlib import Path, PurePosixPath

from app.domain.abnormality import Abnormality
from app.domain.cell import Box
from app.training.datasets.sample import REAL, UNKNOWN, Labels, Reading, Sample, Split

LABEL_COLUMNS = ("pmn", *(each.value for each in Abnormality))
BOX_COLUMNS = ("left", "top", "right", "bottom")
REQUIRED_COLUMNS = ("path", *LABEL_COLUMNS, "patient", "group", "centre", "split")
OPTIONAL_COLUMNS = ("cell_type", "origin", *BOX_COLUMNS)
READER_COLUMNS = ("path", "reader", *LABEL_COLUMNS)

_LABEL_VALUES = {"": UNKNOWN, "0": 0.0, "1": 1.0}


class RowRefused(Exception):
    """A line cannot be accepted; the message says why and what to do."""


def parse_sample(row: dict[str, str], root: Path) -> Sample:
    """Make a sample of the values of one line.

    Raises
    ------
    RowRefused
        Naming the column.
    """
    return Sample(
        path=_image(row["path"], root),
        labels=_labels(row),
        origin=row.get("origin") or REAL,
        patient=row["patient"],
        group=row["group"],
        centre=row["centre"],
        split=_split(row["split"]),
        cell_type=row.get("cell_type", ""),
        box=_box(row),
    )


def parse_reading(row: dict[str, str], root: Path) -> Reading:
    """Make a reader's opinion of the values of one line.

    Raises
    ------
    RowRefused
        Naming the column.
    """
    if not row["reader"]:
        raise RowRefused("the reader is empty. Name who read the cell, for example A.")
    return Reading(_image(row["path"], root), row["reader"], _labels(row))


def _image(text: str, root: Path) -> Path:
    if not text:
        raise RowRefused("the path is empty. Name the image.")
    if "\\" in text:
        raise RowRefused(f"{text}: separate folders by / and not by \\.")
    inside = PurePosixPath(text)
    if inside.is_absolute() or ".." in inside.parts or text[1:2] == ":":
        raise RowRefused(f"{text}: the path must be relative to image_root, and lie below it.")
    path = root / inside
    if not path.is_file():
        raise RowRefused(f"{text} does not exist below {root}. Add the file or remove the line.")
    return path


def _labels(row: dict[str, str]) -> Labels:
    pmn, *abnormalities = (_label(name, row[name]) for name in LABEL_COLUMNS)
    given = [name for name in LABEL_COLUMNS[1:] if row[name]]
    if pmn == 0 and given:
        raise RowRefused(
            f"{', '.join(given)}: the abnormalities are of PMN, and pmn is 0. Leave them empty."
        )
    return Labels(pmn, tuple(abnormalities))


def _label(name: str, text: str) -> float:
    if text not in _LABEL_VALUES:
        raise RowRefused(f"{name} is {text!r}. Write 1, 0, or nothing where it is unknown.")
    return _LABEL_VALUES[text]


def _split(text: str) -> Split | None:
    if text and text not in set(Split):
        raise RowRefused(f"split is {text!r}. Write {', '.join(Split)}, or nothing.")
    return Split(text) if text else None


def _box(row: dict[str, str]) -> Box | None:
    texts = [row.get(name, "") for name in BOX_COLUMNS]
    if not any(texts):
        return None
    if not all(text.isdecimal() for text in texts):
        shown = ", ".join(texts)
        raise RowRefused(f"the box is {shown!r}. Write left, top, right, bottom as whole pixels.")
    box = Box(*(int(text) for text in texts))
    if box.width <= 0 or box.height <= 0:
        raise RowRefused("the box is empty: right must exceed left, and bottom must exceed top.")
    return box
