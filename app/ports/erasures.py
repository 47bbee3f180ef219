"""Erasing: rows lose what leads to a person, images are removed after them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.case import Case
from app.domain.erasure import Erasure, RetentionRule


class ErasureRepository(Protocol):
    """Erased cases, and the proofs."""

    def hold_patient(self, patient_id: UUID) -> None:
        """Let nobody open a case of the patient until the transaction ends."""

    def erase_case(self, case_id: UUID, at: datetime) -> None:
        """Take out of all rows of a case what leads to a person."""

    def shared_pixels(self, case_ids: Collection[UUID]) -> frozenset[str]:
        """Images of the cases that another case has as well; to be asked before erasing."""

    def forget_patient(self, patient_id: UUID) -> None:
        """Take identifier and name away from a patient without cases."""

    def add(self, erasure: Erasure, pixels: Collection[str]) -> None:
        """Keep a proof, and the images that are to be removed."""

    def all(self, site_ids: Collection[UUID]) -> Sequence[Erasure]:
        """Every proof of the sites, newest first."""

    def get(self, erasure_id: UUID, site_ids: Collection[UUID]) -> Erasure:
        """One proof of the sites; raises `NotFound`."""

    def last_at(self) -> datetime | None:
        """When something was erased last."""

    def pending(self, erased_before: datetime, limit: int) -> Mapping[str, UUID]:
        """Images that are to be removed, with their erasure."""

    def are_listed(self, pixels: Collection[str]) -> bool:
        """Whether one of the images is to be removed, or was a short while ago."""

    def removed_before(self, moment: datetime, limit: int) -> set[str]:
        """Images that are on the list and were removed before."""

    def take_off(self, pixels: Collection[str]) -> None:
        """Take images off the list."""

    def needed(self, pixels: Collection[str]) -> set[str]:
        """Those that a case or a fixed set has."""

    def note_removed(self, pixels: Collection[str], at: datetime) -> None:
        """Images that are gone; the last one of an erasure completes its proof."""

    def overdue(
        self,
        rule: RetentionRule,
        now: datetime,
        limit: int,
        *,
        after: UUID | None = None,
        site_ids: Collection[UUID] | None = None,
    ) -> Sequence[Case]:
        """Cases whose time is over, oldest first; those after a case, and those of some sites."""
