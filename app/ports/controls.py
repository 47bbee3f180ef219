"""Fixed sets of cells, and what bundles said of them."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from app.domain.control import ControlSet, RunKind, SetCell, SetReading, SetRun


class ControlRepository(Protocol):
    """Sets, their runs and readings."""

    def add_set(self, fixed: ControlSet, cells: Sequence[SetCell]) -> None:
        """Store a set for good; raises `Conflict` where the name is taken."""

    def put_set(self, fixed: ControlSet) -> None:
        """Store whether it is daily or retired; raises `NotFound`."""

    def get_set(self, set_id: UUID) -> ControlSet:
        """One set; raises `NotFound`."""

    def sets(self) -> Sequence[ControlSet]:
        """All that are not retired, by name."""

    def cells(self, set_id: UUID) -> Sequence[SetCell]:
        """The cells of a set, by ordinal."""

    def count_cells(self, set_id: UUID) -> int:
        """How many cells a set still has: an erasure takes those of its patient out of it."""

    def begin(self, run: SetRun) -> bool:
        """Store a run; False where the day's run of this set and bundle is there already."""

    def put_run(self, run: SetRun) -> None:
        """Store what became of a run; raises `NotFound`."""

    def run(self, run_id: UUID) -> SetRun:
        """One run; raises `NotFound`."""

    def runs(self, kind: RunKind, limit: int, set_id: UUID | None = None) -> Sequence[SetRun]:
        """Runs of a kind, the latest first."""

    def baseline(self, run: SetRun) -> SetRun | None:
        """The first finished control run of the same set, bundle and provider before this one."""

    def add_readings(self, run_id: UUID, readings: Sequence[SetReading]) -> None:
        """Append; what is there already stays as it is."""

    def readings(self, run_id: UUID) -> Mapping[str, Mapping[int, SetReading]]:
        """By digest and ordinal."""

    def count_readings(self, run_id: UUID) -> int:
        """How many there are."""
