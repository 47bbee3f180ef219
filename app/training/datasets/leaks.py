"""What must not lie on two sides of a split: patients, and images."""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import TypeVar

from app.domain.errors import DatasetRefused
from app.training.datasets.sample import Dataset, Sample, Split

_SHOWN = 10
Key = TypeVar("Key", bound=Hashable)
_REMEDY = "Divide the data set again: vexascope dataset split DIR -o OUT."


def refuse_leaks(dataset: Dataset) -> None:
    """Refuse a data set of which something lies on two sides of the split.

    Patients and files are compared. `vexascope dataset check` also compares the pixels.

    Raises
    ------
    DatasetRefused
        Naming the patients or files.
    """
    patients = leaking_patients(dataset.samples)
    if patients:
        found = f"patients in more than one split ({len(patients)}): {_some(patients)}. "
        raise DatasetRefused(f"{dataset.name}: {found}{_REMEDY}")
    files = [path.name for path in leaking_files(dataset.samples)]
    if files:
        found = f"images in more than one split ({len(files)}): {_some(files)}. "
        raise DatasetRefused(f"{dataset.name}: {found}{_REMEDY}")


def leaking_patients(samples: Iterable[Sample]) -> list[str]:
    """Return the patients with cells in more than one split."""
    return sorted(_in_two_splits((s.patient, s.split) for s in samples if s.patient))


def leaking_files(samples: Iterable[Sample]) -> list[Path]:
    """Return the images of more than one split, by name or by the bytes of the file."""
    samples = tuple(samples)
    sides = {s.path: s.split for s in samples if s.split and s.path.is_file()}
    by_name = _in_two_splits((s.path, s.split) for s in samples)
    # Only files of equal length can be equal: hardly any has to be read.
    sizes = [(path.stat().st_size, split) for path, split in sides.items()]
    suspected = _in_two_splits(sizes)
    found = [(path, split) for path, split in sides.items() if path.stat().st_size in suspected]
    digests = {path: hashlib.sha256(path.read_bytes()).digest() for path, _ in found}
    leaking = _in_two_splits((digests[path], split) for path, split in found)
    return sorted(by_name | {path for path, digest in digests.items() if digest in leaking})


def _in_two_splits(pairs: Iterable[tuple[Key, Split | None]]) -> set[Key]:
    """Return the keys that come with more than one split; no split is not a side."""
    sides: dict[Key, set[Split]] = defaultdict(set)
    for key, split in pairs:
        if split is not None:
            sides[key].add(split)
    return {key for key, found in sides.items() if len(found) > 1}


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
