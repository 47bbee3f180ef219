"""A cohort as a CSV file: one line a patient, or one line a cell that is summed up."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from app.domain.errors import InvalidInput
from app.training.screening.cohort import LABELS, Cohort, Part

NEEDED = ("patient", "group", "pmn", *LABELS)
OPTIONAL = ("centre", "split", "origin")
SIMULATED = "simulated"
_PATIENTS = {"", "real"}
"""Origins that leave a cohort one of patients: drawn cells are no patient's findings."""

_PARTS = {"": Part.TRAIN, "train": Part.TRAIN, "val": Part.TRAIN, "test": Part.TEST}
_SHOWN_PROBLEMS = 8

Row = dict[str, str]


def read_cohort(path: Path) -> Cohort:
    """Read a cohort; docs/score.md describes the columns.

    A file in which every `pmn` is 0 or 1 holds one line for each cell, and is summed up.

    Raises
    ------
    InvalidInput
        With sentences that name the lines, and no patient.
    """
    rows = _rows(path)
    if not rows:
        raise InvalidInput(f"{path.name} holds no patient.")
    _refuse(path, _cell_problems(rows))
    if all(row["pmn"] in {"0", "1"} for _, row in rows):
        rows = _summed(path, rows)
    _refuse(path, _patient_problems(rows))
    return _cohort(row for _, row in rows)


def write_cohort(path: Path, cohort: Cohort) -> None:
    """Write one line a patient."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", "group", "centre", "split", "origin", "pmn", *LABELS])
        for i, patient in enumerate(cohort.patients):
            origin = SIMULATED if cohort.simulated else ""
            facts = (cohort.groups[i], cohort.centres[i], cohort.parts[i].value, origin)
            writer.writerow([patient, *facts, int(cohort.pmn[i]), *map(int, cohort.calls[i])])


def _rows(path: Path) -> list[tuple[int, Row]]:
    """Line number and values by column."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            start = file.readline()
            file.seek(0)
            # Spreadsheets of many countries separate by semicolons.
            separator = ";" if start.count(";") > start.count(",") else ","
            reader = csv.DictReader(file, strict=True, delimiter=separator, restval="")
            missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise InvalidInput(
                    f"{path.name} has no column {', '.join(missing)}. "
                    f"It needs {', '.join(NEEDED)}; {', '.join(OPTIONAL)} may be there."
                )
            known = NEEDED + OPTIONAL
            return [
                (reader.line_num, {name: (row.get(name) or "").strip() for name in known})
                for row in reader
            ]
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path.name} is not a CSV file in UTF-8: {error}.") from error


def _refuse(path: Path, problems: list[str]) -> None:
    if problems:
        rest = len(problems) - _SHOWN_PROBLEMS
        more = [f"... and {rest} more."] if rest > 0 else []
        raise InvalidInput("\n".join([f"{path.name}:", *problems[:_SHOWN_PROBLEMS], *more]))


def _cell_problems(rows: list[tuple[int, Row]]) -> list[str]:
    """What is wrong with single values."""
    problems = []
    for line, row in rows:
        problems += [f"line {line}: {name} is empty." for name in NEEDED[:2] if not row[name]]
        if row["split"] not in _PARTS:
            problems.append(f"line {line}: split is {row['split']!r}; write train, val or test.")
        problems += [
            f"line {line}: {name} is {row[name]!r}; write a whole number."
            for name in ("pmn", *LABELS)
            if not (row[name].isascii() and row[name].isdigit())
            and not (name != "pmn" and row["pmn"] == "0" and not row[name])
        ]
    splits = {bool(row["split"]) for _, row in rows}
    if len(splits) > 1:
        problems.append("split is empty on some lines; fill it on all or on none.")
    return problems


def _summed(path: Path, rows: list[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """One row for each patient, from one for each cell; cells that are no PMN do not count."""
    patients: dict[str, tuple[int, Row]] = {}
    problems = []
    for line, row in rows:
        facts = {name: row[name] for name in ("group", *OPTIONAL)}
        zero = {"patient": row["patient"], **facts, **dict.fromkeys(("pmn", *LABELS), "0")}
        first, total = patients.setdefault(row["patient"], (line, zero))
        if any(total[name] != value for name, value in facts.items()):
            problems.append(
                f"line {line}: group, centre, split or origin differ from line {first}, which "
                "is of the same patient."
            )
        if any(row[name] not in {"", "0", "1"} for name in LABELS):
            problems.append(f"line {line}: a cell is called 1 or 0.")
            continue
        if row["pmn"] == "1":
            for name in ("pmn", *LABELS):
                total[name] = str(int(total[name]) + int(row[name] or 0))
    _refuse(path, problems)
    return list(patients.values())


def _patient_problems(rows: list[tuple[int, Row]]) -> list[str]:
    seen: dict[str, int] = {}
    problems = []
    for line, row in rows:
        first = seen.setdefault(row["patient"], line)
        if first != line:
            problems.append(f"line {line}: the same patient as in line {first}. Add them up.")
        problems += [
            f"line {line}: {name} is {row[name]}, more than the {row['pmn']} PMN read."
            for name in LABELS
            if int(row[name] or 0) > int(row["pmn"])
        ]
    return problems


def _cohort(rows: Iterable[Row]) -> Cohort:
    rows = list(rows)
    return Cohort(
        patients=tuple(row["patient"] for row in rows),
        groups=tuple(row["group"] for row in rows),
        centres=tuple(row["centre"] for row in rows),
        parts=tuple(_PARTS[row["split"]] for row in rows),
        pmn=np.array([int(row["pmn"]) for row in rows], np.int64),
        calls=np.array([[int(row[name] or 0) for name in LABELS] for row in rows], np.int64),
        # One made-up patient is enough: the rule may not claim to rest on patients.
        simulated=any(row["origin"].strip().lower() not in _PATIENTS for row in rows),
    )
