"""How often a reader decides otherwise than the classifier: `docs/statistics.md` defines it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.abnormality import Abnormality
from app.domain.finding import Exclusion, ReadCell
from app.domain.review import Decision

Subject = Abnormality | None
"""What is decided on: an abnormality, or with None whether the cell is counted at all."""


class OverrideScope(StrEnum):
    """Whose decisions are held against the classifier's."""

    FIRST = "first"
    SECOND = "second"
    SIGNED = "signed"
    """What the signed report holds: the readings, and what was settled between them."""


@dataclass(frozen=True)
class OverrideCount:
    """Decisions on cells that a reader has looked at.

    Parameters
    ----------
    called, not_called
        Cells for which the classifier says yes, and no.
    removed
        Of those called: the reader says no.
    added
        Of those not called: the reader says yes.
    """

    called: int = 0
    not_called: int = 0
    removed: int = 0
    added: int = 0

    def __add__(self, other: "OverrideCount") -> "OverrideCount":
        """Both together."""
        return OverrideCount(
            self.called + other.called,
            self.not_called + other.not_called,
            self.removed + other.removed,
            self.added + other.added,
        )

    @property
    def seen(self) -> int:
        """Cells that the reader has looked at."""
        return self.called + self.not_called


def compare(cells: Iterable[tuple[ReadCell, Decision]]) -> Mapping[Subject, OverrideCount]:
    """Count decisions against the classifier's calls on the same cells.

    An abnormality is compared on cells that both count: one that is left out has no call. A cell
    that could not be classified is left aside, for there is nothing to override.

    Parameters
    ----------
    cells
        Each as the classifier reads it, beside what the reader holds it for.
    """
    found: dict[Subject, OverrideCount] = dict.fromkeys((None, *Abnormality), OverrideCount())
    for cell, decision in cells:
        if cell.exclusion is Exclusion.NOT_CLASSIFIED:
            continue
        counts, keeps = cell.exclusion is None, decision.exclusion is None
        found[None] += _one(says=counts, decides=keeps)
        if not (counts and keeps):
            continue
        for label in Abnormality:
            found[label] += _one(
                says=label in cell.abnormalities, decides=label in decision.abnormalities
            )
    return found


def _one(*, says: bool, decides: bool) -> OverrideCount:
    return OverrideCount(
        called=int(says),
        not_called=int(not says),
        removed=int(says and not decides),
        added=int(decides and not says),
    )
