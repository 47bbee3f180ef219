"""Splits of a data set that keep a patient, or an image, on one side."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from app.domain.errors import DatasetRefused, InvalidInput
from app.training.datasets.sample import Sample, Split

_SHOWN = 10
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Shares:
    """What part of the patients each split receives; together 1."""

    train: float = 0.7
    val: float = 0.15
    test: float = 0.15

    def __post_init__(self) -> None:
        values = (self.train, self.val, self.test)
        if min(values) < 0 or abs(sum(values) - 1) > _SUM_TOLERANCE or self.train == 0:
            raise InvalidInput(
                f"The shares of train, val and test are {self.train}, {self.val} and {self.test}. "
                "They must not be negative, train must not be 0, and together they must be 1."
            )

    def without_test(self) -> "Shares":
        """Divide the share of test among the others."""
        rest = self.train + self.val
        return Shares(self.train / rest, self.val / rest, 0.0)


def divide(samples: Iterable[Sample], shares: Shares, seed: int) -> tuple[Sample, ...]:
    """Assign each patient to a split, each group in the same shares.

    Cells that name no patient are assigned image by image: then cells of one patient may lie on
    both sides, which only who made the data set can rule out.

    Parameters
    ----------
    seed
        The same seed gives the same split, whatever the order of the cells.
    """
    found = tuple(samples)
    sides = _sides(found, shares, seed)
    return tuple(replace(sample, split=sides[_unit(sample)]) for sample in found)


def keep_test(samples: Iterable[Sample], shares: Shares, seed: int) -> tuple[Sample, ...]:
    """Divide all but the test cells, which stay as they are.

    Raises
    ------
    DatasetRefused
        If no cell is in the test split, or a patient has cells within and outside of it.
    """
    found = tuple(samples)
    test = [s for s in found if s.split is Split.TEST]
    if not test:
        raise DatasetRefused("No cell is in the split test, so there is none to keep.")
    return _divide_rest(found, {_unit(s) for s in test}, "the split test", shares, seed)


def leave_out_centre(
    samples: Iterable[Sample], centre: str, shares: Shares, seed: int
) -> tuple[Sample, ...]:
    """Make all cells of one centre the test split, and divide the others among train and val.

    Raises
    ------
    DatasetRefused
        If the centre is unknown or the only one, or a patient has cells there and elsewhere.
    """
    found = tuple(samples)
    centres = centres_of(found)
    if centre not in centres:
        raise DatasetRefused(f"There is no centre {centre!r}; there are {', '.join(centres)}.")
    if len(centres) == 1 and all(s.centre for s in found):
        raise DatasetRefused(f"{centre} is the only centre, so nothing is left to train on.")
    held = [replace(s, split=Split.TEST if s.centre == centre else None) for s in found]
    units = {_unit(s) for s in held if s.split}
    return _divide_rest(tuple(held), units, f"the centre {centre}", shares, seed)


def centre_folds(
    samples: Iterable[Sample], shares: Shares, seed: int
) -> Iterator[tuple[str, tuple[Sample, ...]]]:
    """Yield each centre with the split that leaves it out.

    Raises
    ------
    DatasetRefused
        If there are fewer than two centres, or a patient has cells at two.
    """
    found = tuple(samples)
    centres = centres_of(found)
    if len(centres) < 2:  # noqa: PLR2004
        raise DatasetRefused(
            f"The cells name {len(centres)} centres; leaving one out needs two. "
            "Fill the column centre."
        )
    for centre in centres:
        yield centre, leave_out_centre(found, centre, shares, seed)


def centres_of(samples: Iterable[Sample]) -> list[str]:
    """Return the centres that are named, in alphabetic order."""
    return sorted({s.centre for s in samples if s.centre})


def folder_name(centre: str) -> str:
    """Make a centre's name fit for a folder: letters, digits and hyphens."""
    words = re.findall(r"\w+", centre)
    return "without-" + "-".join(words).lower()


def _divide_rest(
    samples: tuple[Sample, ...], held: set[str], name: str, shares: Shares, seed: int
) -> tuple[Sample, ...]:
    """Keep what is in the test split, and divide the rest."""
    rest = [s for s in samples if s.split is not Split.TEST]
    both = sorted(held & {_unit(s) for s in rest})
    if both:
        more = " ..." if len(both) > _SHOWN else ""
        raise DatasetRefused(
            f"Patients or images with cells both in {name} and outside of it ({len(both)}): "
            f"{', '.join(both[:_SHOWN])}{more}. That is a leak: correct the data set first."
        )
    sides = _sides(rest, shares.without_test(), seed)
    return tuple(s if s.split is Split.TEST else replace(s, split=sides[_unit(s)]) for s in samples)


def _unit(sample: Sample) -> str:
    """What must stay together: the patient, or where none is named the image."""
    return f"patient {sample.patient}" if sample.patient else sample.path.as_posix()


def _sides(samples: Iterable[Sample], shares: Shares, seed: int) -> dict[str, Split]:
    sides: dict[str, Split] = {}
    for number, (_, units) in enumerate(sorted(_strata(samples).items())):
        chance = np.random.default_rng([seed, number])
        shuffled = [units[i] for i in chance.permutation(len(units))]
        sizes = _sizes(len(units), shares)
        order = [split for split, size in zip(Split, sizes, strict=True) for _ in range(size)]
        sides.update(zip(shuffled, order, strict=True))
    return sides


def _strata(samples: Iterable[Sample]) -> dict[tuple[str, str], list[str]]:
    """Sort patients by group, and images without a patient by group and type of cell."""
    kinds: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for sample in samples:
        kinds[_unit(sample)][sample.group, "" if sample.patient else sample.cell_type] += 1
    strata: dict[tuple[str, str], list[str]] = defaultdict(list)
    for unit in sorted(kinds):
        strata[max(sorted(kinds[unit]), key=kinds[unit].__getitem__)].append(unit)
    return strata


def _sizes(count: int, shares: Shares) -> tuple[int, ...]:
    """Round shares to whole patients by the largest remainder; ties go to train, then val."""
    exact = [count * share for share in (shares.train, shares.val, shares.test)]
    sizes = [int(value + _SUM_TOLERANCE) for value in exact]
    remainders = [round(value - size, 6) for value, size in zip(exact, sizes, strict=True)]
    for index in sorted(range(3), key=lambda i: -remainders[i])[: count - sum(sizes)]:
        sizes[index] += 1
    return tuple(sizes)
