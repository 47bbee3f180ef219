"""How many cells of each kind a data set holds, and who they come from."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from app.training.datasets.rows import LABEL_COLUMNS
from app.training.datasets.sample import Sample, Split

NOT_GIVEN = "not given"


@dataclass(frozen=True)
class Prevalence:
    """What is known of the cells of one group at one centre.

    Parameters
    ----------
    patients
        0 where the data name none.
    labels
        For each label, PMN first: cells that have it, and cells of which it is known.
    """

    group: str
    centre: str
    cells: int
    patients: int
    labels: tuple[tuple[int, int], ...]


def prevalences(samples: Iterable[Sample]) -> list[Prevalence]:
    """Count labels by group and centre, in alphabetic order."""
    by_origin: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        by_origin.setdefault((sample.group, sample.centre), []).append(sample)
    return [_prevalence(origin, found) for origin, found in sorted(by_origin.items())]


def total(samples: Iterable[Sample]) -> Prevalence:
    """Count labels over all cells."""
    return _prevalence(("all", ""), list(samples))


def _prevalence(origin: tuple[str, str], samples: list[Sample]) -> Prevalence:
    values = np.array([s.labels.array() for s in samples], np.float32)
    columns = values.reshape(-1, len(LABEL_COLUMNS)).T
    labels = tuple((int((column == 1).sum()), int((column >= 0).sum())) for column in columns)
    patients = len({s.patient for s in samples if s.patient})
    return Prevalence(*origin, len(samples), patients, labels)


def counts(samples: Iterable[Sample], of: Callable[[Sample], str]) -> dict[str, int]:
    """Count cells by one of their properties, the most frequent first."""
    return dict(Counter(of(sample) or NOT_GIVEN for sample in samples).most_common())


def split_sizes(samples: Iterable[Sample]) -> dict[str, tuple[int, int]]:
    """Return the cells and the patients of each split, in the order of `Split`."""
    found = list(samples)
    sizes = {}
    for split in (*Split, None):
        side = [s for s in found if s.split == split]
        if side:
            patients = len({s.patient for s in side if s.patient})
            sizes[split.value if split else NOT_GIVEN] = (len(side), patients)
    return sizes
