"""Everything about a data set that would spoil a training or make a figure wrong."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from app.domain.errors import DatasetRefused
from app.training.datasets.fingerprint import Fingerprint, fingerprint, likenesses
from app.training.datasets.leaks import leaking_files, leaking_patients
from app.training.datasets.sample import REAL, Sample

Print = Fingerprint | DatasetRefused
"""What an image gave: its fingerprint, or why it cannot be read."""


class Severity(StrEnum):
    """How bad a problem is."""

    ERROR = "error"
    """The data set must not be used as it is."""
    WARNING = "warning"
    """Somebody should look at it and decide."""


ERROR, WARNING = Severity


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a data set.

    Parameters
    ----------
    details
        The lines, images or patients that it is about.
    """

    severity: Severity
    sentence: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two images that seem to show one cell."""

    first: Sample
    second: Sample
    correlation: float
    is_copy: bool

    @property
    def crosses_splits(self) -> bool:
        """Whether they lie in different splits."""
        return bool(
            self.first.split and self.second.split and self.first.split != self.second.split
        )

    def __str__(self) -> str:
        """Name both, with their splits."""
        sides = (f"{s.path.name} ({s.split or 'no split'})" for s in (self.first, self.second))
        return f"{' and '.join(sides)}, likeness {self.correlation:.2f}"


def take_prints(samples: Sequence[Sample]) -> Iterator[Print]:
    """Read every image, on all cores, and yield its fingerprint in the order of the samples."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        yield from threads.map(_print, samples)


def _print(sample: Sample) -> Print:
    try:
        return fingerprint(sample)
    except DatasetRefused as error:
        return error


def find_pairs(samples: Sequence[Sample], prints: Sequence[Print]) -> list[Pair]:
    """Compare every image with every other, the most alike first."""
    readable = [(s, p) for s, p in zip(samples, prints, strict=True) if isinstance(p, Fingerprint)]
    pairs = list(_copies(readable))
    known = {(pair.first, pair.second) for pair in pairs}
    for found in likenesses([each for _, each in readable]):
        (first, one), (second, two) = readable[found.first], readable[found.second]
        same_image = one.digest == two.digest
        if (first, second) not in known and not same_image and first.path != second.path:
            pairs.append(Pair(first, second, found.correlation, is_copy=False))
    return sorted(pairs, key=lambda pair: -pair.correlation)


def _copies(readable: Iterable[tuple[Sample, Fingerprint]]) -> Iterator[Pair]:
    """Yield pairs of images with the same pixels; several cells of one image are none."""
    same: dict[str, list[Sample]] = defaultdict(list)
    for sample, found in readable:
        same[found.digest].append(sample)
    for samples in same.values():
        for first, second in combinations(samples, 2):
            pair = Pair(first, second, 1.0, is_copy=True)
            if first.path != second.path and (first.box == second.box or pair.crosses_splits):
                yield pair


def problems_of(
    samples: Sequence[Sample], prints: Sequence[Print], pairs: Sequence[Pair]
) -> list[Problem]:
    """Say what is wrong, the serious first."""
    found = [
        *_unreadable(prints),
        *_leaks(samples),
        *_pair_problems(pairs),
        *_contradictions(pairs),
        *_torn_patients(samples),
        *_gaps(samples),
    ]
    return sorted(found, key=lambda problem: problem.severity is WARNING)


def refused_lines(sentences: Sequence[str]) -> Iterator[Problem]:
    """Make a problem of the lines of `dataset.csv` that cannot be read."""
    if sentences:
        yield Problem(ERROR, f"Lines that cannot be read: {len(sentences)}", tuple(sentences))


def is_refused(problems: Iterable[Problem]) -> bool:
    """Tell whether the data set must not be used as it is."""
    return any(problem.severity is ERROR for problem in problems)


def _unreadable(prints: Iterable[Print]) -> Iterator[Problem]:
    refused = tuple(each.detail for each in prints if isinstance(each, DatasetRefused))
    if refused:
        yield Problem(ERROR, f"Images that cannot be read: {len(refused)}", refused)


def _leaks(samples: Sequence[Sample]) -> Iterator[Problem]:
    patients = tuple(leaking_patients(samples))
    if patients:
        yield Problem(ERROR, f"Patients in more than one split: {len(patients)}", patients)
    files = tuple(str(path) for path in leaking_files(samples))
    if files:
        yield Problem(ERROR, f"Image files in more than one split: {len(files)}", files)


def _pair_problems(pairs: Iterable[Pair]) -> Iterator[Problem]:
    kinds = {
        (True, True): "Pairs of images in different splits with the same pixels",
        (False, True): "Pairs of images in different splits that seem to show one cell",
        (True, False): "Pairs of images with the same pixels",
        (False, False): "Pairs of images that seem to show one cell",
    }
    by_kind: dict[tuple[bool, bool], list[str]] = defaultdict(list)
    for pair in pairs:
        by_kind[pair.is_copy, pair.crosses_splits].append(str(pair))
    for kind, sentence in kinds.items():
        if by_kind[kind]:
            details = tuple(by_kind[kind])
            yield Problem(
                ERROR if kind == (True, True) else WARNING, f"{sentence}: {len(details)}", details
            )


def _contradictions(pairs: Iterable[Pair]) -> Iterator[Problem]:
    details = tuple(str(p) for p in pairs if p.is_copy and _disagree(p))
    if details:
        yield Problem(ERROR, f"Pairs of copies with different labels: {len(details)}", details)


def _disagree(pair: Pair) -> bool:
    one, two = pair.first.labels.array(), pair.second.labels.array()
    return pair.first.box == pair.second.box and bool((abs(one - two) > 0).any())


def _torn_patients(samples: Iterable[Sample]) -> Iterator[Problem]:
    groups: dict[str, set[str]] = defaultdict(set)
    centres: dict[str, set[str]] = defaultdict(set)
    for sample in samples:
        if sample.patient:
            groups[sample.patient].add(sample.group)
            centres[sample.patient].add(sample.centre)
    for name, found, remedy in (
        ("group", groups, "give each patient one group"),
        ("centre", centres, "if they are different people, rename one"),
    ):
        torn = tuple(sorted(p for p, values in found.items() if len(values) > 1))
        if torn:
            sentence = f"Patients in more than one {name} ({remedy}): {len(torn)}"
            yield Problem(WARNING, sentence, torn)


def _gaps(samples: Sequence[Sample]) -> Iterator[Problem]:
    nobody = sum(not s.patient for s in samples)
    if nobody:
        yield Problem(
            WARNING,
            f"Cells without a patient: {nobody} of {len(samples)}. Whether cells of one patient "
            "lie in two splits cannot be checked, and intervals will count cells as independent",
        )
    unsplit = sum(s.split is None for s in samples)
    if unsplit:
        yield Problem(WARNING, f"Cells in no split: {unsplit} of {len(samples)}")
    drawn = sum(s.origin != REAL for s in samples)
    if drawn:
        yield Problem(WARNING, f"Cells that are drawn or edited: {drawn} of {len(samples)}")
