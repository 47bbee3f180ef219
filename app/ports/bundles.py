"""Which bundle runs, which one a case stands on, and what is installed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from app.domain.bundle_switch import BundlePart, BundleSwitch, CaseBundle, Reclassification
from app.ports.classifier import Bundle


@dataclass(frozen=True)
class InstalledBundle:
    """A folder that holds a bundle, or what should be one.

    Parameters
    ----------
    bundle
        None where it was refused.
    refusal
        Why it cannot run here; None where it can.
    card
        What it was trained and measured on, in Markdown; empty where it has none.
    """

    folder: Path
    bundle: Bundle | None
    refusal: str | None
    card: str


class BundleSwitchRepository(Protocol):
    """Who gave which bundle a part, and when."""

    def add(self, switch: BundleSwitch) -> None:
        """Append; it holds from now on."""

    def latest(self, part: BundlePart) -> BundleSwitch | None:
        """The switch that holds; None where nobody ever switched."""

    def all(self) -> Sequence[BundleSwitch]:
        """Every switch, the latest first."""

    def cells_read(self) -> Mapping[str, int]:
        """How many cells each bundle has read here, by digest."""


class CaseBundleRepository(Protocol):
    """The bundle that each case stands on."""

    def get(self, case_id: UUID) -> CaseBundle | None:
        """None while no bundle has begun with the case."""

    def of_cases(self, case_ids: Sequence[UUID]) -> Mapping[UUID, CaseBundle]:
        """Those of several cases that stand on one."""

    def put(self, case_id: UUID, standing: CaseBundle) -> None:
        """Let a case stand on a bundle; the case must be held by `CaseRepository.lock`."""

    def add_reclassification(self, made: Reclassification) -> None:
        """Append."""

    def reclassifications(self, case_id: UUID) -> Sequence[Reclassification]:
        """Of a case, oldest first."""
