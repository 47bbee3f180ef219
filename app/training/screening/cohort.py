"""A cohort: how many PMN of each patient were read, and how many were called."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.errors import InvalidInput

Array: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Counts: TypeAlias = NDArray[np.int64]

LABELS = tuple(label.value for label in Abnormality)


class Part(StrEnum):
    """What a patient is used for."""

    TRAIN = "train"
    TEST = "test"


@dataclass(frozen=True)
class Cohort:
    """One entry for each patient.

    Parameters
    ----------
    groups, centres
        Names; a centre may be empty.
    parts
        Patients of `Part.TEST` choose nothing: neither weights nor cut-off.
    pmn
        (n,) PMN read.
    calls
        (n, 4) of these, how many were called, in the order of `Abnormality`.
    simulated
        Whether the patients are made up.
    """

    patients: tuple[str, ...]
    groups: tuple[str, ...]
    centres: tuple[str, ...]
    parts: tuple[Part, ...]
    pmn: Counts
    calls: Counts
    simulated: bool

    def __len__(self) -> int:
        return len(self.patients)

    @property
    def apparent(self) -> Array:
        """(n, 4) share of the PMN read that were called, 0-1."""
        return np.asarray(self.calls / self.pmn[:, None], np.float64)

    @property
    def held_out(self) -> Flags:
        """(n,) patients of the test part."""
        return np.array([part is Part.TEST for part in self.parts], bool)

    def select(self, chosen: Flags) -> "Cohort":
        """The patients where `chosen` (n,) is true."""
        kept = [int(index) for index in np.flatnonzero(chosen)]

        def of(values: Sequence[str]) -> tuple[str, ...]:
            return tuple(values[i] for i in kept)

        return Cohort(
            patients=of(self.patients),
            groups=of(self.groups),
            centres=of(self.centres),
            parts=tuple(self.parts[i] for i in kept),
            pmn=self.pmn[kept],
            calls=self.calls[kept],
            simulated=self.simulated,
        )


def positive_groups(cohort: Cohort, named: Sequence[str]) -> tuple[str, ...]:
    """The groups that the rule shall find: those named, else the one that holds "vexas".

    Raises
    ------
    InvalidInput
        If a name is no group of the cohort, or no single group offers itself.
    """
    groups = sorted(set(cohort.groups))
    listed = "; ".join(groups)
    if unknown := [name for name in named if name not in groups]:
        raise InvalidInput(f"--positive-group {unknown[0]!r} is no group. There are: {listed}.")
    chosen = tuple(named) or tuple(name for name in groups if "vexas" in name.lower())
    if not named and len(chosen) != 1:
        found = "more than one group holds" if chosen else "no group holds"
        raise InvalidInput(
            f"{found.capitalize()} 'vexas' in its name. Name the group to be found by "
            f"--positive-group. There are: {listed}."
        )
    if len(chosen) == len(groups):
        raise InvalidInput(f"Every patient is in {listed}: controls are needed as well.")
    return chosen


def is_positive(cohort: Cohort, groups: Sequence[str]) -> Flags:
    """(n,) patients of these groups."""
    return np.array([group in groups for group in cohort.groups], bool)
