"""A CSV file read line by line, with every problem named by its line."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from app.domain.errors import DatasetRefused
from app.training.datasets.rows import RowRefused

_SHOWN_PROBLEMS = 8

Parsed = TypeVar("Parsed")


def read_table(
    path: Path,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    parse: Callable[[int, dict[str, str]], Parsed],
) -> tuple[list[Parsed], list[str]]:
    """Parse each line of a CSV file in UTF-8, given its number and its values by column.

    Returns
    -------
    What `parse` made of the lines, and a sentence for each line on which it raised `RowRefused`.

    Raises
    ------
    DatasetRefused
        If the file or its columns are not as they should be.
    """
    parsed: list[Parsed] = []
    problems: list[str] = []
    for line, row in _rows(path, required, optional):
        try:
            parsed.append(parse(line, row))
        except RowRefused as error:
            problems.append(f"{path.name} line {line}: {error}")
    return parsed, problems


def refuse(folder: Path, problems: list[str]) -> None:
    """Raise `DatasetRefused` with the first problems, so that several can be corrected at once."""
    if not problems:
        return
    shown = "\n".join(problems[:_SHOWN_PROBLEMS])
    rest = len(problems) - _SHOWN_PROBLEMS
    more = f"\n... and {rest} more lines" if rest > 0 else ""
    raise DatasetRefused(f"{folder}\n{shown}{more}")


def _rows(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each line's number and its values by column."""
    if not path.is_file():
        raise DatasetRefused(f"{path} does not exist. It lists the cells, one line for each.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            _check_columns(path, list(reader.fieldnames or ()), required, optional)
            for row in reader:
                _check_width(path, reader.line_num, row)
                yield reader.line_num, {key: value.strip() for key, value in row.items()}
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetRefused(f"{path} is not a CSV file in UTF-8: {error}. Save it so.") from error


def _check_columns(
    path: Path, names: list[str], required: tuple[str, ...], optional: tuple[str, ...]
) -> None:
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise DatasetRefused(f"{path}: columns must be separated by commas. Save it as such.")
    unknown = [name for name in names if name not in required + optional]
    missing = [name for name in required if name not in names]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if unknown:
        known = ", ".join(required + optional)
        detail = f"unknown columns: {', '.join(unknown)}. Rename or remove them; known: {known}."
        raise DatasetRefused(f"{path} line 1: {detail}")
    if missing:
        detail = f"missing columns: {', '.join(missing)}. Add them, empty where nothing is known."
        raise DatasetRefused(f"{path} line 1: {detail}")
    if doubled:
        raise DatasetRefused(f"{path} line 1: {', '.join(doubled)} is there twice. Keep one.")


def _check_width(path: Path, line: int, row: dict[Any, Any]) -> None:
    if None in row or None in row.values():
        raise DatasetRefused(
            f"{path} line {line}: it has more or fewer values than there are columns. "
            "Put texts with commas into double quotes."
        )
